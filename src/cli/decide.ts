import type { Command } from 'commander';
import { createOperator } from './operator.ts';
import { intentReply, readReply, receiptReply } from './reply.ts';
import { type AskingOptions, addAsking, printable, type Shell, say, sayJson } from './shell.ts';

interface DecideOptions extends AskingOptions {
  readonly reason?: string;
}

/** `approve`, `cancel` and `retry`. */
export function addDecisions(program: Command, shell: Shell): void {
  addDecision('approve', 'release an intent that is held; never one that you asked for');
  addDecision('cancel', 'cancel an intent that is held, scheduled or not begun');
  addAsking(program, 'retry', 'ask again for what failed, was canceled or was simulated')
    .argument('<id>', 'of the intent')
    .action(async (id: string, options: AskingOptions) => {
      const operator = createOperator(shell, options);
      const answer = await operator.post(pathOf(id, 'retry'), {});
      if (options.json) return sayJson(shell, answer);
      const { status, intents } = readReply(receiptReply, answer);
      // The new intent is asked for by whoever retries, so that a resign is held once more.
      for (const one of intents) {
        const intent = readReply(intentReply, await operator.get(pathOf(one)));
        const facts = [one, intent.status, ...(intent.failure ? [intent.failure.code] : [])];
        say(shell.stdout, printable(`${status}: ${facts.join('  ')}`));
      }
    });

  function addDecision(verb: string, description: string): void {
    addAsking(program, verb, description)
      .argument('<id>', 'of the intent')
      .option('--reason <text>', 'why; it is kept with the decision')
      .action(async (id: string, { reason, ...options }: DecideOptions) => {
        const answer = await createOperator(shell, options).post(pathOf(id, verb), reason ? { reason } : {});
        if (options.json) return sayJson(shell, answer);
        const intent = readReply(intentReply, answer);
        say(shell.stdout, printable(`${intent.id} ${intent.status}`));
      });
  }
}

function pathOf(id: string, verb?: string): string {
  return ['/intents', encodeURIComponent(id), ...(verb ? [verb] : [])].join('/');
}

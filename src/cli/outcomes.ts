import type { Command } from 'commander';
import type { Outcome } from '../core/outcome.ts';
import { createOperator, type Operator, readPages } from './operator.ts';
import { outcomeLine, outcomesReply } from './reply.ts';
import { type AskingOptions, addAsking, CommandFailure, exitCodes, type Shell, say } from './shell.ts';

interface OutcomesOptions extends AskingOptions {
  readonly after: string;
  readonly limit?: string;
  readonly follow?: boolean;
}

export function addOutcomes(program: Command, shell: Shell): void {
  addAsking(program, 'outcomes', 'print outcomes in order; with --json one CloudEvent on a line')
    .option('--after <position>', 'those past this position', '0')
    .option('--limit <count>', 'no more than that many')
    .option('--follow', 'go on with what comes, until it is stopped')
    .action(async (options: OutcomesOptions) => {
      const [after, limit] = [options.after, options.limit ?? 'Infinity'].map(Number);
      if (!(Number.isSafeInteger(after) && Number(after) >= 0 && Number(limit) >= 1))
        throw new CommandFailure(exitCodes.misused, '--after and --limit are whole numbers');
      const operator = createOperator(shell, options);
      const trail = options.follow ? operator.follow(Number(after)) : readTrail(operator, Number(after));
      let count = 0;
      for await (const outcome of trail) {
        say(shell.stdout, options.json ? JSON.stringify(outcome) : outcomeLine(outcome));
        count += 1;
        if (count >= Number(limit)) break;
      }
    });
}

/** What there is at the moment. */
async function* readTrail(operator: Operator, after: number): AsyncGenerator<Outcome> {
  const paging = { schema: outcomesReply, query: { after: String(after) }, place: 'after' } as const;
  for await (const { outcomes } of readPages(operator, '/outcomes', paging)) yield* outcomes;
}

import type { Command } from 'commander';
import { z } from 'zod';
import { createOperator } from './operator.ts';
import { readReply } from './reply.ts';
import { type AskingOptions, addAsking, type Shell, say, sayJson, table } from './shell.ts';

export const pausesReply = z.object({
  pauses: z.array(
    z.object({ scope: z.string(), by: z.string(), at: z.string(), reason: z.string().nullable() }),
  ),
});

interface PauseOptions extends AskingOptions {
  readonly reason?: string;
}

/** `pause` and `resume`. */
export function addPauses(program: Command, shell: Shell): void {
  addTurn('pause', 'stop acting on a scope; taking in goes on');
  addTurn('resume', 'act on a scope again');

  function addTurn(verb: string, description: string): void {
    addAsking(program, verb, description)
      .argument('<scope>', 'all, resign, kick, or the id of a source')
      .option('--reason <text>', 'why; it is kept with the pause')
      .action(async (scope: string, { reason, ...options }: PauseOptions) => {
        const body = { scope, ...(reason ? { reason } : {}) };
        const answer = await createOperator(shell, options).post(`/${verb}`, body);
        if (options.json) return sayJson(shell, answer);
        say(shell.stdout, ...pauseLines(readReply(pausesReply, answer)));
      });
  }
}

export function pauseLines({ pauses }: z.output<typeof pausesReply>): string[] {
  if (pauses.length === 0) return ['nothing is paused'];
  return table(pauses.map(({ scope, by, at, reason }) => ['paused', scope, `by ${by}`, at, reason ?? '']));
}

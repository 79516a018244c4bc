import type { Command } from 'commander';
import { z } from 'zod';
import { createOperator } from './operator.ts';
import { pauseLines, pausesReply } from './pause.ts';
import { readReply } from './reply.ts';
import { type AskingOptions, addAsking, type Shell, say, sayJson, table } from './shell.ts';

const statusReply = pausesReply.extend({
  status: z.string(),
  degraded: z.array(z.object({ code: z.string(), message: z.string() })),
  figures: z.object({
    due: z.int(),
    scheduled: z.int(),
    held: z.int(),
    deadLetters: z.int(),
    oldestDueAt: z.string().nullable(),
    headPosition: z.int(),
    publishers: z.array(z.object({ name: z.string(), lag: z.int() })),
  }),
});

export function addStatus(program: Command, shell: Shell): void {
  addAsking(program, 'status', 'what is degraded and why, how much waits, what is paused').action(
    async (options: AskingOptions) => {
      const answer = await createOperator(shell, options).get('/status');
      if (options.json) return sayJson(shell, answer);
      const reply = readReply(statusReply, answer);
      const { due, scheduled, held, deadLetters, oldestDueAt, headPosition, publishers } = reply.figures;
      say(
        shell.stdout,
        ...table([
          ['status', reply.status],
          ...reply.degraded.map(({ code, message }) => [code, message]),
          ['due', oldestDueAt === null ? String(due) : `${due}, the oldest since ${oldestDueAt}`],
          ['scheduled', String(scheduled)],
          ['held', String(held)],
          ['dead letters', String(deadLetters)],
          ['outcomes', String(headPosition)],
          ...publishers.map(({ name, lag }) => [
            `publisher ${name}`,
            lag === 0 ? 'up to date' : `${lag} behind`,
          ]),
        ]),
        ...pauseLines(reply),
      );
    },
  );
}

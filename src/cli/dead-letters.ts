import type { Command } from 'commander';
import { z } from 'zod';
import { createOperator } from './operator.ts';
import { readReply } from './reply.ts';
import { type AskingOptions, addAsking, printable, type Shell, say, sayJson, table } from './shell.ts';

const listReply = z.object({
  deadLetters: z.array(
    z.object({
      id: z.string(),
      source: z.string(),
      receivedAt: z.string(),
      tries: z.int(),
      faults: z.array(z.string()),
    }),
  ),
  next: z.string().nullable(),
});
const replayReply = z.object({
  status: z.string(),
  intents: z.array(z.string()).default([]),
  faults: z.array(z.string()).default([]),
});

interface ListOptions extends AskingOptions {
  readonly limit?: string;
  readonly cursor?: string;
}

/** `dead-letters` and `replay`. */
export function addDeadLetters(program: Command, shell: Shell): void {
  addAsking(program, 'dead-letters', 'list what could not be read, newest first')
    .option('--limit <count>', 'how many; 100 unless told')
    .option('--cursor <cursor>', 'goes on after a page')
    .action(async ({ limit, cursor, ...options }: ListOptions) => {
      const answer = await createOperator(shell, options).get('/dead-letters', { limit, cursor });
      if (options.json) return sayJson(shell, answer);
      const { deadLetters, next } = readReply(listReply, answer);
      const rows = deadLetters.map(({ id, source, receivedAt, tries, faults }) => [
        id,
        source,
        receivedAt,
        `${tries} tries`,
        faults.join('; '),
      ]);
      say(shell.stdout, ...table(rows));
      if (next !== null) say(shell.stderr, `more with --cursor ${printable(next)}`);
    });

  addAsking(program, 'replay', 'read a dead letter again')
    .argument('<id>', 'of the dead letter')
    .action(async (id: string, options: AskingOptions) => {
      const path = `/dead-letters/${encodeURIComponent(id)}/replay`;
      const answer = await createOperator(shell, options).post(path, {});
      if (options.json) return sayJson(shell, answer);
      const { status, intents, faults } = readReply(replayReply, answer);
      say(shell.stdout, printable([`${status}:`, ...intents, faults.join('; ')].join(' ').trim()));
    });
}

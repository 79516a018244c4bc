import { type Command, InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { createOperator } from './operator.ts';
import { heldReply, heldSetReply, readReply } from './reply.ts';
import { type AskingOptions, addAsking, printable, type Shell, say, sayJson, table } from './shell.ts';

interface ListOptions extends AskingOptions {
  readonly limit?: string;
  readonly cursor?: string;
}

interface DecideOptions extends AskingOptions {
  readonly reason?: string;
  readonly count?: number;
}

/** `held`, `held release` and `held cancel`. */
export function addHeld(program: Command, shell: Shell): void {
  const held = addAsking(
    program,
    'held',
    'list what was held together and waits for a decision, newest first',
  )
    // What comes after `release` or `cancel` is theirs.
    .enablePositionalOptions()
    .option('--limit <count>', 'how many; 100 unless told')
    .option('--cursor <cursor>', 'goes on after a page')
    .action(async ({ limit, cursor, ...options }: ListOptions) => {
      const answer = await createOperator(shell, options).get('/held', { limit, cursor });
      if (options.json) return sayJson(shell, answer);
      const { held: sets, next } = readReply(heldReply, answer);
      say(shell.stdout, ...table(sets.map(setRow)));
      if (next !== null) say(shell.stderr, `more with --cursor ${printable(next)}`);
    });
  addDecision('release', 'let a whole set go on; never one that you asked for');
  addDecision('cancel', 'cancel a whole set');

  function addDecision(verb: string, description: string): void {
    addAsking(held, verb, description)
      .argument('<id>', 'of the set')
      .option('--reason <text>', 'why; it is kept with the decision')
      .option(
        '--count <number>',
        'how many were waiting when you looked; refused when there are others now',
        readCount,
      )
      .action(async (id: string, { reason, count, ...options }: DecideOptions) => {
        const body = { ...(reason && { reason }), ...(count !== undefined && { count }) };
        const path = `/held/${encodeURIComponent(id)}/${verb}`;
        const answer = await createOperator(shell, options).post(path, body);
        if (options.json) return sayJson(shell, answer);
        const set = readReply(heldSetReply, answer);
        say(shell.stdout, printable(`${set.id}: ${verb} of ${set.size}, ${set.waiting} still wait`));
      });
  }
}

/** A number that cannot be read must not become none, which would let any set pass. */
function readCount(given: string): number {
  if (/^\d{1,9}$/.test(given)) return Number(given);
  throw new InvalidArgumentError('Write a whole number.');
}

function setRow({ id, source, action, code, waiting, since, day, actor }: z.output<typeof heldSetReply>) {
  const about = [day === null ? '' : `on ${day}`, actor === null ? '' : `asked by ${actor}`];
  return [id, action, `${waiting} wait`, source, code, `since ${since}`, about.filter(Boolean).join(', ')];
}

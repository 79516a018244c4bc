import type { Command } from 'commander';
import { createOperator, type Operator, readPages } from './operator.ts';
import { type IntentReply, intentsReply } from './reply.ts';
import {
  type AskingOptions,
  addAsking,
  CommandFailure,
  exitCodes,
  type Shell,
  say,
  sayJson,
  table,
} from './shell.ts';

interface UpcomingOptions extends AskingOptions {
  readonly source?: string;
  readonly until?: string;
}

/** `upcoming`: who leaves when, and what of it is held. Days are those of UTC, as in the sets of what is held. */
export function addUpcoming(program: Command, shell: Shell): void {
  addAsking(program, 'upcoming', 'list scheduled leavers by date, and those whose date is held already')
    .option('--until <date>', 'the last day, such as 2026-12-31')
    .option('--source <id>', 'what came from there')
    .action(async ({ source, until, ...options }: UpcomingOptions) => {
      if (until !== undefined && !/^\d{4}-\d\d-\d\d$/.test(until))
        throw new CommandFailure(exitCodes.misused, '--until is a day such as 2026-12-31');
      const leavers = (await listAll(createOperator(shell, options), source))
        .filter((one) => dateOf(one) !== '' && (until === undefined || dateOf(one).slice(0, 10) <= until))
        .sort((a, b) => (dateOf(a) < dateOf(b) ? -1 : 1));
      if (options.json) return sayJson(shell, { intents: leavers });
      for (const [day, those] of Map.groupBy(leavers, (one) => dateOf(one).slice(0, 10))) {
        const held = those.filter(({ status }) => status === 'held').length;
        say(shell.stdout, `${day}: ${those.length - held} scheduled, ${held} held`);
        say(shell.stdout, ...table(those.map(leaverRow)));
      }
    });
}

async function listAll(operator: Operator, source: string | undefined): Promise<IntentReply[]> {
  const found: IntentReply[] = [];
  const query = { status: 'scheduled,held', source };
  for await (const { intents } of readPages(operator, '/intents', { schema: intentsReply, query }))
    found.push(...intents.filter(({ action }) => action === 'resign'));
  return found;
}

/** When it is done; empty for what is held and has no date to come. */
function dateOf({ status, dueAt, effectiveAt }: IntentReply): string {
  if (status === 'scheduled') return effectiveAt ?? dueAt ?? '';
  return effectiveAt !== null && Date.parse(effectiveAt) > Date.now() ? effectiveAt : '';
}

function leaverRow(intent: IntentReply): string[] {
  const { id, userIdType, userId, source, failure, heldSet } = intent;
  const held = failure ? [failure.code, heldSet ?? ''] : [];
  return [
    '',
    dateOf(intent),
    id,
    `${userIdType}:${userId}`,
    source,
    ...held,
    ...Array(2 - held.length).fill(''),
  ];
}

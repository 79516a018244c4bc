import type { Intent } from '../../core/intent.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { IntentQuery, Page, StoreFigures } from '../contract.ts';
import { readId, readIntent } from '../rows.ts';
import { readOutcome } from '../trail.ts';
import type { Queries, Transaction } from './connection.ts';
import { readTrail } from './outcomes.ts';

export async function listIntents(tx: Transaction, query: IntentQuery): Promise<Page<Intent>> {
  const { statuses, person, source, heldSet, cursor, limit } = query;
  const conditions = ['i.seq < :before'];
  if (statuses) conditions.push('i.status = any(:statuses::text[])');
  if (source) conditions.push('i.source = :source');
  const set = heldSet ? (readId(tx, heldSet, 'h') ?? -1) : null;
  if (set !== null) conditions.push('i.held_set = :set');
  const from = person ? 'marks m join intents i on i.seq = m.intent and m.mark = :person' : 'intents i';
  const rows = await tx.all(
    `select i.* from ${from} where ${conditions.join(' and ')} order by i.seq desc limit :limit`,
    { before: Number(cursor ?? Number.MAX_SAFE_INTEGER), limit: limit + 1, statuses, source, person, set },
  );
  const items = rows.slice(0, limit).map((row) => readIntent(tx, row).intent);
  return { items, next: rows.length > limit ? String(rows[limit - 1]?.seq) : null };
}

export async function findIntent(
  tx: Transaction,
  id: string,
): Promise<{ intent: Intent; outcomes: readonly Outcome[] } | null> {
  const seq = readId(tx, id);
  const row = seq === null ? undefined : await tx.get('select * from intents where seq = :seq', { seq });
  if (!row) return null;
  const outcomes = await tx.all(
    `select seq, draft, position, previous_hash from outcomes
     where intent = :seq and position is not null order by position`,
    { seq },
  );
  return { intent: readIntent(tx, row).intent, outcomes: outcomes.map((one) => readOutcome(tx, one)) };
}

/** The lanes in which intents wait; a range of each is counted by index. */
const lanes = `(values (0, 'kick'), (1, 'kick'), (0, 'resign')) as l (urgent, action)`;

const inLane = 'i.urgent = l.urgent and i.action = l.action and i.due_at is not null';

export async function readFigures(queries: Queries, now: number): Promise<StoreFigures> {
  const waiting = await queries.get(
    `select count(*) filter (where i.due_at <= :now or i.status = 'pending') as due,
       min(i.due_at) filter (where i.due_at <= :now) as oldest,
       count(*) filter (where i.due_at > :now and i.status = 'scheduled') as scheduled,
       (select count(*) from intents where status = 'held') as held,
       (select count(*) from dead_letters where status = 'open') as dead_letters,
       (select count(*) from outcomes where position is null) as unsequenced,
       pg_total_relation_size('intents') + pg_total_relation_size('marks')
         + pg_total_relation_size('outcomes') + pg_total_relation_size('dead_letters') as bytes
     from intents i where i.due_at is not null`,
    { now },
  );
  const cursors = await queries.all('select publisher, position from cursors order by publisher');
  return {
    due: Number(waiting?.due),
    scheduled: Number(waiting?.scheduled),
    held: Number(waiting?.held),
    deadLetters: Number(waiting?.dead_letters),
    oldestDueAt: waiting?.oldest === null ? null : Number(waiting?.oldest),
    headPosition: (await readTrail(queries)).position,
    unsequenced: Number(waiting?.unsequenced),
    bytes: Number(waiting?.bytes),
    cursors: cursors.map((row) => ({ publisher: String(row.publisher), position: Number(row.position) })),
  };
}

/** Whether the due intents are at least that many; looks at no more of them than it must. */
export async function isBacklogged(queries: Queries, limit: number, now: number): Promise<boolean> {
  const row = await queries.get(
    `select count(*) as n from (
       select 1 from ${lanes} join intents i on ${inLane} and i.due_at <= :now limit :limit) waiting`,
    { now, limit },
  );
  return Number(row?.n) >= limit;
}

/** See `Store.oldestDueAt`. */
export async function oldestDueAt(queries: Queries, now: number): Promise<number | null> {
  const row = await queries.get(
    `select min(first.due_at) as oldest from ${lanes} cross join lateral (
       select min(i.due_at) as due_at from intents i where ${inLane} and i.due_at <= :now) first`,
    { now },
  );
  return typeof row?.oldest === 'string' ? Number(row.oldest) : null;
}

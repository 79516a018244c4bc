import type { Intent } from '../../core/intent.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { IntentQuery, Page, StoreFigures } from '../contract.ts';
import { readId, readIntent } from '../rows.ts';
import { readOutcome } from '../trail.ts';
import type { Connection } from './connection.ts';
import { markedBy } from './marks.ts';
import { readTrail } from './outcomes.ts';

export function listIntents(connection: Connection, query: IntentQuery): Page<Intent> {
  const { statuses, person, source, heldSet, cursor, limit } = query;
  const conditions = ['i.seq < :before'];
  if (statuses) conditions.push('i.status in (select value from json_each(:statuses))');
  if (source) conditions.push('i.source = :source');
  if (person) conditions.push(`i.seq in (${markedBy(':person')})`);
  const set = heldSet ? (readId(connection, heldSet, 'h') ?? -1) : null;
  if (set !== null) conditions.push('i.held_set = :set');
  const rows = connection.all(
    `select i.* from intents i where ${conditions.join(' and ')} order by i.seq desc limit :limit`,
    {
      before: Number(cursor ?? Number.MAX_SAFE_INTEGER),
      limit: limit + 1,
      ...(statuses ? { statuses: JSON.stringify(statuses) } : {}),
      ...(source ? { source } : {}),
      ...(person ? { person } : {}),
      ...(set === null ? {} : { set }),
    },
  );
  const items = rows.slice(0, limit).map((row) => readIntent(connection, row).intent);
  return { items, next: rows.length > limit ? String(rows[limit - 1]?.seq) : null };
}

export function findIntent(
  connection: Connection,
  id: string,
): { intent: Intent; outcomes: readonly Outcome[] } | null {
  const seq = readId(connection, id);
  const row = seq === null ? undefined : connection.get('select * from intents where seq = :seq', { seq });
  if (!row) return null;
  const outcomes = connection
    .all(
      `select seq, draft, position, previous_hash from outcomes
       where intent = :seq and position is not null order by position`,
      { seq: Number(seq) },
    )
    .map((outcome) => readOutcome(connection, outcome));
  return { intent: readIntent(connection, row).intent, outcomes };
}

/** The lanes in which intents wait; a range of each is counted by index. */
const lanes = `(select 0 as urgent, 'kick' as action union all select 1, 'kick' union all select 0, 'resign')`;

const inLane = 'i.urgent = l.urgent and i.action = l.action and i.due_at is not null';

export function readFigures(connection: Connection, now: number): StoreFigures {
  const count = (sql: string): number => Number(connection.get(`select count(*) as n from ${sql}`)?.n);
  const waiting = connection.get(
    `select coalesce(sum((select count(*) from intents i where ${inLane}
         and (i.due_at <= :now or i.status = 'pending'))), 0) as due,
       min((select min(due_at) from intents i where ${inLane} and i.due_at <= :now)) as oldest,
       coalesce(sum((select count(*) from intents i where ${inLane}
         and i.due_at > :now and i.status = 'scheduled')), 0) as scheduled
     from ${lanes} l`,
    { now },
  );
  return {
    due: Number(waiting?.due),
    scheduled: Number(waiting?.scheduled),
    held: count(`intents where status = 'held'`),
    deadLetters: count(`dead_letters where status = 'open'`),
    oldestDueAt: waiting?.oldest === null ? null : Number(waiting?.oldest),
    headPosition: readTrail(connection).position,
    unsequenced: count('outcomes where position is null'),
    bytes: Number(
      connection.get('select page_count * page_size as n from pragma_page_count(), pragma_page_size()')?.n,
    ),
    cursors: connection
      .all('select publisher, position from cursors order by publisher')
      .map((row) => ({ publisher: String(row.publisher), position: Number(row.position) })),
  };
}

/** Whether the due intents are at least that many; looks at no more of them than it must. */
export function isBacklogged(connection: Connection, limit: number, now: number): boolean {
  const row = connection.get(
    `select count(*) as n from (
       select 1 from ${lanes} l join intents i on i.urgent = l.urgent and i.action = l.action and i.due_at <= :now
       limit :limit)`,
    { now, limit },
  );
  return Number(row?.n) >= limit;
}

/** See `Store.oldestDueAt`. */
export function oldestDueAt(connection: Connection, now: number): number | null {
  const row = connection.get(
    `select min((select min(due_at) from intents i where ${inLane} and i.due_at <= :now)) as oldest from ${lanes} l`,
    { now },
  );
  return typeof row?.oldest === 'number' ? row.oldest : null;
}

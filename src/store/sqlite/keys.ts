import type { IntentFacts } from '../../core/intent.ts';
import { marksOf, type NewIntent, type Row } from '../rows.ts';
import type { Connection } from './connection.ts';

/**
 * The keys by which intents are found: the marks of their people, and the events that brought them.
 *
 * Such keys are digests and ids of senders, so each lands on a page of its own, and a commit that writes three pages for
 * each event spends most of its time on them. Those of new intents are therefore kept in memory first, in the tables
 * `temp.fresh_marks` and `temp.fresh_events`, and moved into the file by and by, in the order of the keys, in which many
 * share a page. Nothing hangs on that memory: the intents are in the file at once, and whose keys are not (those past
 * `flushed`) have them read from their rows at the next start.
 */
const tables = { mark: 'marks', event: 'events' } as const;
type Key = keyof typeof tables;
const kinds = Object.keys(tables) as Key[];

const recalledPerPage = 1_000;

/** SQL for the numbers of the intents under a key: `intentsBy('mark', '= :mark')`. */
export function intentsBy(key: Key, condition: string): string {
  const table = tables[key];
  return `select intent from ${table} where ${key} ${condition}
    union all select intent from fresh_${table} where ${key} ${condition}`;
}

/** The key of the events of a source; a source's id has no blanks. */
export function eventKey(event: Pick<NewIntent, 'source' | 'eventId' | 'part'>): string {
  return `${event.source} ${event.part} ${event.eventId}`;
}

/** Makes the tables in memory, and fills them with the keys that are not in the file yet. */
export function openKeys(connection: Connection): void {
  connection.exec(`
    create temp table fresh_marks (mark text not null, intent integer not null, primary key (mark, intent)) without rowid;
    create temp table fresh_events (event text not null, intent integer not null, primary key (event, intent)) without rowid;
    create temp table flush (key text not null, after text not null, upto integer not null);
  `);
  for (let after = readFlushed(connection); ; ) {
    const rows = connection.all(
      'select seq, source, event_id, part, person, facts from intents where seq > :after order by seq limit :limit',
      { after, limit: recalledPerPage },
    );
    for (const row of rows) insertKeys(connection, Number(row.seq), readKeyed(row));
    if (rows.length < recalledPerPage) return;
    after = Number(rows.at(-1)?.seq);
  }
}

type Keyed = Pick<NewIntent, 'source' | 'eventId' | 'part' | 'marks'>;

function readKeyed(row: Row): Keyed {
  const source = String(row.source);
  const facts = JSON.parse(String(row.facts)) as IntentFacts;
  return {
    source,
    eventId: String(row.event_id),
    part: Number(row.part),
    marks: [String(row.person), ...marksOf(source, facts)],
  };
}

/** Lets a new intent be found by its marks and its event. */
export function insertKeys(connection: Connection, intent: number, row: Keyed): void {
  connection.run(insertSql(row.marks.length), [intent, ...row.marks]);
  connection.run('insert or ignore into fresh_events (event, intent) values (:event, :intent)', {
    event: eventKey(row),
    intent,
  });
}

const insertSqls: string[] = [];

/** One statement for all marks of an intent. */
function insertSql(count: number): string {
  insertSqls[count] ??= `insert or ignore into fresh_marks (mark, intent)
    values ${Array.from({ length: count }, (_, index) => `(?${index + 2}, ?1)`)}`;
  return insertSqls[count];
}

/** Lets an intent that is there already be found by these marks as well. */
export function insertMarks(connection: Connection, intent: number, marks: readonly string[]): void {
  for (const mark of marks) {
    connection.run('insert or ignore into marks (mark, intent) values (:mark, :intent)', { mark, intent });
  }
}

/** How many rows were written since the connection was opened. */
export function countWrites(connection: Connection): number {
  return Number(connection.get('select total_changes() as n')?.n);
}

export interface FlushOptions {
  /** So many intents have their keys in memory before those are moved, a 64th of them in each commit. */
  readonly maxFresh: number;
  /** How many rows the transaction has written: it moves more keys than it has added, and gets to the end whatever comes. */
  readonly writes: number;
}

/** Moves some of the keys, when there are enough of them in memory; belongs into every transaction that may add some. */
export function flushSome(connection: Connection, { maxFresh, writes }: FlushOptions): void {
  const flush = connection.get('select key, after, upto from flush');
  if (flush) {
    const place = { key: flush.key as Key, after: String(flush.after), upto: Number(flush.upto) };
    flushFrom(connection, place, Math.ceil(maxFresh / 64) + 2 * writes);
    return;
  }
  const upto = readNewest(connection);
  if (upto - readFlushed(connection) < maxFresh) return;
  const [key] = kinds;
  connection.run(`insert into flush (key, after, upto) values (:key, '', :upto)`, { key: key ?? '', upto });
}

interface FlushPlace {
  readonly key: Key;
  readonly after: string;
  /** The newest intent when the flush began: at its end, the keys of all up to it are in the file. */
  readonly upto: number;
}

function flushFrom(connection: Connection, { key, after, upto }: FlushPlace, limit: number): void {
  const table = tables[key];
  const last = connection.get(
    `select ${key} as key from fresh_${table} where ${key} > :after order by ${key} limit 1 offset :limit`,
    { after, limit },
  );
  const range = last ? `${key} > :after and ${key} <= :last` : `${key} > :after`;
  moveKeys(connection, key, range, last ? { after, last: String(last.key) } : { after });
  const next = kinds[kinds.indexOf(key) + 1];
  if (last) connection.run('update flush set after = :last', { last: String(last.key) });
  else if (next) connection.run(`update flush set key = :next, after = ''`, { next });
  else endFlush(connection, upto);
}

function moveKeys(connection: Connection, key: Key, range: string, bound: Record<string, string>): void {
  const table = tables[key];
  connection.run(
    `insert or ignore into ${table} (${key}, intent)
     select ${key}, intent from fresh_${table} where ${range} order by ${key}, intent`,
    bound,
  );
  connection.run(`delete from fresh_${table} where ${range}`, bound);
}

function endFlush(connection: Connection, upto: number): void {
  connection.run('delete from flush');
  connection.run('update flushed set upto = :upto', { upto });
}

/** Moves all keys into the file; for what is done seldom, and with the file alone. */
export function flushAll(connection: Connection): void {
  for (const key of kinds) moveKeys(connection, key, 'true', {});
  endFlush(connection, readNewest(connection));
}

function readFlushed(connection: Connection): number {
  return Number(connection.get('select upto from flushed')?.upto);
}

function readNewest(connection: Connection): number {
  return Number(connection.get('select max(seq) as newest from intents')?.newest ?? 0);
}

import type { IntentFacts } from '../../core/intent.ts';
import { eventMark, marksOf, type Row } from '../rows.ts';
import type { Connection } from './connection.ts';
import { firstCharacters } from './fresh-marks.ts';

/**
 * The marks by which intents are found: of their people, and of the events that brought them.
 *
 * A mark is a digest, so each lands on a page of its own, and a commit that writes three pages for each event spends most
 * of its time on them. Those of new intents are therefore kept in memory first (`connection.fresh`), and moved into the
 * file by and by, in the order of the marks, in which many share a page. Nothing hangs on that memory: the intents are in
 * the file at once, and whose marks are not (those past `flushed`) have them read from their rows at the next start.
 */

const rowsPerStatement = 32;
const recalledPerPage = 1_000;
const learnedPerPage = 1_000;

/** SQL for the intents with a mark, such as `:mark` or `i.person`. */
export const markedBy = (mark: string): string =>
  `select intent from marks where mark = ${mark} union all select value from json_each(fresh_intents(${mark}))`;

/** SQL for the intents with any of the marks of a parameter, which is an array in JSON. */
export const markedByAny = (marks: string): string =>
  `select m.intent from json_each(${marks}) k join marks m on m.mark = k.value
   union all select f.value from json_each(${marks}) k, json_each(fresh_intents(k.value)) f`;

/** Takes the marks into memory that are not in the file yet, and learns which are there. */
export function recallMarks(connection: Connection): void {
  learnMarks(connection);
  for (let after = readFlushed(connection); ; ) {
    const rows = connection.all(
      'select seq, source, event_id, part, person, facts from intents where seq > :after order by seq limit :limit',
      { after, limit: recalledPerPage },
    );
    for (const row of rows) addMarks(connection, Number(row.seq), marksOfRow(row));
    connection.fresh.commit();
    if (rows.length < recalledPerPage) return;
    after = Number(rows.at(-1)?.seq);
  }
}

function marksOfRow(row: Row): string[] {
  const facts = JSON.parse(String(row.facts)) as IntentFacts;
  return [eventMarkOf(row), String(row.person), ...marksOf(String(row.source), facts)];
}

function eventMarkOf(row: Row): string {
  return eventMark({
    source: String(row.source),
    eventId: String(row.event_id),
    part: Number(row.part),
  });
}

function learnMarks(connection: Connection): void {
  const { filter } = connection;
  for (let after = ''; ; ) {
    const page = connection.get(
      `select group_concat(mark, ' ') as marks, max(mark) as last
       from (select distinct mark from marks where mark > :after order by mark limit :limit)`,
      { after, limit: learnedPerPage },
    );
    if (typeof page?.last !== 'string') break;
    for (const mark of String(page.marks).split(' ')) filter.add(mark);
    after = page.last;
  }
  const letters = connection.all(`select source, event_id, part from dead_letters where status = 'open'`);
  for (const letter of letters) filter.add(eventMarkOf(letter));
}

/**
 * Whether there may be an intent with one of these marks, in memory or in the file, or an open dead letter of an event
 * with that mark.
 */
export function mayBeKnown({ filter }: Connection, marks: readonly string[]): boolean {
  return marks.some(filter.mayHave);
}

/** Lets a new intent be found by its marks. */
export function addMarks({ fresh, filter }: Connection, intent: number, marks: readonly string[]): void {
  for (const mark of marks) {
    fresh.add(mark, intent);
    filter.add(mark);
  }
}

/** Lets an intent that is in the file already be found by these marks as well. */
export function insertMarks(connection: Connection, intent: number, marks: readonly string[]): void {
  marks.forEach(connection.filter.add);
  insert(
    connection,
    marks.flatMap((mark) => [mark, intent]),
  );
}

/** @param marked marks and intents in turn */
function insert(connection: Connection, marked: readonly (string | number)[]): void {
  for (let at = 0; at < marked.length; at += 2 * rowsPerStatement) {
    const values = marked.slice(at, at + 2 * rowsPerStatement);
    connection.run(insertOf(values.length / 2), values);
  }
}

const inserts = new Map<number, string>();

function insertOf(count: number): string {
  let sql = inserts.get(count);
  if (sql === undefined) {
    const rows = Array.from({ length: count }, (_, row) => `(?${2 * row + 1}, ?${2 * row + 2})`);
    sql = `insert or ignore into marks (mark, intent) values ${rows}`;
    inserts.set(count, sql);
  }
  return sql;
}

/** A move of the marks into the file that is under way. */
interface Flush {
  /** The place in `firstCharacters` that comes next. */
  readonly next: number;
  /** The newest intent when it began: at its end, the marks of all up to it are in the file. */
  readonly upto: number;
}

/**
 * Moves the marks into the file when there are many in memory: in every transaction those that begin with the next of 64
 * characters, so that nobody waits long, and what comes meanwhile is less than what goes.
 */
export interface Flusher {
  /** Belongs at the end of every transaction that may add some. */
  step(): void;
  commit(): void;
}

export function createFlusher(connection: Connection, maxFresh: number): Flusher {
  let flush: Flush | null = null;
  let then: Flush | null = null;
  return {
    step() {
      then = flush;
      if (!flush && connection.fresh.count() >= maxFresh) then = { next: 0, upto: readNewest(connection) };
      if (!then) return;
      const first = firstCharacters[then.next];
      if (first !== undefined) insert(connection, connection.fresh.take(first));
      then = { ...then, next: then.next + 1 };
      if (then.next < firstCharacters.length) return;
      writeFlushed(connection, then.upto);
      then = null;
    },
    commit() {
      flush = then;
    },
  };
}

/** Moves all marks into the file; for what is done seldom, and with the file alone. */
export function flushAll(connection: Connection): void {
  for (const first of firstCharacters) insert(connection, connection.fresh.take(first));
  writeFlushed(connection, readNewest(connection));
}

function readFlushed(connection: Connection): number {
  return Number(connection.get('select upto from flushed')?.upto);
}

function writeFlushed(connection: Connection, upto: number): void {
  connection.run('update flushed set upto = max(upto, :upto)', { upto });
}

function readNewest(connection: Connection): number {
  return Number(connection.get('select max(seq) as newest from intents')?.newest ?? 0);
}

import type { Acceptance, DeadLetter, DeadLetterPayload, Page, PageQuery } from '../contract.ts';
import { deadLetterColumns, readDeadLetter, readPayload } from '../dead-letters.ts';
import { eventMark, readId, showId } from '../rows.ts';
import type { Connection } from './connection.ts';

/**
 * Keeps a part that could not be read. The same part of the same event keeps its dead letter, however often it comes.
 */
export function insertDeadLetter(
  connection: Connection,
  acceptance: Acceptance,
  part: number,
  faults: readonly string[],
): { id: string; isNew: boolean } {
  const { source, eventId } = acceptance;
  const known = connection.get(
    `select seq from dead_letters where source = :source and event_id = :eventId and part = :part and status = 'open'`,
    { source, eventId, part },
  );
  if (known) {
    const seq = Number(known.seq);
    connection.run('update dead_letters set tries = tries + 1, faults = :faults where seq = :seq', {
      seq,
      faults: JSON.stringify(faults),
    });
    return { id: showId(connection, seq, 'd'), isNew: false };
  }
  const { rowId } = connection.run(
    `insert into dead_letters (source, event_id, part, received_at, faults, status, content_digest, method, query,
       headers, body, position)
     values (:source, :eventId, :part, :receivedAt, :faults, 'open', :contentDigest, :method, :query,
       :headers, :body, :position)`,
    deadLetterColumns(acceptance, part, faults),
  );
  connection.filter.add(eventMark({ source, eventId, part }));
  return { id: showId(connection, rowId, 'd'), isNew: true };
}

/** A part that has become readable needs no dead letter any more. */
export function resolveDeadLetter(
  connection: Connection,
  { source, eventId }: Acceptance,
  part: number,
): void {
  connection.run(
    `update dead_letters set status = 'resolved'
     where source = :source and event_id = :eventId and part = :part and status = 'open'`,
    { source, eventId, part },
  );
}

/** See `Store.resolveDeadLetter`. */
export function resolveById(connection: Connection, id: string): void {
  const seq = readId(connection, id, 'd');
  connection.run(`update dead_letters set status = 'resolved' where seq = :seq`, { seq });
}

export function listDeadLetters(connection: Connection, { cursor, limit }: PageQuery): Page<DeadLetter> {
  const rows = connection.all(
    `select seq, source, event_id, part, received_at, faults, tries, status from dead_letters
     where status = 'open' and seq < :before order by seq desc limit :limit`,
    { before: Number(cursor ?? Number.MAX_SAFE_INTEGER), limit: limit + 1 },
  );
  const items = rows.slice(0, limit).map((row) => readDeadLetter(connection, row));
  return { items, next: rows.length > limit ? String(rows[limit - 1]?.seq) : null };
}

export function findDeadLetter(
  connection: Connection,
  id: string,
): (DeadLetter & { payload: DeadLetterPayload }) | null {
  const seq = readId(connection, id, 'd');
  const row =
    seq === null ? undefined : connection.get('select * from dead_letters where seq = :seq', { seq });
  if (!row) return null;
  return { ...readDeadLetter(connection, row), payload: readPayload(row) };
}

import type { Acceptance, DeadLetter, DeadLetterPayload, Page, PageQuery } from '../contract.ts';
import { deadLetterColumns, readDeadLetter, readPayload } from '../dead-letters.ts';
import { readId, showId } from '../rows.ts';
import type { Transaction } from './connection.ts';
import type { Part } from './part.ts';
import { pivot } from './sql.ts';

/**
 * Keeps a part that could not be read. The same part of the same event keeps its dead letter, however often it comes.
 */
export async function insertDeadLetter(
  tx: Transaction,
  acceptance: Acceptance,
  { part, faults }: { part: number; faults: readonly string[] },
): Promise<{ id: string; isNew: boolean }> {
  const columns = deadLetterColumns(acceptance, part, faults);
  const known = await tx.get(
    `update dead_letters set tries = tries + 1, faults = :faults
     where source = :source and event_id = :eventId and part = :part and status = 'open' returning seq`,
    columns,
  );
  if (known) return { id: showId(tx, Number(known.seq), 'd'), isNew: false };
  const added = await tx.get(
    `insert into dead_letters (source, event_id, part, received_at, faults, status, content_digest, method, query,
       headers, body, position)
     values (:source, :eventId, :part, :receivedAt, :faults, 'open', :contentDigest, :method, :query,
       :headers, :body, :position) returning seq`,
    columns,
  );
  return { id: showId(tx, Number(added?.seq), 'd'), isNew: true };
}

/** Parts that have become readable need no dead letters any more. */
export async function resolveDeadLetters(tx: Transaction, parts: readonly Part[]): Promise<void> {
  if (parts.length === 0) return;
  const keys = parts.map(({ acceptance: { source, eventId }, part }) => ({ source, eventId, part }));
  await tx.run(
    `update dead_letters d set status = 'resolved'
     from unnest(:source::text[], :eventId::text[], :part::bigint[]) as e (source, event_id, part)
     where d.source = e.source and d.event_id = e.event_id and d.part = e.part and d.status = 'open'
       and exists (select 1 from dead_letters where status = 'open')`,
    pivot(keys, ['source', 'eventId', 'part']),
  );
}

/** See `Store.resolveDeadLetter`. */
export async function resolveById(tx: Transaction, id: string): Promise<void> {
  const seq = readId(tx, id, 'd');
  await tx.run(`update dead_letters set status = 'resolved' where seq = :seq`, { seq });
}

export async function listDeadLetters(
  tx: Transaction,
  { cursor, limit }: PageQuery,
): Promise<Page<DeadLetter>> {
  const rows = await tx.all(
    `select seq, source, event_id, part, received_at, faults, tries, status from dead_letters
     where status = 'open' and seq < :before order by seq desc limit :limit`,
    { before: Number(cursor ?? Number.MAX_SAFE_INTEGER), limit: limit + 1 },
  );
  const items = rows.slice(0, limit).map((row) => readDeadLetter(tx, row));
  return { items, next: rows.length > limit ? String(rows[limit - 1]?.seq) : null };
}

export async function findDeadLetter(
  tx: Transaction,
  id: string,
): Promise<(DeadLetter & { payload: DeadLetterPayload }) | null> {
  const seq = readId(tx, id, 'd');
  const row = seq === null ? undefined : await tx.get('select * from dead_letters where seq = :seq', { seq });
  return row ? { ...readDeadLetter(tx, row), payload: readPayload(row) } : null;
}

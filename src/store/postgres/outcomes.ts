import type { Outcome } from '../../core/outcome.ts';
import type { TrailEntry } from '../../core/seal.ts';
import type { OutcomeClaim } from '../contract.ts';
import { placeRows, readEntry, readOutcome, type Trail } from '../trail.ts';
import type { Queries, Transaction } from './connection.ts';
import { pivot } from './sql.ts';

/** Whether the sequencer has something to do. */
export async function hasUnsequenced(queries: Queries): Promise<boolean> {
  return (await queries.get('select 1 from outcomes where position is null limit 1')) !== undefined;
}

/**
 * Gives the oldest outcomes without a place theirs; see `Store.sequence`. Whoever has the trail's row is the
 * sequencer; another that comes meanwhile leaves it to that one.
 */
export async function sequence(tx: Transaction, limit: number): Promise<number> {
  const row = await tx.get('select position, hash from trail for update skip locked');
  if (!row) return 0;
  const rows = await tx.all(
    'select seq, draft from outcomes where position is null order by seq limit :limit',
    { limit },
  );
  const placed = placeRows(tx, rows, readTrailRow(row));
  const newest = placed.at(-1);
  if (!newest) return 0;
  await tx.run(
    `update outcomes o set position = n.position, previous_hash = n.previous_hash, hash = n.hash, salt = n.salt
     from unnest(:seq::bigint[], :position::bigint[], :previousHash::text[], :hash::text[], :salt::text[])
       as n (seq, position, previous_hash, hash, salt)
     where o.seq = n.seq`,
    pivot(placed, ['seq', 'position', 'previousHash', 'hash', 'salt']),
  );
  const { position, hash } = newest;
  await tx.run('update trail set position = :position, hash = :hash', { position, hash });
  return placed.length;
}

/** The newest place of the trail, and its hash. */
export async function readTrail(queries: Queries): Promise<Trail> {
  return readTrailRow((await queries.get('select position, hash from trail')) ?? {});
}

function readTrailRow(row: Readonly<Record<string, unknown>>): Trail {
  return { position: Number(row.position), hash: String(row.hash) };
}

export async function outcomesAfter(tx: Transaction, position: number, limit: number): Promise<Outcome[]> {
  const rows = await tx.all(
    `select seq, draft, position, previous_hash from outcomes
     where position > :position order by position limit :limit`,
    { position, limit },
  );
  return rows.map((row) => readOutcome(tx, row));
}

export async function entriesAfter(tx: Transaction, position: number, limit: number): Promise<TrailEntry[]> {
  const rows = await tx.all(
    `select seq, draft, position, previous_hash, salt, sealed from outcomes
     where position > :position order by position limit :limit`,
    { position, limit },
  );
  return rows.map((row) => readEntry(tx, row));
}

/** Whether a publisher has, or may have, outcomes to tell. */
export async function hasNews(queries: Queries, publisher: string): Promise<boolean> {
  const row = await queries.get(
    `select t.position > c.position as has_news from trail t left join cursors c on c.publisher = :publisher`,
    { publisher },
  );
  return row?.has_news !== false;
}

/** Leases a publisher's next outcomes; see `Store.claimOutcomes`. */
export async function claimOutcomes(
  tx: Transaction,
  publisher: string,
  { now, token, leaseMs, limit }: OutcomeClaim,
): Promise<Outcome[] | null> {
  await tx.run('insert into cursors (publisher, position) values (:publisher, 0) on conflict do nothing', {
    publisher,
  });
  const cursor = await tx.get(
    `select position from cursors
     where publisher = :publisher and (lease_token is null or lease_until <= :now) for update skip locked`,
    { publisher, now },
  );
  if (!cursor) return null;
  const outcomes = await outcomesAfter(tx, Number(cursor.position), limit);
  if (outcomes.length === 0) return null;
  await tx.run('update cursors set lease_token = :token, lease_until = :until where publisher = :publisher', {
    publisher,
    token,
    until: now + leaseMs,
  });
  return outcomes;
}

/** Notes which publishers there are; see `Store.keepPublishers`. One that was never noted counts from now on. */
export async function keepPublishers(
  tx: Transaction,
  names: readonly string[],
  { forgetBefore, now }: { forgetBefore: number; now: number },
): Promise<string[]> {
  await tx.run('update cursors set seen_at = :now where seen_at is null or publisher = any(:names::text[])', {
    now,
    names,
  });
  const rows = await tx.all('delete from cursors where seen_at < :forgetBefore returning publisher', {
    forgetBefore,
  });
  return rows.map((row) => String(row.publisher));
}

/** Moves a cursor and ends its lease; see `Store.settleOutcomes`. */
export async function settleOutcomes(
  queries: Queries,
  { publisher, token, position }: { publisher: string; token: string; position: number },
): Promise<boolean> {
  const changes = await queries.run(
    `update cursors set position = greatest(position, :position), lease_token = null, lease_until = null
     where publisher = :publisher and lease_token = :token`,
    { publisher, token, position },
  );
  return changes === 1;
}

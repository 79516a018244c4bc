import type { Row } from '../rows.ts';
import type { Queries } from './connection.ts';

/** More keys than this are not locked one by one: the server's table of locks is of limited size. */
const maxKeys = 1_000;

/**
 * The classes of the advisory locks, held to the end of the transaction unless said otherwise. The numbers are arbitrary,
 * so that nobody else in the database is likely to use them.
 */
export const locks = {
  migration: 1_868_849_201,
  /**
   * Deliveries with a key in common are taken in one after the other: their event, and the marks of their people. So is
   * what look-ups tell of these.
   */
  delivery: 1_868_849_202,
  /** A person of whom an intent is being claimed. */
  person: 1_868_849_203,
  /** A user of whom a resign is about to be sent. */
  user: 1_868_849_207,
  /** Counting against the safeguard; one for each action. */
  safeguard: 1_868_849_204,
  /** Putting what is held into sets. */
  held: 1_868_849_205,
  /** Shared, and by the session: a bridge runs here. */
  running: 1_868_849_206,
} as const;

/**
 * Holds the locks of deliveries with these keys, which are digests. They are taken in order, and belong before any row,
 * so that two never wait for one another.
 */
export async function lockDeliveries(queries: Queries, digests: readonly string[]): Promise<void> {
  if (digests.length === 0) return;
  const keys = [...new Set(digests.map(keyNumber))].sort((a, b) => a - b);
  const lockClass = { class: locks.delivery };
  if (keys.length > maxKeys) {
    await queries.run('select pg_advisory_xact_lock(:class, 0)', lockClass);
    return;
  }
  await queries.run(
    `with gate as materialized (select pg_advisory_xact_lock_shared(:class, 0))
     select count(*) from (select pg_advisory_xact_lock(:class, key) from gate, unnest(:keys::integer[]) as key) locked`,
    { ...lockClass, keys },
  );
}

/**
 * Locks the rows that a query finds, by their `seq`. Whoever was waited for may have brought others, such as the kick of
 * a resign, which a statement that began before does not see; so it is asked again until it finds no more than are
 * locked. Its conditions belong where a row that was waited for cannot fall out of it: finding nothing must mean that
 * nothing was there.
 */
export async function lockRows(query: () => Promise<Row[]>): Promise<Row[]> {
  const locked = new Set<unknown>();
  for (;;) {
    const found = await query();
    if (found.every(({ seq }) => locked.has(seq))) return found;
    for (const { seq } of found) locked.add(seq);
  }
}

/** Any number but 0, which stands for all. */
function keyNumber(digest: string): number {
  return Buffer.from(digest, 'base64url').readInt32BE(0) || 1;
}

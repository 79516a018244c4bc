import type { Row } from '../rows.ts';
import type { Queries } from './connection.ts';

/** Clocks that differ by no more are taken to agree; leases leave room for it. */
export const toleratedSkewMs = 200;

/** An SQL expression: the database's clock in epoch milliseconds. */
export const databaseNow = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

/**
 * Tells due times and leases by the database's clock, the only one that all processes share: a process whose clock is
 * wrong neither takes over the lease of another nor acts before a date.
 */
export interface DatabaseClock {
  /** An instant of this process's clock by that of the database. */
  shift(instant: number): number;
  /**
   * Keeps a `now` of this process for when the database's clock is read. This process's own may have been set a moment
   * ago, or be set until then: what is known of the difference, now or then, may be that of another clock. Whichever
   * makes it later is believed; but it is never past the database's clock.
   */
  keep(now: number): (databaseNow: number) => number;
  /** Compares the clocks by a statement that gave the database's. */
  observe<T>(ask: () => Promise<T>, read: (answer: T) => number): Promise<T>;
}

export function createDatabaseClock(readClock: () => number): DatabaseClock {
  let skewMs = 0;
  const shift = (instant: number): number => instant + skewMs;
  return {
    shift,
    keep(now) {
      const known = shift(now);
      return (databaseNow) => Math.min(Math.max(known, shift(now)), databaseNow);
    },
    async observe(ask, read) {
      const before = readClock();
      const answer = await ask();
      const after = readClock();
      const seen = Math.round(read(answer) - (before + after) / 2);
      const uncertainty = toleratedSkewMs + Math.abs(after - before) / 2;
      // What is known holds as long as the answer allows for it, since a slow one says little; or else that they agree.
      skewMs = [skewMs, 0].find((one) => Math.abs(seen - one) <= uncertainty) ?? seen;
      return answer;
    },
  };
}

/** Compares the clocks, and gives the database's. */
export async function compareClocks(clock: DatabaseClock, queries: Queries): Promise<number> {
  const read = (row: Row | undefined): number => Number(row?.now);
  return read(await clock.observe(() => queries.get(`select ${databaseNow} as now`), read));
}

import type { Queries } from './connection.ts';

/** Clocks that differ by no more are taken to agree; leases leave room for it. */
const toleratedSkewMs = 200;

/** An SQL expression: the database's clock in epoch milliseconds. */
export const databaseNow = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

/**
 * Tells due times and leases by the database's clock, the only one that all processes share: a process whose clock is
 * wrong neither takes over the lease of another nor acts before a date.
 */
export interface DatabaseClock {
  /** An instant of this process's clock by that of the database. */
  shift(instant: number): number;
  /** Compares the clocks by a statement that gave the database's. */
  observe<T>(ask: () => Promise<T>, read: (answer: T) => number): Promise<T>;
}

export function createDatabaseClock(now: () => number): DatabaseClock {
  let skewMs = 0;
  return {
    shift: (instant) => instant + skewMs,
    async observe(ask, read) {
      const before = now();
      const answer = await ask();
      const after = now();
      const seen = Math.round(read(answer) - (before + after) / 2);
      const uncertainty = toleratedSkewMs + Math.abs(after - before) / 2;
      // What is known holds as long as the answer allows for it, since a slow one says little; or else that they agree.
      skewMs = [skewMs, 0].find((one) => Math.abs(seen - one) <= uncertainty) ?? seen;
      return answer;
    },
  };
}

/** Compares the clocks for the first time. */
export async function compareClocks(clock: DatabaseClock, queries: Queries): Promise<void> {
  await clock.observe(
    () => queries.get(`select ${databaseNow} as now`),
    (row) => Number(row?.now),
  );
}

import { StoreUnavailable } from '../contract.ts';
import type { Connection } from './connection.ts';

/** The most pieces of work that share a commit, so that none waits long for the others. */
const maxGroup = 512;

interface Work {
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Lets all work that arrives in one turn of the event loop share a transaction, and answers each after the commit.
 * When a piece fails, the group is rolled back and every piece runs in a transaction of its own, so that one never
 * fails another. Work must therefore be repeatable: it changes the database and nothing else.
 */
export interface GroupCommit {
  commit<T>(run: () => T): Promise<T>;
  /** Runs what is waiting; later work is refused with `StoreUnavailable`. */
  close(): void;
}

export function createGroupCommit(connection: Connection): GroupCommit {
  const waiting: Work[] = [];
  let scheduled = false;
  let closed = false;

  function flush(): void {
    scheduled = false;
    const group = waiting.splice(0, maxGroup);
    if (waiting.length > 0) schedule();
    if (group.length === 0) return;
    try {
      const results = transaction(connection, () => group.map((work) => work.run()));
      group.forEach((work, index) => {
        work.resolve(results[index] as never);
      });
    } catch (error) {
      if (group.length === 1) group[0]?.reject(explain(error));
      else for (const work of group) runAlone(work);
    }
  }

  function runAlone(work: Work): void {
    try {
      work.resolve(transaction(connection, work.run) as never);
    } catch (error) {
      work.reject(explain(error));
    }
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  return {
    commit<T>(run: () => T): Promise<T> {
      if (closed) return Promise.reject(new StoreUnavailable('the store is closed'));
      return new Promise<T>((resolve, reject) => {
        waiting.push({ run, resolve, reject });
        schedule();
      });
    },
    close() {
      closed = true;
      while (waiting.length > 0) flush();
    },
  };
}

function transaction<T>(connection: Connection, run: () => T): T {
  connection.exec('begin immediate');
  try {
    const result = run();
    connection.exec('commit');
    return result;
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/** SQLite has already rolled back by itself after some errors, such as a full disk. */
function rollBack(connection: Connection): void {
  try {
    connection.exec('rollback');
  } catch {
    // There was nothing left to roll back.
  }
}

/** Primary result codes of SQLite that say "not now": busy, locked, read-only, I/O error, full, cannot open. */
const unavailableCodes = new Set([5, 6, 8, 10, 13, 14]);

function explain(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null;
  if (code === null || !unavailableCodes.has(code)) return error;
  return new StoreUnavailable(`the database cannot be written: ${error.message}`, { cause: error });
}

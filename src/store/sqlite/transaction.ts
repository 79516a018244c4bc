import { StoreUnavailable } from '../contract.ts';
import type { Connection } from './connection.ts';

/** @throws StoreUnavailable when the database cannot be written now */
export function transaction<T>(connection: Connection, run: () => T): T {
  try {
    connection.exec('begin immediate');
    const result = run();
    connection.exec('commit');
    return result;
  } catch (error) {
    rollBack(connection);
    throw explain(error);
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

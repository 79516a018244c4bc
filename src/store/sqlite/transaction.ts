import { StoreUnavailable } from '../contract.ts';
import type { Connection } from './connection.ts';

/** @throws StoreUnavailable when the database cannot be written now */
export function transaction<T>(connection: Connection, run: () => T): T {
  try {
    connection.run('begin immediate');
    const result = run();
    connection.run('commit');
    connection.fresh.commit();
    return result;
  } catch (error) {
    rollBack(connection);
    if (primaryCode(error) === full) giveBackLog(connection);
    throw explain(error);
  }
}

/** SQLite has already rolled back by itself after some errors, such as a full disk. */
function rollBack(connection: Connection): void {
  connection.fresh.rollback();
  try {
    connection.exec('rollback');
  } catch {
    // There was nothing left to roll back.
  }
}

/** On a full disk the log itself may be what fills it: what it holds goes into the database, and its space is free. */
function giveBackLog(connection: Connection): void {
  try {
    connection.exec('pragma wal_checkpoint(truncate)');
  } catch {
    // There is no room for that either, until somebody makes some.
  }
}

const full = 13;
/** Primary result codes of SQLite that say "not now": busy, locked, read-only, I/O error, full, cannot open. */
const unavailableCodes = new Set([5, 6, 8, 10, full, 14]);

function primaryCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null;
}

function explain(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const code = primaryCode(error);
  if (code === null || !unavailableCodes.has(code)) return error;
  return new StoreUnavailable(`the database cannot be written: ${error.message}`, { cause: error });
}

import pg from 'pg';
import { StoreUnavailable } from '../contract.ts';

/** A serialization failure and a deadlock: the same again will do. */
const repeatable = new Set(['40001', '40P01']);

/**
 * Classes and codes that say "not now": connection, who may connect, which database, resources, shutdown, a failing
 * disk, a lock or a statement that took too long, and a server that has become a read-only standby.
 */
const unavailable = /^(08|28|3D|53|57P|58|XX001|55P03|57014|25006|25P03)/;

export function isRepeatable(error: unknown): boolean {
  return error instanceof pg.DatabaseError && repeatable.has(error.code ?? '');
}

/** Whether the server said so itself, so that the connection can go on after a rollback. */
export function isAnswer(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !/^(08|57P)/.test(error.code ?? '');
}

/**
 * What comes of the network, and of the driver's own limits of time, has no code of PostgreSQL. Messages of the server
 * may hold values, and are left out.
 */
export function explain(error: unknown): Error {
  if (!(error instanceof Error) || error instanceof StoreUnavailable) return error as Error;
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? '';
    const isAway = unavailable.test(code) || isRepeatable(error);
    return isAway
      ? new StoreUnavailable(`the database cannot be used now (${code})`, { cause: error })
      : error;
  }
  const isOfNetwork =
    'code' in error ||
    /^(Connection terminated|Cannot use a pool|Query read timeout|timeout|Client )/i.test(error.message);
  return isOfNetwork
    ? new StoreUnavailable(`the database cannot be reached: ${error.message}`, { cause: error })
    : error;
}

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

/** What the driver says when it is the network, or a limit of time, or that it is closed. */
const networkMessage = /^(Connection terminated|Cannot use a pool|Query read timeout|timeout|Client )/i;

/**
 * Makes a failure that is no fault of the statement a `StoreUnavailable`. What the server says may hold values, and is
 * left out of its message.
 */
export function explain(error: unknown): Error {
  if (error instanceof StoreUnavailable) return error;
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  if (error instanceof pg.DatabaseError) {
    const isAway = unavailable.test(code) || isRepeatable(error);
    return isAway
      ? new StoreUnavailable(`the database cannot be used now (${code})`, { cause: error })
      : error;
  }
  return code !== '' || networkMessage.test(message)
    ? new StoreUnavailable(`the database cannot be reached (${code || message})`, { cause: error })
    : (error as Error);
}

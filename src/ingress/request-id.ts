import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Log } from '../core/log.ts';

const current = new AsyncLocalStorage<string>();

/** What a caller may call its request: long enough to be of use, and nothing that a log or a header cannot carry. */
const sane = /^[A-Za-z0-9._-]{8,64}$/;

/** Gives every request an id: the caller's `x-request-id`, or one of our own. Every answer bears it, see `send`. */
export function identifyRequest({ headers }: IncomingMessage, handle: () => void): void {
  const given = headers['x-request-id'];
  current.run(typeof given === 'string' && sane.test(given) ? given : randomUUID(), handle);
}

/** The header by which an answer names its request; none outside of one. */
export function requestIdHeader(): Readonly<Record<string, string>> {
  const id = current.getStore();
  return id === undefined ? {} : { 'x-request-id': id };
}

/** A log whose lines bear the id of the request that they are written for. */
export function withRequestIds(log: Log): Log {
  const mark = (facts: object): object => {
    const requestId = current.getStore();
    return requestId === undefined ? facts : { requestId, ...facts };
  };
  return {
    info: (facts, message) => log.info(mark(facts), message),
    warn: (facts, message) => log.warn(mark(facts), message),
    error: (facts, message) => log.error(mark(facts), message),
  };
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Delivery } from '../core/handler.ts';
import { type Log, traceOf } from '../core/log.ts';
import { VendorTrouble } from '../core/lookup.ts';
import { createVendorHttp } from '../dispatcher/vendor-http.ts';

/** Confirms at vendors' APIs what their set-up deliveries ask to have confirmed, after those are kept. */
export interface Confirmations {
  begin(sourceId: string, delivery: Delivery): void;
  stop(): Promise<void>;
}

interface ConfirmationsOptions {
  readonly sources: Config['sources'];
  readonly log: Log;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** All the requests of one try together, in milliseconds. */
const longestTryMs = 20_000;
const maxTries = 10;
const pausePolicy = { minDelayMs: 1_000, maxDelayMs: 300_000 };
/** A set-up delivery is not signed: whoever sends many keeps us this busy and no busier. */
const maxAtOnce = 10;

/** What is under way when the bridge stops is given up; the dead letter stays, and its replay begins it again. */
export function createConfirmations({ sources, log, random }: ConfirmationsOptions): Confirmations {
  const closing = new AbortController();
  const { signal } = closing;
  const running = new Map<string, Promise<void>>();

  async function confirm(source: string, ask: () => Promise<void>): Promise<void> {
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        await ask();
        return log.info({ source }, 'the set-up is confirmed at the vendor');
      } catch (error) {
        const isOver = !(error instanceof VendorTrouble) || error.kind !== 'again' || tries >= maxTries;
        const facts = { source, tries, ...(error instanceof VendorTrouble && { reason: error.message }) };
        if (isOver)
          return log.warn({ ...facts, ...traceOf(error) }, 'the set-up could not be confirmed at the vendor');
        await delay(backoffMs(tries, pausePolicy, random()), undefined, { signal }).catch(() => {});
      }
    }
  }

  return {
    begin(id, delivery) {
      const source = Object.hasOwn(sources, id) ? sources[id] : undefined;
      const ask = source?.handler.confirm?.(delivery, source.settings);
      const key = `${id} ${delivery.body}`;
      if (!ask || running.has(key) || running.size >= maxAtOnce || signal.aborted) return;
      const done = confirm(id, () => ask(createVendorHttp(longestTryMs)));
      running.set(
        key,
        done.finally(() => running.delete(key)),
      );
    },
    async stop() {
      closing.abort();
      await Promise.all(running.values());
    },
  };
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Delivery } from '../core/handler.ts';
import { type Log, traceOf } from '../core/log.ts';
import { VendorTrouble } from '../core/lookup.ts';
import { createVendorHttp } from '../dispatcher/vendor-http.ts';
import { deliveryOf } from '../ingress/reading.ts';
import type { DeadLetter, Page, Store } from '../store/contract.ts';

type Letters = Pick<Store, 'listDeadLetters' | 'findDeadLetter'>;

/** Confirms at vendors' APIs what their set-up deliveries ask to have confirmed, after those are kept. */
export interface Confirmations {
  begin(sourceId: string, delivery: Delivery): void;
  /** Begins with the set-up deliveries that are still open dead letters: the process ended before they were confirmed. */
  resume(letters: Letters): void;
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
/** So many of the newest dead letters are looked through after a start. */
const maxPages = 10;
const pageLength = 100;

/** What is under way when the bridge stops is given up; the dead letter stays, and the next start begins it again. */
export function createConfirmations({ sources, log, random }: ConfirmationsOptions): Confirmations {
  const closing = new AbortController();
  const { signal } = closing;
  const running = new Map<string, Promise<void>>();
  let resuming: Promise<void> | null = null;

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

  const find = (id: string) => (Object.hasOwn(sources, id) ? sources[id] : undefined);

  function begin(id: string, delivery: Delivery): void {
    const source = find(id);
    const ask = source?.handler.confirm?.(delivery, source.settings);
    const key = `${id} ${delivery.body}`;
    if (!ask || running.has(key) || running.size >= maxAtOnce || signal.aborted) return;
    const done = confirm(id, () => ask(createVendorHttp(longestTryMs)));
    running.set(
      key,
      done.finally(() => running.delete(key)),
    );
  }

  async function lookThrough(letters: Letters): Promise<void> {
    let cursor: string | null = null;
    for (let page = 0; page < maxPages && !signal.aborted; page++) {
      const { items, next }: Page<DeadLetter> = await letters.listDeadLetters({ cursor, limit: pageLength });
      for (const { id, source } of items.filter((letter) => find(letter.source)?.handler.confirm)) {
        const letter = await letters.findDeadLetter(id);
        if (letter) begin(source, deliveryOf(letter.payload));
      }
      if (next === null) return;
      cursor = next;
    }
  }

  return {
    begin,
    resume(letters) {
      if (!Object.values(sources).some(({ handler }) => handler.confirm)) return;
      resuming = lookThrough(letters).catch((error: unknown) =>
        log.warn(traceOf(error), 'the set-ups that still wait for a confirmation could not be read'),
      );
    },
    async stop() {
      closing.abort();
      await resuming;
      await Promise.all(running.values());
    },
  };
}

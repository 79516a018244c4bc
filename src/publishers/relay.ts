import { randomUUID } from 'node:crypto';
import { type BackoffPolicy, backoffMs } from '../core/backoff.ts';
import { type Log, traceOf } from '../core/log.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Store } from '../store/contract.ts';

/** Somebody who is told of outcomes: at least once each, in order. */
export interface Publisher {
  /** Names its cursor; it stays the same for good. */
  readonly name: string;
  /** Resolves when all of them are told. A rejection brings the same ones again, so it may repeat, never skip. */
  publish(outcomes: readonly Outcome[], hopOf?: HopOf): Promise<void>;
}

/** The trace context (`traceparent`) that goes along with an outcome to whoever is told, where there is one. */
export type HopOf = (outcome: Outcome) => string | undefined;

export interface RelayOptions {
  readonly store: Pick<Store, 'claimOutcomes' | 'settleOutcomes'>;
  readonly publisher: Publisher;
  readonly backoff: BackoffPolicy;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** Longer than a publish may take; 60 s unless told. */
  readonly leaseMs?: number;
  /** The most outcomes that are published at once; 100 unless told. */
  readonly limit?: number;
  /** A number in [0, 1). */
  readonly random?: () => number;
}

export interface Relay {
  /** Publishes the next outcomes, and says how many. */
  tick(): Promise<number>;
  /** How often in a row publishing has failed; 0 = it works. */
  failures(): number;
}

/**
 * Tells one publisher, by a cursor of its own, so that none waits for another. When publishing fails the cursor stays,
 * the lease is given back, and the next try waits for longer each time.
 */
export function createRelay(options: RelayOptions): Relay {
  const { store, publisher, now, log, leaseMs = 60_000, limit = 100, random = Math.random } = options;
  let failures = 0;
  let retryAt = Number.NEGATIVE_INFINITY;

  async function publish(outcomes: readonly Outcome[]): Promise<boolean> {
    try {
      await publisher.publish(outcomes);
      failures = 0;
      return true;
    } catch (error) {
      failures += 1;
      const delayMs = backoffMs(failures, options.backoff, random());
      retryAt = now() + delayMs;
      log.warn({ publisher: publisher.name, failures, delayMs, ...traceOf(error) }, 'publishing failed');
      return false;
    }
  }

  return {
    async tick() {
      if (now() < retryAt) return 0;
      const token = randomUUID();
      const outcomes = await store.claimOutcomes(publisher.name, { now: now(), token, leaseMs, limit });
      const first = outcomes?.[0];
      const last = outcomes?.at(-1);
      if (!outcomes || !first || !last) return 0;
      const told = await publish(outcomes);
      const position = told ? last.data.position : first.data.position - 1;
      const settled = await store.settleOutcomes(publisher.name, token, position);
      if (!settled) log.warn({ publisher: publisher.name }, 'the lease ended before publishing did');
      return told && settled ? outcomes.length : 0;
    },
    failures: () => failures,
  };
}

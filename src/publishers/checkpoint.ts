import { recordOutcome } from '../core/outcome.ts';
import type { Store } from '../store/contract.ts';

export interface CheckpointOptions {
  readonly store: Pick<Store, 'record'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** One hour unless told. */
  readonly everyMs?: number;
}

/**
 * Puts an `audit.checkpoint` into the trail every hour, so that every publisher tells others, even in quiet times, how
 * many outcomes there were and what the hash of the last one was: its own position less one, and its `previousHash`.
 */
export function createCheckpoint({ store, now, everyMs = 3_600_000 }: CheckpointOptions): {
  tick(): Promise<number>;
} {
  let lastAt = now();
  return {
    async tick() {
      const time = now();
      if (time - lastAt < everyMs) return 0;
      await store.record(recordOutcome({ type: 'audit.checkpoint', source: 'audit', time }));
      lastAt = time;
      return 0;
    },
  };
}

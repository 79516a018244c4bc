import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../store/contract.ts';

/** Resolves when one more request may be sent. */
type Turns = () => Promise<void>;

/** Turns that nobody took are kept for so long at the least, and may be taken at once. */
const shortestBurstMs = 100;

/**
 * Turns at that rate over the monotonic clock, and a tenth of a second's requests at once. Where other processes share
 * the rate, they come from the store, in slices that grow while they are used up; while the store is away, this process
 * finishes what it has in hand at its own pace.
 */
export function createTurns(requestsPerSecond: number, leaseTurns?: Store['leaseTurns']): Turns {
  const intervalMs = 1_000 / requestsPerSecond;
  const burstMs = Math.max(intervalMs, shortestBurstMs);
  const alone = createOwnTurns(intervalMs, burstMs);
  if (!leaseTurns) return alone;
  const mostTurns = Math.max(1, Math.floor(burstMs / intervalMs));
  let isAlone = false;
  let slice: number[] = [];
  let size = 1;
  let leasing: Promise<void> | null = null;

  async function lease(lend: Store['leaseTurns']): Promise<void> {
    const waitMs = await lend({ turns: size, intervalMs, burstMs });
    const first = performance.now() + (waitMs ?? 0);
    isAlone = waitMs === null;
    slice = Array.from({ length: size }, (_, n) => first + n * intervalMs);
    size = Math.min(2 * size, mostTurns);
  }

  /** The next turn of the slice, by `performance.now()`; those whose time is over are nobody's. */
  function next(): number | undefined {
    const oldest = performance.now() - burstMs - intervalMs;
    const left = slice.filter((at) => at >= oldest);
    if (left.length < slice.length) size = 1;
    slice = left;
    return slice.shift();
  }

  return async () => {
    for (;;) {
      if (isAlone) return alone();
      const at = next();
      if (at !== undefined) return sleepUntil(at);
      leasing ??= lease(leaseTurns).finally(() => {
        leasing = null;
      });
      const isAway = await leasing.then(
        () => false,
        () => true,
      );
      if (isAway) return alone();
    }
  };
}

/** A token bucket of this process's own. */
function createOwnTurns(intervalMs: number, burstMs: number): Turns {
  let next = performance.now();
  return () => {
    const now = performance.now();
    next = Math.max(next, now - burstMs) + intervalMs;
    return sleepUntil(next);
  };
}

async function sleepUntil(at: number): Promise<void> {
  const waitMs = at - performance.now();
  if (waitMs > 0) await sleep(waitMs);
}

import type { Outcome } from '../core/outcome.ts';
import type { Store } from '../store/contract.ts';

export interface StreamOptions {
  readonly store: Pick<Store, 'outcomesAfter'>;
  /** The most outcomes that a reader is given at once; 100 unless told. */
  readonly limit?: number;
  /** After so long a reader looks again without having been woken; 1 s unless told. */
  readonly idleMs?: number;
}

/** The trail as it grows. A reader holds one page at a time, and the next is read when it asks for it. */
export interface Stream {
  /** Wakes the readers that wait; what they read never depends on it. */
  nudge(): void;
  /** Outcomes past a position, in order and without end, until the signal. */
  outcomes(after: number, signal: AbortSignal): AsyncGenerator<readonly Outcome[], void, void>;
}

export function createStream({ store, limit = 100, idleMs = 1_000 }: StreamOptions): Stream {
  const readers = new Set<Bell>();
  return {
    nudge() {
      for (const bell of readers) bell.ring();
    },
    async *outcomes(after, signal) {
      const bell = createBell();
      readers.add(bell);
      signal.addEventListener('abort', bell.ring);
      try {
        let position = after;
        while (!signal.aborted) {
          // Listening begins before the look, so that what comes between the look and the wait is not missed.
          bell.hush();
          const page = await store.outcomesAfter(position, limit);
          const last = page.at(-1);
          if (last) {
            yield page;
            position = last.data.position;
          } else await bell.wait(idleMs);
        }
      } finally {
        readers.delete(bell);
        signal.removeEventListener('abort', bell.ring);
      }
    },
  };
}

/** Remembers that it rang, until it is hushed. */
interface Bell {
  ring(): void;
  hush(): void;
  /** Resolves when it rings, at once if it has, or after that many milliseconds. */
  wait(ms: number): Promise<void>;
}

function createBell(): Bell {
  let rang = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      rang = true;
      wake?.();
    },
    hush() {
      rang = false;
    },
    wait(ms) {
      if (rang) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(done, ms);
        function done(): void {
          clearTimeout(timer);
          wake = null;
          resolve();
        }
        wake = done;
      });
    },
  };
}

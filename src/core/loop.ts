/**
 * Repeats a tick for as long as it finds work, then sleeps until it is nudged or the idle time is over.
 *
 * States: idle → running → stopped. `nudge` during a tick is remembered, so that no wake-up is lost.
 */
export interface Loop {
  start(): void;
  /** Wakes a sleeping loop; correctness never depends on it. */
  nudge(): void;
  /** Ends the loop after the tick that is running, and resolves when that is over. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** Does one round of work and says how much it did; 0 lets the loop sleep. */
  readonly tick: () => Promise<number>;
  readonly idleMs: number;
  /** A tick must not throw; when one does it is told here, and the loop goes on after `idleMs`. */
  readonly onError: (error: unknown) => void;
}

export function createLoop(options: LoopOptions): Loop {
  let stopped = false;
  let nudged = false;
  let wake: (() => void) | null = null;
  let running: Promise<void> | null = null;

  function sleep(): Promise<void> {
    if (nudged || stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, options.idleMs);
      function done(): void {
        clearTimeout(timer);
        wake = null;
        resolve();
      }
      wake = done;
    });
  }

  async function run(): Promise<void> {
    while (!stopped) {
      nudged = false;
      let worked = 0;
      let failed = false;
      try {
        worked = await options.tick();
      } catch (error) {
        failed = true;
        options.onError(error);
      }
      if (failed) nudged = false;
      if (worked === 0) await sleep();
    }
  }

  return {
    start() {
      running ??= run();
    },
    nudge() {
      nudged = true;
      wake?.();
    },
    async stop() {
      stopped = true;
      wake?.();
      await running;
    },
  };
}

import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLoop, type Loop, type LoopOptions } from '../../src/core/loop.ts';

/** Long enough that a test which waits for it fails by its own limit. */
const neverMs = 3_600_000;

const running: Loop[] = [];

function startLoop(options: Partial<LoopOptions> & Pick<LoopOptions, 'tick'>): Loop {
  const loop = createLoop({
    idleMs: neverMs,
    onError: (error) => {
      throw error;
    },
    ...options,
  });
  running.push(loop);
  loop.start();
  return loop;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('what was waited for did not happen');
    await setImmediate();
  }
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((loop) => loop.stop()));
});

describe('a loop', () => {
  it('goes on without a pause for as long as its ticks find work', async () => {
    const work = [3, 2, 1];
    let ticks = 0;
    startLoop({
      tick: async () => {
        ticks += 1;
        return work.shift() ?? 0;
      },
    });
    await until(() => ticks === 4);
  });

  it('sleeps once a tick finds nothing, until it is nudged', async () => {
    let ticks = 0;
    const loop = startLoop({
      tick: async () => {
        ticks += 1;
        return 0;
      },
    });
    await until(() => ticks === 1);
    await setImmediate();
    expect(ticks).toBe(1);
    loop.nudge();
    await until(() => ticks === 2);
  });

  it('wakes by itself when the idle time is over', async () => {
    let ticks = 0;
    startLoop({
      idleMs: 1,
      tick: async () => {
        ticks += 1;
        return 0;
      },
    });
    await until(() => ticks === 3);
  });

  it('does not lose a nudge that comes while a tick is running', async () => {
    let ticks = 0;
    const loop = startLoop({
      tick: async () => {
        ticks += 1;
        await setImmediate();
        if (ticks === 1) loop.nudge();
        return 0;
      },
    });
    await until(() => ticks === 2);
  });

  it('is started only once', async () => {
    let atOnce = 0;
    let most = 0;
    let ticks = 0;
    const loop = startLoop({
      tick: async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await setImmediate();
        atOnce -= 1;
        ticks += 1;
        return ticks < 3 ? 1 : 0;
      },
    });
    loop.start();
    await until(() => ticks >= 3);
    expect(most).toBe(1);
  });
});

describe('a loop whose tick throws', () => {
  it('tells the error and tries again after the idle time', async () => {
    const errors: unknown[] = [];
    const broken = new Error('the disk is full');
    let ticks = 0;
    startLoop({
      idleMs: 1,
      onError: (error) => errors.push(error),
      tick: async () => {
        ticks += 1;
        if (ticks === 1) throw broken;
        return 0;
      },
    });
    await until(() => ticks === 2);
    expect(errors).toEqual([broken]);
  });

  it('waits even though it was nudged meanwhile, so that it does not spin', async () => {
    let ticks = 0;
    const loop = startLoop({
      onError: () => {},
      tick: async () => {
        await setImmediate();
        ticks += 1;
        loop.nudge();
        throw new Error('the disk is full');
      },
    });
    await until(() => ticks === 1);
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    expect(ticks).toBe(1);
  });
});

describe('stopping a loop', () => {
  it('waits for the tick that is running, and lets no other begin', async () => {
    let finish = (): void => {};
    let ticks = 0;
    let finished = 0;
    const loop = startLoop({
      tick: async () => {
        ticks += 1;
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        finished += 1;
        return 1;
      },
    });
    await until(() => ticks === 1);
    let isStopped = false;
    const stopped = loop.stop().then(() => {
      isStopped = true;
    });
    await setImmediate();
    expect(isStopped).toBe(false);
    finish();
    await stopped;
    expect([ticks, finished]).toEqual([1, 1]);
  });

  it('does not wait for the idle time when the running tick finds nothing', async () => {
    let finish = (): void => {};
    let ticks = 0;
    const loop = startLoop({
      tick: async () => {
        ticks += 1;
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return 0;
      },
    });
    await until(() => ticks === 1);
    const stopped = loop.stop();
    finish();
    await stopped;
    expect(ticks).toBe(1);
  });

  it('ends its sleep at once', async () => {
    let ticks = 0;
    const loop = startLoop({
      tick: async () => {
        ticks += 1;
        return 0;
      },
    });
    await until(() => ticks === 1);
    await setImmediate();
    await loop.stop();
    expect(ticks).toBe(1);
  });

  it('is over at once when it never started', async () => {
    const loop = createLoop({ tick: async () => 0, idleMs: neverMs, onError: () => {} });
    await expect(loop.stop()).resolves.toBeUndefined();
  });
});

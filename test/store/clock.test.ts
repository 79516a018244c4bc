import { beforeEach, describe, expect, it } from '@jest/globals';
import { createDatabaseClock, type DatabaseClock } from '../../src/store/postgres/clock.ts';

const second = 1_000;

let now: number;
let clock: DatabaseClock;

beforeEach(() => {
  now = 1_000_000;
  clock = createDatabaseClock(() => now);
});

/** Asks a database whose clock is so far ahead; the answer takes its time, by half each way. */
function ask(aheadMs: number, tookMs = 0): Promise<number> {
  const answer = async () => {
    now += tookMs / 2;
    const databaseNow = now + aheadMs;
    now += tookMs / 2;
    return databaseNow;
  };
  return clock.observe(answer, (databaseNow) => databaseNow);
}

describe('the clock of the database', () => {
  it('is taken to be the same where they differ by little', async () => {
    await ask(200);
    expect(clock.shift(now)).toBe(now);
    await ask(-5 * second, 10 * second);
    expect(clock.shift(now)).toBe(now);
  });

  it('is as far away as was seen, until an answer says otherwise for certain', async () => {
    await ask(-9 * second);
    for (const [aheadMs, tookMs] of [
      [-9 * second, 20 * second],
      [-9.2 * second, 0],
      [-5 * second, 8 * second],
    ] as const) {
      await ask(aheadMs, tookMs);
      expect(clock.shift(now)).toBe(now - 9 * second);
    }
    await ask(-5 * second, 7 * second);
    expect(clock.shift(now)).toBe(now - 5 * second);
    await ask(100);
    expect(clock.shift(now)).toBe(now);
  });
});

import { describe, expect, it } from '@jest/globals';
import { createTurns } from '../../src/dispatcher/turns.ts';
import type { TurnSlice } from '../../src/store/contract.ts';

/** The schedule of a store, by the clock that the turns go by. */
function createSchedule() {
  const leased: TurnSlice[] = [];
  let next = Number.NEGATIVE_INFINITY;
  return {
    leased,
    async leaseTurns(slice: TurnSlice): Promise<number> {
      leased.push(slice);
      const now = performance.now();
      const first = Math.max(next, now - slice.burstMs);
      next = first + slice.turns * slice.intervalMs;
      return first - now;
    },
  };
}

async function take(turns: readonly (() => Promise<void>)[], each: number): Promise<number> {
  const begun = performance.now();
  await Promise.all(turns.flatMap((turn) => Array.from({ length: each }, turn)));
  return performance.now() - begun;
}

describe('turns that processes share', () => {
  it('keep the rate together, in slices of more than one while they are used up', async () => {
    const { leaseTurns, leased } = createSchedule();
    const three = [1, 2, 3].map(() => createTurns(300, leaseTurns));
    // All but a tenth of a second's must wait.
    expect(await take(three, 50)).toBeGreaterThanOrEqual((150 - 31) / 0.3 - 5);
    expect(leased.length).toBeLessThan(150);
    const sizes = leased.map(({ turns }) => turns);
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([1, 30]);
  });

  it('are nobody’s once their time is over, and begin with small slices again', async () => {
    const { leaseTurns, leased } = createSchedule();
    const turn = createTurns(200, leaseTurns);
    await take([turn], 40);
    await new Promise((resolve) => setTimeout(resolve, 400));
    leased.length = 0;
    await turn();
    expect(leased.map(({ turns }) => turns)).toEqual([1]);
  });

  it('are asked for once where nobody shares them', async () => {
    let asked = 0;
    const turn = createTurns(1_000, async () => {
      asked += 1;
      return null;
    });
    await turn();
    await take([turn], 100);
    expect(asked).toBe(1);
  });

  it('come at the own pace while the store is away, and from the store again after that', async () => {
    let isAway = true;
    const { leaseTurns, leased } = createSchedule();
    const turn = createTurns(200, async (slice) => {
      if (isAway) throw new Error('away');
      return leaseTurns(slice);
    });
    expect(await take([turn], 30)).toBeGreaterThanOrEqual((30 - 21) * 5 - 5);
    isAway = false;
    await turn();
    expect(leased).toHaveLength(1);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../src/core/outcome.ts';
import { createRelay, type RelayOptions } from '../../src/publishers/relay.ts';
import { onTrail, type Trail } from './trail.ts';

/** A relay to a publisher that keeps what it is told, or fails while it is told to. */
function relayOn({ store }: Trail, part: Partial<RelayOptions> & { name?: string } = {}) {
  const told: number[] = [];
  const lines: string[] = [];
  const world = { now: 0, fails: false };
  const publisher = {
    name: part.name ?? 'ours',
    async publish(outcomes: readonly Outcome[]) {
      if (world.fails) throw new Error('the broker is away: ada@example.com');
      told.push(...outcomes.map(({ data }) => data.position));
    },
  };
  const log = (facts: object, message: string) => {
    lines.push(JSON.stringify({ ...facts, message }));
  };
  const relay = createRelay({
    store,
    publisher,
    backoff: { minDelayMs: 1_000, maxDelayMs: 8_000 },
    now: () => world.now,
    random: () => 0.999_999,
    log: { info: log, warn: log, error: log },
    ...part,
  });
  return { relay, told, lines, world };
}

describe('a relay', () => {
  it(
    'tells every outcome once, in order, a bounded number at a time',
    onTrail(async (trail) => {
      await trail.grow(5);
      const { relay, told } = relayOn(trail, { limit: 2 });
      const counts = [await relay.tick(), await relay.tick(), await relay.tick(), await relay.tick()];
      expect(counts).toEqual([2, 2, 1, 0]);
      expect(told).toEqual([1, 2, 3, 4, 5]);
    }),
  );

  it(
    'tries the same ones again when publishing fails, and waits for longer each time',
    onTrail(async (trail) => {
      await trail.grow(2);
      const { relay, told, world, lines } = relayOn(trail);
      world.fails = true;
      const triedAt: number[] = [];
      for (; world.now <= 16_000; world.now += 500) {
        const before = relay.failures();
        await relay.tick();
        if (relay.failures() > before) triedAt.push(world.now);
      }
      expect(triedAt).toEqual([0, 1_000, 3_000, 7_000, 15_000]);
      expect(lines.join()).not.toContain('ada@');
      world.fails = false;
      expect(await relay.tick()).toBe(0);
      world.now = 23_000;
      expect(await relay.tick()).toBe(2);
      expect(told).toEqual([1, 2]);
      expect(relay.failures()).toBe(0);
    }),
  );

  it(
    'that fails is nothing to the others',
    onTrail(async (trail) => {
      await trail.grow(1);
      const broken = relayOn(trail, { name: 'broken' });
      broken.world.fails = true;
      const healthy = relayOn(trail, { name: 'healthy' });
      await broken.relay.tick();
      await healthy.relay.tick();
      expect([broken.told, healthy.told]).toEqual([[], [1]]);
      const { cursors } = await trail.store.figures(0);
      expect(cursors).toEqual([
        { publisher: 'broken', position: 0 },
        { publisher: 'healthy', position: 1 },
      ]);
    }),
  );

  it(
    'gives its lease back when publishing fails, so that another process may try at once',
    onTrail(async (trail) => {
      await trail.grow(1);
      const first = relayOn(trail);
      first.world.fails = true;
      await first.relay.tick();
      const second = relayOn(trail);
      expect(await second.relay.tick()).toBe(1);
    }),
  );

  it(
    'leaves outcomes alone that another process is at, until its lease has ended',
    onTrail(async (trail) => {
      await trail.grow(1);
      await trail.store.claimOutcomes('ours', { now: 0, token: 'another', leaseMs: 5_000, limit: 10 });
      const { relay, told, world } = relayOn(trail);
      world.now = 4_999;
      expect(await relay.tick()).toBe(0);
      world.now = 5_000;
      expect(await relay.tick()).toBe(1);
      expect(told).toEqual([1]);
    }),
  );

  it(
    'does not move the cursor of whoever took over when its own lease ended',
    onTrail(async (trail) => {
      await trail.grow(1);
      const slow = relayOn(trail, {
        leaseMs: 1_000,
        publisher: {
          name: 'ours',
          publish: async () => {
            await trail.store.claimOutcomes('ours', {
              now: 1_000,
              token: 'other',
              leaseMs: 1_000,
              limit: 10,
            });
          },
        },
      });
      expect(await slow.relay.tick()).toBe(0);
      expect(slow.lines.join()).toContain('the lease ended before publishing did');
      expect((await trail.store.figures(0)).cursors).toEqual([{ publisher: 'ours', position: 0 }]);
      expect(await trail.store.settleOutcomes('ours', 'other', 1)).toBe(true);
    }),
  );

  it(
    'takes what comes later',
    onTrail(async (trail) => {
      const { relay, told } = relayOn(trail);
      expect(await relay.tick()).toBe(0);
      await trail.grow(1);
      await relay.tick();
      await trail.grow(1);
      await relay.tick();
      expect(told).toEqual([1, 2]);
    }),
  );
});

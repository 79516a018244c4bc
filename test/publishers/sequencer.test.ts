import { describe, expect, it } from '@jest/globals';
import { recordOutcome } from '../../src/core/outcome.ts';
import { createSequencer } from '../../src/publishers/sequencer.ts';
import { onTrail } from './trail.ts';

describe('the sequencer', () => {
  it(
    'gives outcomes their places, so many at a time, until there are none left',
    onTrail(async ({ store }) => {
      const sequencer = createSequencer({ store, limit: 2 });
      for (let i = 0; i < 3; i += 1)
        await store.record(recordOutcome({ type: 'operator.decided', source: 'api', time: 0 }));
      expect(await store.outcomesAfter(0, 10)).toEqual([]);
      expect([await sequencer.tick(), await sequencer.tick(), await sequencer.tick()]).toEqual([2, 1, 0]);
      const trail = await store.outcomesAfter(0, 10);
      expect(trail.map(({ data }) => data.position)).toEqual([1, 2, 3]);
    }),
  );
});

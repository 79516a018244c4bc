import { describe, expect, it } from '@jest/globals';
import type { OutcomeDraft } from '../../src/core/outcome.ts';
import { createCheckpoint } from '../../src/publishers/checkpoint.ts';

describe('the checkpoint', () => {
  it('goes into the trail once an hour, and again when it could not be recorded', async () => {
    const recorded: OutcomeDraft[] = [];
    const clock = { now: 1_000 };
    let isDown = false;
    const store = {
      async record(draft: OutcomeDraft) {
        if (isDown) throw new Error('the disk is full');
        recorded.push(draft);
      },
    };
    const { tick } = createCheckpoint({ store, now: () => clock.now });
    await tick();
    clock.now += 3_599_999;
    await tick();
    expect(recorded).toEqual([]);
    clock.now += 1;
    isDown = true;
    await expect(tick()).rejects.toThrow('full');
    isDown = false;
    await tick();
    await tick();
    expect(recorded).toMatchObject([{ type: 'audit.checkpoint', time: clock.now }]);
  });
});

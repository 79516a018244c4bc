import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createGroupCommit } from '../../src/store/group-commit.ts';

/** Doubles numbers; what is negative cannot be committed, nor can anything beside it. */
function doubling() {
  const groups: number[][] = [];
  const group = createGroupCommit<number, number>({
    runAll(works) {
      groups.push([...works]);
      if (works.some((work) => work < 0)) throw new Error('negative');
      return works.map((work) => 2 * work);
    },
    maxGroup: 100,
  });
  return { group, groups };
}

describe('a group commit', () => {
  it('takes along what adjoining turns of the event loop bring, and does not wait once one brings nothing', async () => {
    const { group, groups } = doubling();
    const first = group.commit(1);
    const second = turn().then(() => group.commit(3));
    const beside = group.commit(2);
    expect(await Promise.all([first, beside, second])).toEqual([2, 4, 6]);
    expect(groups[0]).toEqual([1, 2, 3]);
    await group.commit(4);
    expect(groups.at(-1)).toEqual([4]);
  });

  it('finds the one that fails by halves, and commits all others in their order', async () => {
    const { group, groups } = doubling();
    const works = Array.from({ length: 64 }, (_, n) => (n === 37 ? -1 : n));
    const answers = await Promise.allSettled(works.map((work) => group.commit(work)));
    expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(answers[37]).toMatchObject({ reason: new Error('negative') });
    expect(answers[63]).toEqual({ status: 'fulfilled', value: 126 });
    const committed = groups.filter((one) => one.every((work) => work >= 0)).flat();
    expect(committed).toEqual(works.filter((work) => work >= 0));
    expect(groups.length).toBeLessThanOrEqual(13);
  });
});

import { describe, expect, it } from '@jest/globals';
import { within } from '../../src/core/deadline.ts';

const never = new Promise<string>(() => {});

describe('work with a deadline', () => {
  it('gives what it came to in time', async () => {
    expect(await within(Promise.resolve('done'), 60_000, 'late')).toBe('done');
    await expect(within(Promise.reject(new Error('broken')), 60_000, 'late')).rejects.toThrow('broken');
  });

  it.each([5, 0, -1])('is not waited for longer than %d ms', async (ms) => {
    expect(await within(never, ms, 'late')).toBe('late');
  });
});

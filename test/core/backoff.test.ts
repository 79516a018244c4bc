import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from '../../src/core/backoff.ts';

const policies = fc
  .tuple(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 0, max: 10_000_000 }))
  .map(([minDelayMs, more]) => ({ minDelayMs, maxDelayMs: minDelayMs + more }));
const shares = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the wait before a repeat', () => {
  it('is never below the minimum nor above the maximum, however often it was tried', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), policies, shares, (attempt, policy, random) => {
        const wait = backoffMs(attempt, policy, random);
        expect(wait).toBeGreaterThanOrEqual(policy.minDelayMs);
        expect(wait).toBeLessThanOrEqual(policy.maxDelayMs);
        expect(Number.isInteger(wait)).toBe(true);
      }),
    );
  });

  it('may double with every attempt until it reaches the maximum', () => {
    const policy = { minDelayMs: 1_000, maxDelayMs: 10_000 };
    const longest = [1, 2, 3, 4, 5, 6].map((attempt) => backoffMs(attempt, policy, 0.999_999));
    expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('is spread over the whole span, so that those who failed together do not come back together', () => {
    const policy = { minDelayMs: 1_000, maxDelayMs: 900_000 };
    const waits = [0.25, 0.5, 0.75].map((random) => backoffMs(8, policy, random));
    expect(waits).toEqual([32_000, 64_000, 96_000]);
  });
});

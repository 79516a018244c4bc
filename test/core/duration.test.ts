import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/core/duration.ts';

describe('a written duration', () => {
  it.each([
    ['100ms', 100],
    ['10s', 10_000],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['90d', 7_776_000_000],
    ['0s', 0],
  ])('%s is %d milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '10', 's', '1.5h', '-1s', '1 s', '1H', '1h30m', '1w', ' 1s', '1s\n', '1234567890s'])(
    '%j is not one',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  it.each([
    [0, '0ms'],
    [999, '999ms'],
    [1_000, '1s'],
    [90_000, '90s'],
    [3_600_000, '1h'],
    [172_800_000, '2d'],
  ])('of %d milliseconds is written in the largest unit that is exact', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('reads back as the same number of milliseconds', () => {
    fc.assert(
      fc.property(fc.nat({ max: 999_999_999 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

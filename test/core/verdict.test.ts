import { expect, it } from '@jest/globals';
import { MalformedDelivery, readPart } from '../../src/core/delivery.ts';
import { heldResign, isBygone, lastDayAt } from '../../src/core/verdict.ts';

const dayEnd = { timezone: 'America/New_York', dayEnds: '18:30' };

it('a held resign says why', () => {
  const hold = { code: 'record_deleted', message: 'the record was deleted' };
  expect(heldResign('record_deleted', 'the record was deleted')).toEqual({ action: 'resign', hold });
});

it('a last day is over at the time that was set, and one that is not named is none', () => {
  // The clocks of New York go forward that day.
  expect(lastDayAt('day', '2027-03-14', dayEnd)).toBe(Date.parse('2027-03-14T22:30:00Z'));
  for (const none of [null, undefined, '']) expect(lastDayAt('day', none, dayEnd)).toBeUndefined();
});

it('a last day is bygone when it was over for more than two days as it was told, and not without either', () => {
  const told = Date.parse('2026-11-20T08:00:00Z');
  expect(isBygone(told - 2 * 86_400_000 - 1, told)).toBe(true);
  expect(isBygone(told - 2 * 86_400_000, told)).toBe(false);
  expect(isBygone(undefined, told)).toBe(false);
  expect(isBygone(0, undefined)).toBe(false);
});

it('a part that cannot be read is told with its place, and any other error goes on', () => {
  expect(readPart(() => 1)).toBe(1);
  const part = readPart(() => lastDayAt('day', 'soon', dayEnd), 'events[1]: ');
  expect(part).toEqual(new MalformedDelivery('events[1]: day: is not a date'));
  expect(() =>
    readPart(() => {
      throw new TypeError('a bug');
    }),
  ).toThrow(TypeError);
});

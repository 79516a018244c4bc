import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dayBegins, isTimezone, readInstant, readLastDay } from '../../src/core/calendar.ts';

const end = (value: unknown, timezone: string, dayEnds = '24:00'): string | undefined => {
  const at = readLastDay(value, { timezone, dayEnds });
  return at === undefined ? undefined : new Date(at).toISOString().replace('.000Z', 'Z');
};

describe('the end of a last day', () => {
  it('is midnight at its end, where the person is', () => {
    expect(end('2026-11-30', 'Asia/Shanghai')).toBe('2026-11-30T16:00:00Z');
    expect(end('2026-11-30', 'UTC')).toBe('2026-12-01T00:00:00Z');
    expect(end('2026-11-30', 'America/Los_Angeles')).toBe('2026-12-01T08:00:00Z');
    expect(end('2026-12-31', 'Asia/Kathmandu')).toBe('2026-12-31T18:15:00Z');
    expect(end('2026-11-30', '+05:30')).toBe('2026-11-30T18:30:00Z');
  });

  it('is a local time of that day, where one is set', () => {
    expect(end('2026-11-30', 'Europe/Berlin', '18:00')).toBe('2026-11-30T17:00:00Z');
    expect(end('2026-11-30', 'Europe/Berlin', '00:00')).toBe('2026-11-29T23:00:00Z');
  });

  it('follows the clocks of summer and winter', () => {
    expect(end('2026-06-30', 'Europe/Madrid')).toBe('2026-06-30T22:00:00Z');
    expect(end('2026-12-31', 'Europe/Madrid')).toBe('2026-12-31T23:00:00Z');
    // The days on which the clocks of New York change have 23 and 25 hours.
    expect(end('2026-03-07', 'America/New_York')).toBe('2026-03-08T05:00:00Z');
    expect(end('2026-03-08', 'America/New_York')).toBe('2026-03-09T04:00:00Z');
    expect(end('2026-10-31', 'America/New_York')).toBe('2026-11-01T04:00:00Z');
    expect(end('2026-11-01', 'America/New_York')).toBe('2026-11-02T05:00:00Z');
  });

  it('is the moment of the change where the clocks go forward over it', () => {
    // In Chile summer begins at midnight: 2026-09-06 begins at 01:00.
    expect(end('2026-09-05', 'America/Santiago')).toBe('2026-09-06T04:00:00Z');
    expect(end('2026-03-29', 'Europe/Berlin', '02:30')).toBe('2026-03-29T01:30:00Z');
  });

  it('is the first of two where the clocks go back over it', () => {
    expect(end('2026-10-25', 'Europe/Berlin', '02:30')).toBe('2026-10-25T00:30:00Z');
    // In Cuba winter begins at 01:00, and midnight comes twice.
    expect(end('2026-10-31', 'America/Havana')).toBe('2026-11-01T04:00:00Z');
  });

  it('takes a midnight for the date that it stands for, whatever its offset', () => {
    for (const written of [
      '2026-11-30T00:00:00Z',
      '2026-11-30T00:00:00.000+0000',
      '2026-11-30T00:00:00-05:00',
      '2026-11-30T00:00:00',
      '2026-11-30T00:00',
    ])
      expect(end(written, 'Asia/Shanghai')).toBe('2026-11-30T16:00:00Z');
  });

  it('takes any other time with an offset for the instant that it is', () => {
    expect(end('2026-11-30T17:00:00-05:00', 'Asia/Shanghai')).toBe('2026-11-30T22:00:00Z');
  });

  it.each([
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '0000-00-00',
    '0050-01-01',
    '30.11.2026',
    '',
    null,
    20261130,
    '2026-11-30T17:00:00',
  ])('is not known of %j', (value) => {
    expect(end(value, 'UTC')).toBeUndefined();
  });

  it('is later than noon of the day, and no more than a day and an offset after it', () => {
    const zones = fc.constantFrom(
      'Pacific/Kiritimati',
      'Pacific/Pago_Pago',
      'Europe/London',
      'America/Sao_Paulo',
      'Asia/Beirut',
    );
    const days = fc.date({ min: new Date('1990-01-01'), max: new Date('2060-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(zones, days, (timezone, day) => {
        const date = day.toISOString().slice(0, 10);
        const at = readLastDay(date, { timezone, dayEnds: '24:00' });
        const local = new Intl.DateTimeFormat('sv', { timeZone: timezone, dateStyle: 'short' });
        expect(local.format(Number(at) - 1)).toBe(date);
        expect(local.format(at)).not.toBe(date);
      }),
      { numRuns: 300 },
    );
  });
});

describe('an instant', () => {
  it.each([
    ['2026-11-20T08:00:00Z', '2026-11-20T08:00:00.000Z'],
    ['2026-11-20T16:00:00+0800', '2026-11-20T08:00:00.000Z'],
    ['2026-11-20T08:00:00.123456789Z', '2026-11-20T08:00:00.123Z'],
    ['1763625600', '2025-11-20T08:00:00.000Z'],
    [1_763_625_600, '2025-11-20T08:00:00.000Z'],
  ])('is read from %j', (value, iso) => {
    expect(new Date(readInstant(value) ?? Number.NaN).toISOString()).toBe(iso);
  });

  it.each([
    '2026-11-20',
    '2026-11-20T08:00:00',
    '2026-11-20T25:00:00Z',
    '176362560',
    17,
    1.5,
    null,
    undefined,
    {},
  ])('is not read from %j', (value) => {
    expect(readInstant(value)).toBeUndefined();
  });
});

it('a time zone is one that the runtime knows', () => {
  expect(['Europe/Madrid', 'UTC', '+08:00'].map(isTimezone)).toEqual([true, true, true]);
  expect(['Europe/Nowhere', '', 'CET;'].map(isTimezone)).toEqual([false, false, false]);
});

describe('a day', () => {
  it('begins at midnight of its zone, or as soon as there is that day', () => {
    const begins = (date: string, zone: string) =>
      new Date(dayBegins(date, zone) ?? Number.NaN).toISOString();
    expect(begins('2026-12-01', 'Asia/Shanghai')).toBe('2026-11-30T16:00:00.000Z');
    expect(begins('2026-03-29', 'Europe/Rome')).toBe('2026-03-28T23:00:00.000Z');
    expect(begins('2026-03-30', 'Europe/Rome')).toBe('2026-03-29T22:00:00.000Z');
    expect(begins('2026-11-01', 'America/Los_Angeles')).toBe('2026-11-01T07:00:00.000Z');
    expect(begins('2026-11-02', 'America/Los_Angeles')).toBe('2026-11-02T08:00:00.000Z');
    // In Chile summer begins at midnight, which is then 01:00 at once; in Cuba winter at 01:00, so midnight comes twice.
    expect(begins('2026-09-06', 'America/Santiago')).toBe('2026-09-06T04:00:00.000Z');
    expect(begins('2026-11-01', 'America/Havana')).toBe('2026-11-01T04:00:00.000Z');
    expect(begins('2026-06-01', 'Etc/UTC')).toBe('2026-06-01T00:00:00.000Z');
    expect(dayBegins('2026-06-01', 'Mars/Olympus')).toBeNull();
  });
});

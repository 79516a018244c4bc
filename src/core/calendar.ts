/** Dates as HR systems write them, and the instants that they mean in a time zone. Nothing here looks at a clock. */

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** A day of the calendar, wherever it is: `2026-11-30`. */
const datePattern = /^([1-9]\d{3})-(\d\d)-(\d\d)$/;
/** Midnight, with or without an offset: many systems write a date as a time. */
const midnightPattern = /^(\d{4}-\d\d-\d\d)T00:00(:00(\.0{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/;
const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/;

/** Whether the runtime knows a time zone by this name, such as `Europe/Madrid`. */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * Epoch milliseconds of an instant: ISO 8601 with an offset such as +00:00, +0000 or Z, or unix seconds as a number or
 * as ten digits. `undefined` for everything else, a date without a time among it.
 */
export function readInstant(value: unknown): number | undefined {
  if (typeof value === 'number') return isUnixSeconds(value) ? value * 1_000 : undefined;
  if (typeof value !== 'string') return undefined;
  if (/^\d{10}$/.test(value)) return Number(value) * 1_000;
  if (!instantPattern.test(value)) return undefined;
  const ms = Date.parse(value.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(ms) ? undefined : ms;
}

function isUnixSeconds(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1_000_000_000 && value <= 9_999_999_999;
}

/** When a day of the calendar is over for somebody. */
export interface DayEnd {
  /** An IANA name. */
  readonly timezone: string;
  /** The local time at which it is over, `18:30`; `24:00` is midnight at its end. */
  readonly dayEnds: string;
}

/**
 * The instant at which somebody's last day is over: of a date, or of a midnight that stands for one, the local time
 * `dayEnds` of that day; any other time is taken as the instant that it is. `undefined` when it is neither.
 */
export function readLastDay(value: unknown, { timezone, dayEnds }: DayEnd): number | undefined {
  if (typeof value !== 'string') return undefined;
  const [year = 0, month = 0, day = 0] =
    datePattern
      .exec(midnightPattern.exec(value)?.[1] ?? value)
      ?.slice(1)
      .map(Number) ?? [];
  if (year === 0) return readInstant(value);
  const date = Date.UTC(year, month - 1, day);
  if (new Date(date).getUTCMonth() !== month - 1) return undefined;
  const endMinutes = Number(dayEnds.slice(0, 2)) * 60 + Number(dayEnds.slice(3));
  return localInstant(date + endMinutes * minuteMs, timezone);
}

/** When a day such as `2026-12-01` begins in a time zone, or `null` for a zone that is not known. */
export function dayBegins(date: string, timezone: string): number | null {
  return isTimezone(timezone) ? localInstant(Date.parse(`${date}T00:00:00Z`), timezone) : null;
}

/**
 * The instant of a local time, which is given as if it were UTC. Where clocks go back, the first of the two; where
 * they go forward over it, the moment at which they do.
 */
function localInstant(local: number, timezone: string): number {
  const candidates = [local - dayMs, local + dayMs].map((around) => local - offsetAt(around, timezone));
  const exact = candidates.filter((one) => one + offsetAt(one, timezone) === local);
  return exact.length > 0 ? Math.min(...exact) : Math.max(...candidates);
}

/** By how much the clocks of a zone are ahead of UTC at an instant, in milliseconds. */
function offsetAt(instant: number, timezone: string): number {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return local - Math.floor(instant / 1_000) * 1_000;
}

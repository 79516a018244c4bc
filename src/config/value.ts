import { z } from 'zod';
import { durationPattern, formatDuration, parseDuration } from '../core/duration.ts';

export const text = z.string().min(1).max(1_024);
export const port = z.int().min(0).max(65_535);
/** How many of something; what it must at least be, the key itself says. */
export const count = z.int().min(0).max(1_000_000_000);

export const dayMs = 86_400_000;

interface DurationLimits {
  readonly minMs?: number;
  readonly maxMs?: number;
}

/** A written duration, read as milliseconds. */
export function duration({ minMs = 1, maxMs = 3_650 * dayMs }: DurationLimits = {}) {
  const error = 'is not a duration such as 100ms, 10s, 15m, 1h, 90d';
  return z
    .string({ error })
    .regex(durationPattern, { error })
    .transform((written) => parseDuration(written) ?? Number.NaN)
    .refine((ms) => ms >= minMs && ms <= maxMs, {
      error: `is not between ${formatDuration(minMs)} and ${formatDuration(maxMs)}`,
    });
}

/** Lets a rule that compares two keys be checked as soon as both are read, whatever is wrong with others. */
export function areRead(...keys: readonly string[]) {
  return ({ value }: z.core.ParsePayload): boolean => {
    const section = new Map(Object.entries(Object(value)));
    return keys.every((key) => typeof section.get(key) === 'number');
  };
}

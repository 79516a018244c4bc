/** How long to wait between tries; all in milliseconds. */
export interface BackoffPolicy {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * Full-jitter exponential backoff: a uniformly random share of `min · 2^(attempt-1)`, never above the maximum
 * and never below the minimum.
 * @param attempt 1 for the first repeat
 * @param random a number in [0, 1)
 */
export function backoffMs(attempt: number, policy: BackoffPolicy, random: number): number {
  const ceiling = Math.min(policy.maxDelayMs, policy.minDelayMs * 2 ** Math.min(attempt - 1, 30));
  return Math.max(policy.minDelayMs, Math.round(ceiling * random));
}

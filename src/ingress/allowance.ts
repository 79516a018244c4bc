/** A bound on what others can make us write: at most `limit` in each span of `perMs` milliseconds. */
export interface Allowance {
  /** Whether there is still room; uses some of it up. */
  take(now: number): boolean;
}

export function createAllowance(limit: number, perMs: number): Allowance {
  let span = Number.NaN;
  let used = 0;
  return {
    take(now) {
      const current = Math.floor(now / perMs);
      if (current !== span) {
        span = current;
        used = 0;
      }
      used += 1;
      return used <= limit;
    },
  };
}

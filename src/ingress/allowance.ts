/** A bound on what others can make us do: at most `limit` in each span of `perMs` milliseconds. */
export interface Allowance {
  /** Whether there is still room; uses some of it up. */
  take(now: number): boolean;
  /** How long until there is room again at the latest, in milliseconds. */
  waitMs(now: number): number;
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
    waitMs: (now) => perMs - (now % perMs),
  };
}

/** The allowances of many, each made when it is first asked for; `keys` must be few, and known. */
export function createAllowances(limit: number, perMs: number): (key: string) => Allowance {
  const allowances = new Map<string, Allowance>();
  return (key) => {
    const allowance = allowances.get(key) ?? createAllowance(limit, perMs);
    allowances.set(key, allowance);
    return allowance;
  };
}

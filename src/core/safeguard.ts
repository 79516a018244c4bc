import type { Act } from './intent.ts';

/** So many acts by machines within a sliding window; the rest is held. */
export interface SafeguardLimit {
  /** The source that it counts alone; `null` = all together. */
  readonly source: string | null;
  /** `null` = it says nothing about resigns. */
  readonly maxResigns: number | null;
  /** `null` = it says nothing about kicks. */
  readonly maxKicks: number | null;
  readonly perMs: number;
}

/** A limit as it is configured; of the count and the share, the larger applies. */
export interface SafeguardRule extends SafeguardLimit {
  /** Resigns as a share of the active users of the pool, in percent. */
  readonly maxPercent: number | null;
}

/** The limits as they stand now. While nobody knows how many users are active, only the counts apply. */
export function limitsNow(
  rules: readonly SafeguardRule[],
  activeUsers: number | null,
): readonly SafeguardLimit[] {
  return rules.map(({ source, maxResigns, maxPercent, maxKicks, perMs }) => {
    const share =
      maxPercent === null || activeUsers === null ? 0 : Math.floor((activeUsers * maxPercent) / 100);
    return {
      source,
      maxResigns: maxResigns === null ? null : Math.max(maxResigns, share),
      maxKicks,
      perMs,
    };
  });
}

/** How many acts of that kind a limit allows in its window; `null` = it says nothing about them. */
export function mostOf({ maxResigns, maxKicks }: SafeguardLimit, action: Act): number | null {
  return action === 'resign' ? maxResigns : maxKicks;
}

/** Whether a limit counts what comes from a source. */
export function covers(limit: SafeguardLimit, source: string): boolean {
  return limit.source === null || limit.source === source;
}

/** Where the limits stand that hold an intent of that source: the key of the configuration. */
export function settingOf(limits: readonly SafeguardLimit[], source: string): string {
  const isShared = limits.some((limit) => limit.source === null);
  return isShared ? 'leavers.safeguard' : `sources.${source}.safeguard`;
}

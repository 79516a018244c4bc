import type { ReceiptKind } from './receive.ts';

/** What a source has sent since the process started. */
export interface SourceActivity {
  readonly id: string;
  /** The last genuine delivery; epoch milliseconds, `null` = none since the start. */
  readonly lastDeliveryAt: number | null;
  readonly receipts: Readonly<Partial<Record<ReceiptKind, number>>>;
  /** The share of deliveries that were not genuine, could not be read or could not be kept: 0 to 1. */
  readonly errorRate: number;
  /** Nothing genuine came for longer than is expected; `null` = nothing is expected. */
  readonly silent: boolean | null;
}

export interface Activity {
  note(sourceId: string, kind: ReceiptKind): void;
  report(): readonly SourceActivity[];
}

export interface ActivityOptions {
  /** `expectEveryMs`: `null` = silence is no news. */
  readonly sources: readonly { readonly id: string; readonly expectEveryMs: number | null }[];
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const genuine: readonly ReceiptKind[] = ['accepted', 'duplicate', 'ignored', 'dead-letter'];
const failed: readonly ReceiptKind[] = ['unverified', 'dead-letter', 'busy'];

export function createActivity({ sources, now }: ActivityOptions): Activity {
  const startedAt = now();
  const seen = new Map(
    sources.map(({ id }) => [id, { lastAt: null as number | null, counts: new Map<ReceiptKind, number>() }]),
  );

  function reportOne({ id, expectEveryMs }: ActivityOptions['sources'][number]): SourceActivity {
    const { lastAt, counts } = seen.get(id) ?? { lastAt: null, counts: new Map<ReceiptKind, number>() };
    const sum = (kinds: Iterable<ReceiptKind>): number =>
      [...kinds].reduce((total, kind) => total + (counts.get(kind) ?? 0), 0);
    return {
      id,
      lastDeliveryAt: lastAt,
      receipts: Object.fromEntries(counts),
      errorRate: sum(failed) / Math.max(1, sum(counts.keys())),
      silent: expectEveryMs === null ? null : now() - (lastAt ?? startedAt) > expectEveryMs,
    };
  }

  return {
    note(sourceId, kind) {
      const one = seen.get(sourceId);
      if (!one) return;
      one.counts.set(kind, (one.counts.get(kind) ?? 0) + 1);
      if (genuine.includes(kind)) one.lastAt = now();
    },
    report: () => sources.map(reportOne),
  };
}

import type { ReceiptKind } from './receive.ts';

/** What a source has sent. */
export interface SourceActivity {
  readonly id: string;
  /** The last genuine delivery; epoch milliseconds, `null` = none that is remembered. */
  readonly lastDeliveryAt: number | null;
  /** Since when the bridge has listened to it; epoch milliseconds. */
  readonly knownSince: number;
  /** Since the process started. */
  readonly receipts: Readonly<Partial<Record<ReceiptKind, number>>>;
  /** The share of deliveries since the start that were not genuine, could not be read or could not be kept: 0 to 1. */
  readonly errorRate: number;
  /** After so long without a genuine delivery it counts as silent; `null` = never. */
  readonly expectEveryMs: number | null;
  /** Nothing genuine came for longer than is expected; `null` = nothing is expected. */
  readonly silent: boolean | null;
}

/** What of a source's activity outlives the process, and is shared by those of one store. */
export interface Remembered {
  readonly knownSince: number;
  readonly lastDeliveryAt: number | null;
}

export interface Activity {
  note(sourceId: string, kind: ReceiptKind): void;
  report(): readonly SourceActivity[];
  /** Takes in what this process did not see by itself. */
  recall(sourceId: string, remembered: Remembered): void;
}

export interface ActivityOptions {
  /** `expectEveryMs`: `null` = silence is no news. */
  readonly sources: readonly { readonly id: string; readonly expectEveryMs: number | null }[];
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const genuine: readonly ReceiptKind[] = ['accepted', 'duplicate', 'ignored', 'dead-letter'];
const failed: readonly ReceiptKind[] = ['unverified', 'dead-letter', 'busy', 'refused'];

/** What can become of a delivery of a source that is configured. */
export const receiptKinds: readonly ReceiptKind[] = [
  ...new Set([...genuine, ...failed, 'handshake' as const]),
];

interface Seen {
  knownSince: number;
  lastAt: number | null;
  readonly counts: Map<ReceiptKind, number>;
}

export function createActivity({ sources, now }: ActivityOptions): Activity {
  const startedAt = now();
  const fresh = (): Seen => ({ knownSince: startedAt, lastAt: null, counts: new Map() });
  const seen = new Map(sources.map(({ id }) => [id, fresh()]));

  function reportOne({ id, expectEveryMs }: ActivityOptions['sources'][number]): SourceActivity {
    const { knownSince, lastAt, counts } = seen.get(id) ?? fresh();
    const sum = (kinds: Iterable<ReceiptKind>): number =>
      [...kinds].reduce((total, kind) => total + (counts.get(kind) ?? 0), 0);
    return {
      id,
      lastDeliveryAt: lastAt,
      knownSince,
      receipts: Object.fromEntries(counts),
      errorRate: sum(failed) / Math.max(1, sum(counts.keys())),
      expectEveryMs,
      silent: expectEveryMs === null ? null : now() - (lastAt ?? knownSince) > expectEveryMs,
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
    recall(sourceId, { knownSince, lastDeliveryAt }) {
      const one = seen.get(sourceId);
      if (!one) return;
      one.knownSince = Math.min(one.knownSince, knownSince);
      if (lastDeliveryAt !== null) one.lastAt = Math.max(one.lastAt ?? lastDeliveryAt, lastDeliveryAt);
    },
  };
}

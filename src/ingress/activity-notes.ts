import { z } from 'zod';
import type { Store } from '../store/contract.ts';
import type { Activity, Remembered, SourceActivity } from './activity.ts';

export interface ActivityNotesOptions {
  readonly activity: Pick<Activity, 'report' | 'recall'>;
  readonly store: Pick<Store, 'keepNote' | 'findNote'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Longer than any `expectEvery` that makes sense; each write begins it anew. */
const keptMs = 400 * 86_400_000;

const remembered = z.object({ knownSince: z.number(), lastDeliveryAt: z.number().nullable() });

/**
 * Keeps in the store when each source last sent something, so that neither a restart nor another process that takes
 * the deliveries makes a source seem silent, or one that is silent seem new. A tick reads what is there, and writes
 * what this process knows better.
 */
export function createActivityNotes({ activity, store, now }: ActivityNotesOptions): {
  tick(): Promise<number>;
} {
  async function exchange({ id, knownSince, lastDeliveryAt }: SourceActivity): Promise<void> {
    const key = `activity:${id}`;
    const there = read(await store.findNote(key, now()));
    if (there) activity.recall(id, there);
    const isNews = there === null || (lastDeliveryAt ?? 0) > (there.lastDeliveryAt ?? 0);
    if (!isNews) return;
    const text = JSON.stringify({
      knownSince: Math.min(knownSince, there?.knownSince ?? knownSince),
      lastDeliveryAt,
    });
    await store.keepNote({ key, text, expiresAt: now() + keptMs }, now());
  }

  return {
    async tick() {
      for (const source of activity.report()) await exchange(source);
      return 0;
    },
  };
}

/** A note that cannot be read is as good as none. */
function read(text: string | null): Remembered | null {
  if (text === null) return null;
  try {
    return remembered.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

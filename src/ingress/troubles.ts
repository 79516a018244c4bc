import type { Trouble } from '../core/trouble.ts';
import type { StoreFigures } from '../store/contract.ts';
import type { SourceActivity } from './activity.ts';

/** The sources from which something should have come by now. */
export function silences(activity: readonly SourceActivity[]): Trouble[] {
  return activity.flatMap(({ id, silent, lastDeliveryAt, knownSince }): Trouble[] => {
    if (!silent) return [];
    const since = new Date(lastDeliveryAt ?? knownSince).toISOString();
    return [{ code: 'source_silent', about: id, message: `nothing has come from ${id} since ${since}` }];
  });
}

/** An intent that is due for longer, in milliseconds, is late: most take less than a second. */
const lateMs = 15 * 60_000;

/** What the figures of the store say is wrong. @param backlogLimit so many due intents are too many */
export function strains(
  { due, oldestDueAt }: Pick<StoreFigures, 'due' | 'oldestDueAt'>,
  { backlogLimit, now }: { readonly backlogLimit: number; readonly now: number },
): Trouble[] {
  const found: Trouble[] = [];
  if (oldestDueAt !== null && now - oldestDueAt > lateMs) {
    const minutes = Math.floor((now - oldestDueAt) / 60_000);
    found.push({ code: 'overdue', about: null, message: `an intent has been due for ${minutes} minutes` });
  }
  if (due >= backlogLimit) {
    const message = 'deliveries get 503 until some of what is due is done';
    found.push({ code: 'backlog_full', about: null, message });
  }
  return found;
}

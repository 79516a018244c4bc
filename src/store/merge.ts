import { personKey } from '../core/identifier.ts';
import type { SeenUser } from './contract.ts';
import type { Step } from './judgement.ts';
import type { StoredIntent } from './rows.ts';

/** The mark of a user whom a step found resigned already; `null` for any other step. */
export function foundDone({ intent }: StoredIntent, { change }: Step): string | null {
  const userId = change.progress?.seenUserId;
  if (intent.action !== 'resign' || intent.acted || change.status !== 'succeeded' || !userId) return null;
  return userMark(userId);
}

/** The key under which the resigns of a user are found, by whatever identifier they came. */
export function userMark(userId: string): string {
  return personKey({ userIdType: 'user_id', userId });
}

/** Who is about to be sent under a lease; see `Store.beginAct`. */
export interface BeginRequest {
  readonly token: string;
  readonly seen: readonly SeenUser[];
  /** By the store's clock, as what follows. */
  readonly now: number;
  /** Whatever was sent at that time or later, the looks before this act may not show. */
  readonly lookedAt: number;
  /** The leases that this process holds. */
  readonly alive: readonly string[];
}

/** Whether the resign that another intent has sent of a user is under way, or was sent since the look. */
export function isSentMeanwhile(
  { leaseToken, intent: { actedAt, dueAt } }: StoredIntent,
  { now, lookedAt, alive }: Pick<BeginRequest, 'now' | 'lookedAt' | 'alive'>,
): boolean {
  const isUnderWay = leaseToken !== null && ((dueAt ?? 0) > now || alive.includes(leaseToken));
  return isUnderWay || (actedAt ?? 0) >= lookedAt;
}

/**
 * Notes that a resign may have been sent as late as it is settled: after it was begun it waited for its turn, and a look
 * from that time does not show it. @param at by the store's clock
 */
export function noteSent(step: Step, { intent }: StoredIntent, at: number): Step {
  if (intent.action !== 'resign' || !intent.acted) return step;
  const progress = { ...step.change.progress, actedAt: at };
  return { ...step, change: { ...step.change, progress } };
}

/** Lets an intent that found its work done say by which other that was. */
export function noteMerge(step: Step, doer: string | null): Step {
  return doer === null || !step.outcome ? step : { ...step, outcome: { ...step.outcome, mergedWith: doer } };
}

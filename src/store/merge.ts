import { personKey } from '../core/identifier.ts';
import type { ActTimes, SeenUser } from './contract.ts';
import type { Step } from './judgement.ts';
import type { StoredIntent } from './rows.ts';

/** Somebody who is resigned, and whether this intent did it, or found it done. */
export interface Done {
  /** The mark of the `user_id` that a look showed; the intent that did it is found by it. */
  readonly mark: string;
  readonly foundDone: boolean;
}

/** What a step says of somebody's resign; `null` unless it is the success of one. */
export function doneBy({ intent }: StoredIntent, { change }: Step): Done | null {
  const userId = change.progress?.seenUserId;
  if (intent.action !== 'resign' || change.status !== 'succeeded' || !userId) return null;
  return { mark: userMark(userId), foundDone: !intent.acted };
}

/** The key under which the resigns of a user are found, by whatever identifier they came. */
export function userMark(userId: string): string {
  return personKey({ userIdType: 'user_id', userId });
}

/** Who is about to be sent under a lease; see `Store.beginAct`. */
export interface BeginRequest {
  readonly token: string;
  readonly seen: readonly SeenUser[];
  /** By the store's clock. */
  readonly times: ActTimes;
  /** The leases that this process holds. */
  readonly alive: readonly string[];
}

/** Whether the resign that another intent has sent of a user is under way, or was sent since the look. */
export function isSentMeanwhile(
  { leaseToken, intent: { actedAt, dueAt } }: StoredIntent,
  { times: { now, lookedAt }, alive }: Pick<BeginRequest, 'times' | 'alive'>,
): boolean {
  const isUnderWay = leaseToken !== null && ((dueAt ?? 0) > now || alive.includes(leaseToken));
  return isUnderWay || (actedAt ?? 0) >= lookedAt;
}

/** Lets the intent that did the work be found, and one that found it done say by which. */
export function noteMerge(step: Step, done: Done | null, doer: string | null): Step {
  if (!done) return step;
  if (!done.foundDone) return { ...step, marks: [done.mark] };
  return doer === null || !step.outcome ? step : { ...step, outcome: { ...step.outcome, mergedWith: doer } };
}

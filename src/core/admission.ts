import type { Failure, FailureCode } from './failure.ts';
import type { Action, IntentDraft } from './intent.ts';

/** What a source may do, and how careful the bridge is with it; durations in milliseconds. */
export interface AdmissionPolicy {
  readonly actions: readonly Action[];
  readonly maxEventAgeMs: number;
  readonly fourEyes: boolean;
  /** How long a machine's resign waits, so that a burst is seen before its first member is acted on. */
  readonly graceMs: number;
}

/** How an intent enters the store. `dueAt` is kept while it is held, and counts again once it is released. */
export type Admission =
  | { readonly status: 'scheduled' | 'pending'; readonly dueAt: number }
  | { readonly status: 'held'; readonly dueAt: number; readonly failure: Failure }
  | { readonly status: 'canceled'; readonly failure: Failure };

export interface AdmissionFacts {
  readonly draft: Pick<IntentDraft, 'action' | 'occurredAt' | 'effectiveAt' | 'hold'>;
  /** Asked for by a person whom we authenticated. */
  readonly byPerson: boolean;
  readonly waived: readonly FailureCode[];
}

/** A date that lies further ahead than this, in milliseconds, is more likely a slip of the pen. */
export const maxAheadMs = 366 * 86_400_000;

/** Decides what becomes of an intent when it comes in, is retried, or is released by a person. */
export function admit(facts: AdmissionFacts, policy: AdmissionPolicy, now: number): Admission {
  const { draft, byPerson } = facts;
  if (!policy.actions.includes(draft.action)) {
    return {
      status: 'canceled',
      failure: { code: 'action_not_allowed', message: `this source may not ${draft.action}` },
    };
  }
  const grace = draft.action === 'resign' && !byPerson && facts.waived.length === 0 ? policy.graceMs : 0;
  const dueAt = Math.max(draft.effectiveAt ?? 0, now + grace);
  const failure = reasonToHold(facts, policy, now);
  if (failure) return { status: 'held', dueAt, failure };
  return {
    status: draft.effectiveAt !== undefined && draft.effectiveAt > now ? 'scheduled' : 'pending',
    dueAt,
  };
}

function reasonToHold(
  { draft, byPerson, waived }: AdmissionFacts,
  policy: AdmissionPolicy,
  now: number,
): Failure | null {
  if (draft.action === 'withdraw') return null;
  if (draft.hold && !waived.includes(draft.hold.code)) return draft.hold;
  if (
    draft.occurredAt !== undefined &&
    now - draft.occurredAt > policy.maxEventAgeMs &&
    !waived.includes('stale')
  ) {
    return { code: 'stale', message: 'the event is older than leavers.maxEventAge' };
  }
  if ((draft.effectiveAt ?? 0) - now > maxAheadMs && !waived.includes('far_future')) {
    return { code: 'far_future', message: 'the date is more than a year ahead' };
  }
  if (draft.action === 'resign' && byPerson && policy.fourEyes && !waived.includes('needs_approval')) {
    return {
      code: 'needs_approval',
      message: 'a resign asked for by a person needs the approval of another',
    };
  }
  return null;
}

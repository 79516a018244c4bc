import { type AdmissionPolicy, admit } from '../core/admission.ts';
import type { FailureCode } from '../core/failure.ts';
import { actions, type Decision, type Intent, type IntentDraft } from '../core/intent.ts';
import type { DecisionRequest } from '../store/contract.ts';
import type { Sources } from './source.ts';

/** What a release is checked by. */
export interface ReleaseChecks {
  readonly sources: Sources;
  readonly policy: Omit<AdmissionPolicy, 'actions'>;
  /** What was held longer ago has to be asked about anew, in milliseconds. */
  readonly askAgainAfterMs: number;
  /** Whether two actors are one person; `null` is a machine. */
  readonly isSamePerson: (one: string | null, other: string) => boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Whether something was held so long ago that a release would be of what nobody remembers. */
export function isTooOld(
  since: number,
  { now, askAgainAfterMs }: Pick<ReleaseChecks, 'now' | 'askAgainAfterMs'>,
): boolean {
  return now() - since > askAgainAfterMs;
}

export const tooOld =
  'it was held longer ago than leavers.askAgainAfter, and is asked about anew in a moment';

/**
 * Lets a held intent go on, if it is still held for the reason for which it was when this was decided. That reason
 * counts no more; every other check is made again, by which it may be held anew, or canceled.
 */
export function releaseRequest(
  intent: Intent,
  { decision, waives }: { decision: Decision; waives: readonly FailureCode[] },
  { sources, policy, now }: ReleaseChecks,
): DecisionRequest {
  const allowed = sources.get(intent.source)?.actions ?? actions;
  const heldFor = intent.failure?.code;
  const waived = [...intent.waived, ...waives, ...(heldFor ? [heldFor] : [])];
  const facts = { draft: draftOf(intent), byPerson: intent.actor !== null, waived };
  const admission = admit(facts, { ...policy, actions: allowed }, now());
  return { intentId: intent.id, decision, admission, ...(heldFor ? { heldFor } : {}) };
}

/** What was once asked for, to be asked again. */
export function draftOf(intent: Intent): IntentDraft {
  return {
    action: intent.action,
    identifiers: intent.identifiers,
    subject: intent.subject ?? undefined,
    occurredAt: intent.occurredAt ?? undefined,
    effectiveAt: intent.effectiveAt ?? undefined,
    reason: intent.reason ?? undefined,
    requestedBy: intent.requestedBy ?? undefined,
    appIds: intent.appIds,
    reference: intent.reference,
  };
}

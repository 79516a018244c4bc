import { type BackoffPolicy, backoffMs } from '../core/backoff.ts';
import type { Failure, FailureCode } from '../core/failure.ts';
import { contradiction, type FoundUser, resignedStatus } from '../core/identifier.ts';
import { type AnswerSummary, type FinalStatus, type Intent, waitingSince } from '../core/intent.ts';
import type { Settlement } from '../core/settlement.ts';
import type { NotDone } from '../management-api/answer.ts';

/** The pure table of what looks and answers mean for one intent. No I/O, no clock, no randomness of its own. */

/** The most intents that may share a resign call (GenAuth: 1 to 50 `userIds`). */
export const maxBatch = 50;

/** What every verdict goes by. Times in milliseconds. */
export interface VerdictFacts {
  readonly now: number;
  readonly backoff: BackoffPolicy;
  readonly giveUpAfterMs: number;
  /** A number in [0, 1). */
  readonly random: number;
}

/** What a look showed of one intent's user. */
export type Look =
  | { readonly kind: 'found'; readonly user: FoundUser }
  | { readonly kind: 'missing' }
  /** A batch's answer does not show the user; only a look at that one user tells. */
  | { readonly kind: 'unsure' };

export type LookVerdict =
  | { readonly kind: 'act'; readonly user: FoundUser }
  | { readonly kind: 'settle'; readonly user: FoundUser | null; readonly settlement: Settlement };

export interface LookFacts extends VerdictFacts {
  readonly dryRun: boolean;
  readonly isProtected: (user: FoundUser) => boolean;
}

/** What a look before a resign means. */
export function judgeLook(intent: Intent, look: Look, facts: LookFacts): LookVerdict {
  if (look.kind === 'found') return judgeFound(intent, look.user, facts);
  if (look.kind === 'unsure')
    return { kind: 'settle', user: null, settlement: again(intent, facts.now, { cap: 1 }) };
  if (intent.acted) return { kind: 'settle', user: null, settlement: notConfirmed(intent, facts) };
  return { kind: 'settle', user: null, settlement: nextIdentifier(intent, facts) };
}

function judgeFound(intent: Intent, user: FoundUser, facts: LookFacts): LookVerdict {
  const settle = (settlement: Settlement): LookVerdict => ({ kind: 'settle', user, settlement });
  if (intent.action === 'resign' && user.status === resignedStatus) {
    return settle(final(facts.dryRun ? 'simulated' : 'succeeded', { confirmed: true, dryRun: facts.dryRun }));
  }
  if (intent.voided) return settle(again(intent, facts.now, { acted: false }));
  const hold = reasonToHold(intent, user, facts);
  if (hold && facts.dryRun) return settle(final('simulated', { failure: hold, dryRun: true }));
  if (hold) return settle({ kind: 'hold', failure: hold });
  return facts.dryRun ? settle(final('simulated', { dryRun: true })) : { kind: 'act', user };
}

function reasonToHold(intent: Intent, user: FoundUser, facts: LookFacts): Failure | null {
  if (facts.isProtected(user) && !intent.waived.includes('protected')) {
    return { code: 'protected', message: 'this person is protected by leavers.protected' };
  }
  const against = contradiction(user, intent.identifiers);
  if (!against || intent.waived.includes('identity_conflict')) return null;
  return { code: 'identity_conflict', message: `the user that was found has another ${against.userIdType}` };
}

/** The user of the identifier in turn does not exist: try the next one, or say so. */
export function nextIdentifier(
  intent: Intent,
  facts: Pick<LookFacts, 'now'> & { readonly dryRun: boolean },
): Settlement {
  const identifierIndex = intent.identifierIndex + 1;
  if (identifierIndex < intent.identifiers.length) {
    return again(intent, facts.now, { identifierIndex, cap: maxBatch });
  }
  const failure: Failure = {
    code: 'user_not_found',
    message: 'GenAuth has no user by any identifier of the event',
  };
  return final(facts.dryRun ? 'simulated' : 'failed', { failure, dryRun: facts.dryRun });
}

/** GenAuth said that a resign is done, or may have done it; what a look by the `user_id` seen before says to that. */
export function judgeConfirmation(intent: Intent, look: Look, facts: VerdictFacts): Settlement {
  const resigned = look.kind === 'found' && look.user.status === resignedStatus;
  return resigned ? final('succeeded', { confirmed: true }) : notConfirmed(intent, facts);
}

function notConfirmed(intent: Intent, facts: VerdictFacts): Settlement {
  if (isTooOld(intent, facts)) {
    const failure: Failure = { code: 'not_confirmed', message: 'GenAuth never showed the user as Resigned' };
    return final('failed', { confirmed: false, failure });
  }
  return later(intent, facts, { acted: true, attempts: intent.attempts + 1 });
}

export interface FailureFacts extends VerdictFacts {
  /** How many intents shared the call. */
  readonly batchSize: number;
  /** The call was to act, not to look. */
  readonly isAct: boolean;
  /** A refusal as not found may go on to the next identifier: a kick, or a look before the act. */
  readonly mayFallBack: boolean;
  /** The call before this one to that endpoint succeeded, so that this one's end says something about this person. */
  readonly endpointWorks: boolean;
  /** What a 403 to one person alone means; see the circuit. */
  readonly forbidden: 'retry' | 'denied' | 'person';
}

/** What an answer other than `done` means for an intent of its batch, after the looks that it asks for. */
export function judgeFailure(intent: Intent, answer: NotDone, facts: FailureFacts): Settlement {
  switch (answer.kind) {
    case 'refused':
      return judgeRefusal(intent, answer, facts);
    case 'forbidden':
      if (facts.batchSize > 1) return again(intent, facts.now, { cap: 1 });
      return facts.forbidden === 'person' ? failed('denied', answer.summary) : pause(intent, facts, null);
    case 'denied':
      return pause(intent, facts, null);
    case 'busy':
      return pause(intent, facts, answer.retryAfterMs);
    case 'unknown':
      return judgeUnknown(intent, facts, facts.isAct && answer.sent);
  }
}

function judgeRefusal(
  intent: Intent,
  answer: NotDone & { kind: 'refused' },
  facts: FailureFacts,
): Settlement {
  if (facts.batchSize > 1) {
    return again(intent, facts.now, { cap: halve(facts.batchSize), acted: intent.acted && !facts.isAct });
  }
  const isMissing = answer.reason === 'user_not_found';
  if (isMissing && facts.mayFallBack && !intent.acted)
    return nextIdentifier(intent, { now: facts.now, dryRun: false });
  return failed(isMissing ? 'user_not_found' : 'refused', answer.summary);
}

function judgeUnknown(intent: Intent, facts: FailureFacts, mayBeDone: boolean): Settlement {
  if (facts.endpointWorks && isTooOld(intent, facts)) {
    return final('failed', {
      failure: { code: 'gave_up', message: 'no clear answer within retry.giveUpAfter' },
    });
  }
  return later(intent, facts, {
    acted: intent.acted || mayBeDone,
    attempts: intent.attempts + (facts.endpointWorks ? 1 : 0),
    cap: intent.acted && facts.isAct ? halve(facts.batchSize) : intent.cap,
  });
}

/** All back, nothing counted; the circuit keeps the endpoint closed, the delay keeps an open one from spinning. */
function pause(intent: Intent, facts: VerdictFacts, afterMs: number | null): Settlement {
  return again(intent, facts.now + Math.max(afterMs ?? 0, facts.backoff.minDelayMs), {});
}

function halve(size: number): number {
  return Math.max(1, Math.ceil(size / 2));
}

/** Giving up is by age, never by a count that one outage can use up. */
function isTooOld(intent: Intent, facts: VerdictFacts): boolean {
  return facts.now - waitingSince(intent) > facts.giveUpAfterMs;
}

type Change = Partial<Omit<Settlement & { kind: 'again' }, 'kind' | 'dueAt'>>;

function again(intent: Intent, dueAt: number, change: Change): Settlement {
  const { cap, identifierIndex, attempts, acted } = intent;
  return { kind: 'again', dueAt, cap, identifierIndex, attempts, acted, ...change };
}

function later(intent: Intent, facts: VerdictFacts, change: Change): Settlement {
  const attempt = Math.max(1, change.attempts ?? intent.attempts);
  return again(intent, facts.now + backoffMs(attempt, facts.backoff, facts.random), change);
}

/** A final settlement; not confirmed, not a dry run and without a failure unless it is said. */
export function final(
  status: FinalStatus,
  facts: { confirmed?: boolean | null; dryRun?: boolean; failure?: Failure | null },
): Settlement {
  const { confirmed = null, dryRun = false, failure = null } = facts;
  return { kind: 'final', status, confirmed, dryRun, failure };
}

function failed(code: FailureCode, { statusCode, apiCode }: AnswerSummary): Settlement {
  const said = apiCode === null ? `status ${statusCode}` : `apiCode ${apiCode}`;
  return final('failed', { failure: { code, message: `GenAuth refused this user alone with ${said}` } });
}

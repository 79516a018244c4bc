import { type BackoffPolicy, backoffMs } from '../core/backoff.ts';
import type { Failure, FailureCode } from '../core/failure.ts';
import { contradiction, type FoundUser, resignedStatus } from '../core/identifier.ts';
import { type AnswerSummary, type FinalStatus, type Intent, waitingSince } from '../core/intent.ts';
import type { Settlement } from '../core/settlement.ts';
import type { NotDone } from '../management-api/answer.ts';
import { pauseMs, type Standing } from './circuit.ts';

/** The pure table of what looks and answers mean for one intent. No I/O, no clock, no randomness of its own. */

/** The most intents that may share a resign call (GenAuth: 1 to 50 `userIds`). */
export const maxBatch = 50;

/** So many attempts must have counted before an intent is given up. */
const leastAttempts = 3;

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

/** What a look before an act means. */
export function judgeLook(intent: Intent, look: Look, facts: LookFacts): LookVerdict {
  const settle = (settlement: Settlement): LookVerdict => ({ kind: 'settle', user: null, settlement });
  switch (look.kind) {
    case 'found':
      return judgeFound(intent, look.user, facts);
    case 'unsure':
      return settle(again(intent, facts.now, { cap: 1 }));
    case 'missing':
      return settle(isLost(intent) ? lookAgain(intent, facts) : nextIdentifier(intent, facts));
  }
}

/** A kick of nobody does nothing; but a resign that was sent may be why its user is not there any more. */
function isLost(intent: Intent): boolean {
  return intent.acted && intent.action === 'resign';
}

/** Only what was never acted on is simulated: of the rest something may really have been done. */
function isSimulated(intent: Intent, { dryRun }: Pick<LookFacts, 'dryRun'>): boolean {
  return dryRun && !intent.acted;
}

/**
 * What becomes of an intent that was acted on when nothing else may be done for it: in a dry run, or when its user is
 * missing, which is never "next identifier", as the act may be why. It is looked at until it shows, or is given up.
 */
export function lookAgain(intent: Intent, facts: VerdictFacts): Settlement {
  return (
    giveUp(intent, facts, false) ??
    unclear(intent, { ...facts, batchSize: 1 }, { acted: true, counts: true, isAct: false })
  );
}

function judgeFound(intent: Intent, user: FoundUser, facts: LookFacts): LookVerdict {
  const settle = (settlement: Settlement): LookVerdict => ({ kind: 'settle', user, settlement });
  const isResign = intent.action === 'resign';
  if (isResign && user.status === resignedStatus && isSamePerson(intent, user)) {
    const dryRun = isSimulated(intent, facts);
    return settle(final(dryRun ? 'simulated' : 'succeeded', { confirmed: true, dryRun }));
  }
  if (intent.voided) return settle(again(intent, facts.now, { acted: false }));
  const hold = reasonToHold(intent, user, facts);
  if (isSimulated(intent, facts)) return settle(final('simulated', { failure: hold, dryRun: true }));
  if (hold) return settle({ kind: 'hold', failure: hold });
  // A kick goes on: its sessions are looked at next.
  if (!isResign || !intent.acted) return { kind: 'act', user };
  const end = facts.dryRun ? lookAgain(intent, facts) : giveUp(intent, facts, false);
  return end ? settle(end) : { kind: 'act', user };
}

function reasonToHold(intent: Intent, user: FoundUser, facts: LookFacts): Failure | null {
  if (facts.isProtected(user) && !intent.waived.includes('protected')) {
    return { code: 'protected', message: 'this person is protected by leavers.protected' };
  }
  return identityConflict(intent, user);
}

/** Whom we have acted on is compared no more: identifiers may change with the act. */
function isSamePerson(intent: Intent, user: FoundUser): boolean {
  return (intent.acted && intent.seenUserId === user.userId) || identityConflict(intent, user) === null;
}

function identityConflict(intent: Intent, user: FoundUser): Failure | null {
  if (intent.waived.includes('identity_conflict')) return null;
  if (intent.seenUserId !== null && intent.seenUserId !== user.userId) {
    return { code: 'identity_conflict', message: 'the user that was found is not the one found before' };
  }
  const against = contradiction(user, intent.identifiers);
  if (!against) return null;
  return { code: 'identity_conflict', message: `the user that was found has another ${against.userIdType}` };
}

/** The user of the identifier in turn does not exist: try the next one, or say so. */
export function nextIdentifier(intent: Intent, facts: Pick<LookFacts, 'now' | 'dryRun'>): Settlement {
  const identifierIndex = intent.identifierIndex + 1;
  if (identifierIndex < intent.identifiers.length) {
    return again(intent, facts.now, { identifierIndex, cap: maxBatch });
  }
  const failure: Failure = {
    code: 'user_not_found',
    message: 'GenAuth has no user by any identifier of the event',
  };
  const dryRun = isSimulated(intent, facts);
  return final(dryRun ? 'simulated' : 'failed', { failure, dryRun });
}

/** GenAuth said that a resign is done, or may have done it; what a look by the `user_id` seen before says to that. */
export function judgeConfirmation(
  intent: Intent,
  look: Look,
  facts: VerdictFacts & { readonly batchSize: number },
): Settlement {
  if (look.kind === 'found' && look.user.status === resignedStatus) {
    return final('succeeded', { confirmed: true });
  }
  return unclear(intent, facts, { acted: true, counts: look.kind !== 'unsure', isAct: false });
}

export interface FailureFacts extends VerdictFacts, Standing {
  /** How many intents shared the call. */
  readonly batchSize: number;
  /** The call was to act, not to look. */
  readonly isAct: boolean;
}

/** What an answer other than `done` means for an intent of its batch, after the looks that it asks for. */
export function judgeFailure(intent: Intent, answer: NotDone, facts: FailureFacts): Settlement {
  switch (answer.kind) {
    case 'refused':
      return judgeRefusal(intent, answer, facts);
    case 'forbidden':
      if (facts.batchSize > 1) return again(intent, facts.now, { cap: 1 });
      return facts.forbidden === 'person' ? failed('denied', answer.summary) : pause(intent, facts, {});
    case 'denied':
      return pause(intent, facts, { acted: intent.acted || (facts.isAct && answer.mayBeDone) });
    case 'busy':
      return pause(intent, facts, { afterMs: answer.retryAfterMs });
    case 'unknown':
      return judgeUnknown(intent, answer, facts);
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
  if (isMissing && !intent.acted) return nextIdentifier(intent, { now: facts.now, dryRun: false });
  if (!isMissing && facts.refusesEveryone && !isTooOld(intent, facts)) return pause(intent, facts, {});
  return failed(isMissing ? 'user_not_found' : 'refused', answer.summary);
}

/** An act is given up only by a later look; a look that stays unclear is itself the end. */
function judgeUnknown(
  intent: Intent,
  answer: NotDone & { kind: 'unknown' },
  facts: FailureFacts,
): Settlement {
  const { isAct, endpointWorks } = facts;
  const end = !isAct && endpointWorks ? giveUp(intent, facts, null) : null;
  const acted = intent.acted || (isAct && answer.sent);
  return end ?? unclear(intent, facts, { acted, counts: endpointWorks, isAct });
}

/**
 * Later, with a look first. From the second time with half of the batch, so that whoever is to blame ends up alone; but
 * an outage, which is nobody's fault, neither counts nor breaks batches up.
 */
function unclear(
  intent: Intent,
  facts: VerdictFacts & { readonly batchSize: number },
  { acted, counts, isAct }: { acted: boolean; counts: boolean; isAct: boolean },
): Settlement {
  const isRepeat = intent.acted || intent.attempts > 0;
  const halves = isRepeat && (counts || (isAct && facts.batchSize > 1));
  const attempts = intent.attempts + (counts ? 1 : 0);
  const dueAt = facts.now + backoffMs(Math.max(1, attempts), facts.backoff, facts.random);
  return again(intent, dueAt, { acted, attempts, cap: halves ? halve(facts.batchSize) : intent.cap });
}

/**
 * The end of an intent that stayed unclear for too long, or `null`. It is by age, never by a count that one outage can
 * use up; and as an age can be used up by an outage too, it takes some tries alone while the endpoint served others.
 */
export function giveUp(intent: Intent, facts: VerdictFacts, confirmed: false | null): Settlement | null {
  const isAlone = intent.cap === 1 && intent.attempts >= leastAttempts;
  if (!isAlone || !isTooOld(intent, facts)) return null;
  const failure: Failure =
    intent.answer?.statusCode === 200
      ? { code: 'not_confirmed', message: 'GenAuth said that it was done, and never showed it' }
      : { code: 'gave_up', message: 'no clear answer within retry.giveUpAfter' };
  return final('failed', { confirmed, failure });
}

/** All back, nothing counted; the circuit keeps others back, the delay keeps one that it does not from spinning. */
function pause(
  intent: Intent,
  facts: VerdictFacts,
  { afterMs = null, acted = intent.acted }: { afterMs?: number | null; acted?: boolean },
): Settlement {
  return again(intent, facts.now + Math.max(pauseMs(afterMs ?? 0), facts.backoff.minDelayMs), { acted });
}

function halve(size: number): number {
  return Math.max(1, Math.ceil(size / 2));
}

function isTooOld(intent: Intent, facts: VerdictFacts): boolean {
  return facts.now - waitingSince(intent) > facts.giveUpAfterMs;
}

type Change = Partial<Omit<Settlement & { kind: 'again' }, 'kind' | 'dueAt'>>;

/** Back in line, as it was but for the change. */
export function again(intent: Intent, dueAt: number, change: Change): Settlement {
  const { cap, identifierIndex, attempts, acted } = intent;
  return { kind: 'again', dueAt, cap, identifierIndex, attempts, acted, ...change };
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

import type { Failure } from '../core/failure.ts';
import type { Intent, IntentStatus } from '../core/intent.ts';
import type { Acceptance, AcceptedIntent } from './contract.ts';
import type { NewIntent, StoredIntent } from './rows.ts';

/** What the arrival of an intent comes to. */
export interface Arrival {
  readonly row: NewIntent;
  /** `null` when it is simply put in line, which needs no outcome. */
  readonly outcome: Exclude<IntentStatus, 'pending'> | null;
  /** Those of its kin that it makes obsolete. */
  readonly voids: readonly { readonly stored: StoredIntent; readonly failure: Failure }[];
}

export interface Arriving {
  readonly accepted: AcceptedIntent;
  /** See `marksOf`. */
  readonly marks: readonly string[];
  /** The resigns that are not settled, the kicks that they brought, and the withdraws of the same person. */
  readonly kin: readonly StoredIntent[];
}

/**
 * Judges a part that is new. Its kin are the resigns that are not settled, the kicks that they brought, and the
 * withdraws of the same person: by an identifier in common, or by subject.
 */
export function judgeArrival(
  acceptance: Acceptance,
  part: number,
  { accepted, marks, kin }: Arriving,
): Arrival {
  const { admission, facts, urgent, exempt } = accepted;
  const { source, eventId, receivedAt, contentDigest } = acceptance;
  const overtaken = admission.status === 'canceled' ? admission.failure : obsolete(acceptance, accepted, kin);
  const { status, failure } = standing(accepted, overtaken);
  const [person = ''] = marks;
  const isFinal = status === 'succeeded' || status === 'canceled';
  const row: NewIntent = {
    source,
    eventId,
    part,
    person,
    marks,
    facts,
    status,
    urgent,
    exempt,
    dueAt: isFinal || status === 'held' || admission.status === 'canceled' ? null : admission.dueAt,
    receivedAt,
    settledAt: isFinal ? receivedAt : null,
    contentDigest,
    failure,
    waived: [],
  };
  const voids = overtaken ? [] : findVoids(acceptance, accepted, kin);
  return { row, outcome: status === 'pending' ? null : status, voids };
}

/** Whether a delivery has something for the dispatcher to do now. */
export function isDueAtOnce({ parts, receivedAt }: Acceptance): boolean {
  return parts.some(
    (part) =>
      part.kind === 'intent' && part.admission.status === 'pending' && part.admission.dueAt <= receivedAt,
  );
}

/** Whether a delivery may have outcomes to tell already: of what is not simply put in line. */
export function bringsOutcomes({ parts }: Acceptance): boolean {
  return parts.some(
    (part) =>
      part.kind === 'unreadable' || part.admission.status !== 'pending' || part.facts.action === 'withdraw',
  );
}

/** Whether an intent has kin that its arrival can change, or be changed by. */
export function hasKin({ facts }: AcceptedIntent): boolean {
  return facts.action !== 'kick';
}

function standing(
  { facts, admission }: AcceptedIntent,
  overtaken: Failure | null,
): { status: IntentStatus; failure: Failure | null } {
  if (overtaken) return { status: 'canceled', failure: overtaken };
  if (facts.action === 'withdraw') return { status: 'succeeded', failure: null };
  const isHindered = admission.status === 'held' || admission.status === 'canceled';
  return { status: admission.status, failure: isHindered ? admission.failure : null };
}

/** Why a resign that has just arrived is already overtaken, or `null`. */
function obsolete(
  acceptance: Acceptance,
  accepted: AcceptedIntent,
  kin: readonly StoredIntent[],
): Failure | null {
  if (accepted.facts.action !== 'resign') return null;
  const arriving = happeningOf(acceptance, accepted);
  for (const one of kin.filter(({ intent }) => happenedLater(intent, arriving))) {
    const { action, source, id } = one.intent;
    const withdrawn = withdrawnBy(one.intent, acceptance.source);
    if (withdrawn) return withdrawn;
    if (
      action === 'resign' &&
      source === acceptance.source &&
      concernsDate(acceptance, accepted, one.intent)
    ) {
      return { code: 'superseded', message: `a later event of the same source replaced it: ${id}` };
    }
  }
  return null;
}

/**
 * Why a resign that was taken in is withdrawn, or `null`; the withdraws are of the same person, by a name that nobody
 * knew until now. Later is what happened later; where that is not known, or at the same time, what arrived later.
 */
export function whyWithdrawn(
  { seq, intent }: StoredIntent,
  withdraws: readonly StoredIntent[],
): Failure | null {
  if (intent.action !== 'resign') return null;
  const isLater = (other: StoredIntent): boolean => {
    const [own, its] = [happenedAt(intent), happenedAt(other.intent)];
    return own === null || its === null || own === its ? other.seq > seq : its > own;
  };
  for (const one of withdraws.filter(isLater)) {
    const failure = withdrawnBy(one.intent, intent.source);
    if (failure) return failure;
  }
  return null;
}

/** What a withdraw makes of an older resign: an operator's of any, a source's of its own; `null` when it leaves it alone. */
function withdrawnBy({ action, actor, source, id }: Intent, resignSource: string): Failure | null {
  return action === 'withdraw' && (source === resignSource || actor !== null)
    ? { code: 'withdrawn', message: `a later event withdrew it: ${id}` }
    : null;
}

/** When something happened by its sender's word, and when we were told of it. */
type Happening = Pick<Intent, 'occurredAt' | 'receivedAt'>;

function happeningOf({ receivedAt }: Acceptance, { facts: { occurredAt } }: AcceptedIntent): Happening {
  return { occurredAt, receivedAt };
}

function happenedLater(one: Happening, other: Happening): boolean {
  const [at, otherAt] = [happenedAt(one), happenedAt(other)];
  return at !== null && otherAt !== null && at > otherAt;
}

/** Nothing is told of before it happens: a clock that is wrong, or a mistyped year, must not outdo all that is to come. */
function happenedAt({ occurredAt, receivedAt }: Happening): number | null {
  return occurredAt === null ? null : Math.min(occurredAt, receivedAt);
}

/** Only a date that lies ahead is replaced; of two resigns that are due, the second finds the work done. */
function concernsDate({ receivedAt }: Acceptance, { facts }: AcceptedIntent, other: Intent): boolean {
  return (facts.effectiveAt ?? 0) > receivedAt || (other.effectiveAt ?? 0) > receivedAt;
}

/** What an accepted withdraw, or a resign with another date, makes obsolete. */
function findVoids(
  acceptance: Acceptance,
  accepted: AcceptedIntent,
  kin: readonly StoredIntent[],
): Arrival['voids'] {
  const arriving = happeningOf(acceptance, accepted);
  return kin.flatMap((stored) => {
    const { intent } = stored;
    if (intent.action === 'withdraw') return [];
    const failure = happenedLater(intent, arriving) ? null : whyVoid(acceptance, accepted, intent);
    return failure ? [{ stored, failure }] : [];
  });
}

function whyVoid(acceptance: Acceptance, accepted: AcceptedIntent, other: Intent): Failure | null {
  const { source, eventId } = acceptance;
  const { facts, allSources } = accepted;
  const isOfSource = other.source === source;
  if (facts.action === 'withdraw' && (allSources || isOfSource)) {
    return { code: 'withdrawn', message: `withdrawn by event ${eventId}` };
  }
  const replaces = facts.action === 'resign' && other.action === 'resign' && isOfSource;
  return replaces && concernsDate(acceptance, accepted, other)
    ? { code: 'superseded', message: `replaced by event ${eventId}` }
    : null;
}

/** Whether a call of an intent may be under way or done, so that it cannot simply be canceled. */
export function mayBeUnderWay({ leaseToken, intent }: StoredIntent): boolean {
  return leaseToken !== null || intent.acted;
}

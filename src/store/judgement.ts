import { canceledByOperator, type Failure } from '../core/failure.ts';
import { type Identifier, personKey } from '../core/identifier.ts';
import type { Act, FinalStatus, Intent } from '../core/intent.ts';
import type { IntentOutcomeFacts } from '../core/outcome.ts';
import { type SafeguardLimit, settingOf } from '../core/safeguard.ts';
import type { IntentSettlement, Settlement } from '../core/settlement.ts';
import { whyWithdrawn } from './acceptance.ts';
import type { DecisionRequest } from './contract.ts';
import { type IntentChange, marksOf, type NewIntent, type StoredIntent } from './rows.ts';

/** One change of an intent, and what is told of it; `null` = nothing. */
export interface Step {
  readonly change: IntentChange;
  readonly outcome: IntentOutcomeFacts | null;
}

/** The keys of the names that a look-up has told; see `voidByName`. */
export function marksTold({ settlement }: IntentSettlement): string[] {
  return settlement.kind === 'resolved' ? settlement.resolution.identifiers.map(personKey) : [];
}

/**
 * Voids a resign for which a look-up has told names of which one was withdrawn already: when the two arrived, nobody
 * could know that they are about the same person.
 */
export function voidByName(stored: StoredIntent, withdraws: readonly StoredIntent[]): StoredIntent {
  const { intent } = stored;
  const voided = intent.voided ?? whyWithdrawn(stored, withdraws);
  return { ...stored, intent: { ...intent, voided } };
}

/** What settling an intent comes to, by what happened to it meanwhile; `kick` is the one that it brings. */
export function judgeSettlement(
  stored: StoredIntent,
  settled: IntentSettlement,
  now: number,
): Step & { readonly kick: NewIntent | null } {
  const { intent } = stored;
  const settlement = obeyVoid(settled.settlement, intent.voided);
  // Nobody is signed out for a resign that is withdrawn, unless it turns out to be done.
  const identifiers = intent.voided && !isSuccess(settlement) ? null : settled.bringKick;
  const progress = {
    answer: settled.answer ?? intent.answer,
    seenUserId: settled.seenUserId ?? intent.seenUserId,
    kickBrought: intent.kickBrought || identifiers !== null,
  };
  const kick = identifiers && broughtKick(stored, identifiers, now);
  switch (settlement.kind) {
    case 'again': {
      const { dueAt, cap, acted, identifierIndex, attempts } = settlement;
      const change = { dueAt, cap, acted, progress: { ...progress, identifierIndex, attempts } };
      return { change, outcome: null, kick };
    }
    case 'resolved':
      return { ...resolve(settlement, { time: now, waived: intent.waived }, progress), kick };
    case 'hold':
      return { ...holdStep(settlement.failure, now, progress), kick };
    case 'final': {
      const { status, confirmed, dryRun, failure } = settlement;
      const attempts = intent.attempts + (isAnswered(settled, status) ? 1 : 0);
      const change = { status, dueAt: null, settledAt: now, progress: { ...progress, attempts, failure } };
      return { change, outcome: { status, time: now, confirmed, dryRun, failure }, kick };
    }
  }
}

/** Puts what was looked up in the place of what the event said; only now is the intent one that the safeguard counts. */
function resolve(
  { resolution, dueAt }: Settlement & { kind: 'resolved' },
  { time, waived }: { time: number; waived: Intent['waived'] },
  progress: IntentChange['progress'],
): Step {
  const status = resolution.settled ? 'pending' : 'scheduled';
  return {
    change: {
      status,
      dueAt,
      acted: false,
      exempt: waived.includes('safeguard'),
      progress: { ...progress, resolution, identifierIndex: 0, attempts: 0 },
    },
    outcome: status === 'scheduled' ? { status, time } : null,
  };
}

function isSuccess(settlement: Settlement): boolean {
  return settlement.kind === 'final' && settlement.status === 'succeeded';
}

/** The attempt that brought the answer counts as well; no answer, no attempt. */
function isAnswered({ answer }: IntentSettlement, status: FinalStatus): boolean {
  return answer !== null && (status === 'succeeded' || status === 'failed');
}

/**
 * What a settlement comes to when a later event wanted the intent undone while its call was under way: a success says
 * that it came too late; what was not done, and cannot have been, is canceled; an open question stays open.
 */
function obeyVoid(settlement: Settlement, voided: Failure | null): Settlement {
  if (!voided) return settlement;
  const canceled: Settlement = {
    kind: 'final',
    status: 'canceled',
    confirmed: null,
    dryRun: false,
    failure: voided,
  };
  switch (settlement.kind) {
    case 'again':
      return settlement.acted ? settlement : canceled;
    case 'resolved':
    case 'hold':
      return canceled;
    case 'final':
      if (settlement.status === 'simulated') return canceled;
      if (settlement.status !== 'succeeded') return settlement;
      return {
        ...settlement,
        failure: { code: 'withdrawn_too_late', message: `done already when ${voided.message}` },
      };
  }
}

/**
 * The kick of the person whom a resign is about; it keeps that person's place in the order, and what a person has
 * waived for the resign is waived for it, too.
 */
function broughtKick(
  { seq, intent }: StoredIntent,
  identifiers: readonly Identifier[],
  now: number,
): NewIntent {
  const { source, person, eventId, subject, reason, requestedBy, actor, occurredAt, waived, traceparent } =
    intent;
  return {
    source,
    eventId: `${eventId}#kick`,
    part: seq,
    person,
    marks: [person, ...marksOf(source, { identifiers, subject })],
    facts: {
      action: 'kick',
      identifiers,
      subject,
      appIds: [],
      reason,
      requestedBy,
      actor,
      occurredAt,
      effectiveAt: null,
      retryOf: null,
      broughtBy: intent.id,
      traceparent,
    },
    status: 'pending',
    urgent: false,
    exempt: true,
    dueAt: now,
    receivedAt: now,
    settledAt: null,
    contentDigest: '',
    failure: null,
    waived,
  };
}

/** Holds an intent for a person. */
export function holdStep(failure: Failure, time: number, progress: IntentChange['progress'] = {}): Step {
  return {
    change: { status: 'held', dueAt: null, progress: { ...progress, failure } },
    outcome: { status: 'held', time, failure },
  };
}

/** Cancels an intent that no call is under way for. */
export function cancelStep(failure: Failure, time: number, progress: IntentChange['progress'] = {}): Step {
  return {
    change: { status: 'canceled', dueAt: null, settledAt: time, progress: { ...progress, failure } },
    outcome: { status: 'canceled', time, failure },
  };
}

/** Why the safeguard holds an intent of that source. */
export function safeguardFailure(action: Act, full: readonly SafeguardLimit[], source: string): Failure {
  const message = `more ${action}s than ${settingOf(full, source)} allows in its window`;
  return { code: 'safeguard', message };
}

/** What a person's decision comes to, step by step; `null` when the intent is not in a state for it. */
export function judgeDecision(stored: StoredIntent, request: DecisionRequest): readonly Step[] | null {
  const { decision, admission, heldFor } = request;
  const { intent } = stored;
  if (!isDecidable(stored, decision.verdict)) return null;
  if (heldFor && !(intent.status === 'held' && intent.failure?.code === heldFor)) return null;
  const decisions = [...intent.decisions, decision];
  const time = decision.at;
  if (decision.verdict === 'canceled') {
    const failure = admission.status === 'canceled' ? admission.failure : canceledByOperator;
    return [cancelStep(failure, time, { decisions })];
  }
  const released = release(intent, { decisions, admission, time });
  return admission.status === 'held' ? [released, holdStep(admission.failure, time)] : [released];
}

/** Held intents can be released; whatever waits, and cannot have been acted on, can be canceled. */
function isDecidable({ intent, leaseToken }: StoredIntent, verdict: 'approved' | 'canceled'): boolean {
  if (verdict === 'approved') return intent.status === 'held';
  const waits = intent.status === 'held' || intent.status === 'scheduled' || intent.status === 'pending';
  return waits && leaseToken === null && !intent.acted;
}

interface Release {
  readonly decisions: Intent['decisions'];
  readonly admission: DecisionRequest['admission'];
  readonly time: number;
}

function release(
  { failure, waived, resolution, acted }: Intent,
  { decisions, admission, time }: Release,
): Step {
  return {
    change: {
      status: admission.status === 'scheduled' ? 'scheduled' : 'pending',
      dueAt: admission.status === 'canceled' ? time : admission.dueAt,
      ...(failure?.code === 'safeguard' && { exempt: true }),
      progress: {
        decisions,
        waived: failure ? [...new Set([...waived, failure.code])] : waived,
        failure: null,
        // Somebody may have come back while it waited: the vendor is asked again.
        ...(resolution && !acted && { resolution: { ...resolution, settled: false } }),
      },
    },
    outcome: { status: 'released', time },
  };
}

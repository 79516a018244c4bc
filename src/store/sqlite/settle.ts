import type { Failure } from '../../core/failure.ts';
import type { Identifier } from '../../core/identifier.ts';
import type { FinalStatus, Intent } from '../../core/intent.ts';
import { intentOutcome } from '../../core/outcome.ts';
import type { IntentSettlement, Settlement } from '../../core/settlement.ts';
import type { DecisionRequest, SeenUser } from '../contract.ts';
import type { Connection } from './connection.ts';
import { insertOutcome } from './outcomes.ts';
import {
  changeIntent,
  insertIntent,
  insertMarks,
  marksOf,
  noteAct,
  type Progress,
  readId,
  readIntent,
  type StoredIntent,
} from './rows.ts';

/** Notes that a claimed resign is about to be sent; see `Store.beginAct`. */
export function beginAct(
  connection: Connection,
  token: string,
  seen: readonly SeenUser[],
): readonly string[] {
  return seen
    .filter(({ intentId, userId }) => {
      const stored = findStored(connection, intentId);
      if (stored?.leaseToken !== token || stored.intent.voided) return false;
      noteAct(connection, stored, userId);
      return true;
    })
    .map(({ intentId }) => intentId);
}

/** Settles a claimed batch; see `Store.settle`. */
export function settle(
  connection: Connection,
  token: string,
  settlements: readonly IntentSettlement[],
  now: number,
): boolean {
  const leased = settlements.map((settlement) => ({
    settlement,
    stored: findStored(connection, settlement.intentId),
  }));
  if (leased.some(({ stored }) => stored?.leaseToken !== token)) return false;
  for (const { settlement, stored } of leased) {
    if (stored) settleOne(connection, stored, settlement, now);
  }
  return true;
}

function findStored(connection: Connection, id: string): StoredIntent | null {
  const seq = readId(connection, id);
  const row = seq === null ? undefined : connection.get('select * from intents where seq = :seq', { seq });
  return row ? readIntent(connection, row) : null;
}

function settleOne(
  connection: Connection,
  stored: StoredIntent,
  settled: IntentSettlement,
  now: number,
): void {
  const { voided } = stored.intent;
  const settlement = obeyVoid(settled.settlement, voided);
  // Nobody is signed out for a resign that is withdrawn, unless it turns out to be done.
  const kick = voided && !isSuccess(settlement) ? null : settled.bringKick;
  const progress = {
    answer: settled.answer ?? stored.intent.answer,
    seenUserId: settled.seenUserId ?? stored.intent.seenUserId,
    kickBrought: stored.intent.kickBrought || kick !== null,
  };
  switch (settlement.kind) {
    case 'again': {
      const { dueAt, cap, acted, identifierIndex, attempts } = settlement;
      changeIntent(connection, stored, {
        dueAt,
        cap,
        acted,
        progress: { ...progress, identifierIndex, attempts },
      });
      break;
    }
    case 'resolved':
      resolve(connection, stored, { settlement, progress, now });
      break;
    case 'hold': {
      const { failure } = settlement;
      const after = changeIntent(connection, stored, {
        status: 'held',
        dueAt: null,
        progress: { ...progress, failure },
      });
      insertOutcome(connection, stored.seq, intentOutcome(after, { status: 'held', time: now, failure }));
      break;
    }
    case 'final': {
      const { status, confirmed, dryRun, failure } = settlement;
      const attempts = stored.intent.attempts + (isAnswered(settled, status) ? 1 : 0);
      const change = { status, dueAt: null, settledAt: now, progress: { ...progress, attempts, failure } };
      const after = changeIntent(connection, stored, change);
      const facts = { status, time: now, confirmed, dryRun, failure };
      insertOutcome(connection, stored.seq, intentOutcome(after, facts));
      break;
    }
  }
  if (kick) bringKick(connection, stored, kick, now);
}

function isSuccess(settlement: Settlement): boolean {
  return settlement.kind === 'final' && settlement.status === 'succeeded';
}

/** The attempt that brought the answer counts as well; no answer, no attempt. */
function isAnswered({ answer }: IntentSettlement, status: FinalStatus): boolean {
  return answer !== null && (status === 'succeeded' || status === 'failed');
}

/** Puts what was looked up in the place of what the event said; only now is the intent one that the safeguard counts. */
function resolve(
  connection: Connection,
  stored: StoredIntent,
  {
    settlement,
    progress,
    now,
  }: { settlement: Settlement & { kind: 'resolved' }; progress: Partial<Progress>; now: number },
): void {
  const { resolution, dueAt } = settlement;
  const status = resolution.settled ? 'pending' : 'scheduled';
  const after = changeIntent(connection, stored, {
    status,
    dueAt,
    acted: false,
    ...(resolution.settled && { exempt: false }),
    progress: { ...progress, resolution, identifierIndex: 0, attempts: 0 },
  });
  insertMarks(connection, stored.seq, marksOf(after.source, after));
  if (status === 'scheduled')
    insertOutcome(connection, stored.seq, intentOutcome(after, { status, time: now }));
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
function bringKick(
  connection: Connection,
  { seq, intent }: StoredIntent,
  identifiers: readonly Identifier[],
  now: number,
): void {
  const { source, person, eventId, subject, reason, requestedBy, actor, occurredAt, waived, traceparent } =
    intent;
  const kick = insertIntent(connection, {
    source,
    eventId: `${eventId}#kick`,
    part: seq,
    person,
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
  });
  if (waived.length > 0) changeIntent(connection, kick, { progress: { waived } });
}

/** Releases or cancels an intent; see `Store.decide`. */
export function decide(
  connection: Connection,
  request: DecisionRequest,
): 'done' | 'not_found' | 'wrong_state' {
  const { decision, admission } = request;
  const stored = findStored(connection, request.intentId);
  if (!stored) return 'not_found';
  const { intent } = stored;
  if (!isDecidable(stored, decision.verdict)) return 'wrong_state';
  const { heldFor } = request;
  if (heldFor && !(intent.status === 'held' && intent.failure?.code === heldFor)) return 'wrong_state';
  const decisions = [...intent.decisions, decision];
  const time = decision.at;
  if (decision.verdict === 'canceled') {
    const failure: Failure =
      admission.status === 'canceled'
        ? admission.failure
        : { code: 'canceled_by_operator', message: 'canceled by an operator' };
    const change = {
      status: 'canceled',
      dueAt: null,
      settledAt: time,
      progress: { decisions, failure },
    } as const;
    const after = changeIntent(connection, stored, change);
    insertOutcome(connection, stored.seq, intentOutcome(after, { status: 'canceled', time, failure }));
    return 'done';
  }
  release(connection, stored, { decisions, admission, time });
  return 'done';
}

/** Held intents can be released; whatever waits, and cannot have been acted on, can be canceled. */
function isDecidable({ intent, leaseToken }: StoredIntent, verdict: 'approved' | 'canceled'): boolean {
  if (verdict === 'approved') return intent.status === 'held';
  const waits = intent.status === 'held' || intent.status === 'scheduled' || intent.status === 'pending';
  return waits && leaseToken === null && !intent.acted;
}

function release(
  connection: Connection,
  stored: StoredIntent,
  {
    decisions,
    admission,
    time,
  }: { decisions: Intent['decisions'] } & { admission: DecisionRequest['admission']; time: number },
): void {
  const { failure } = stored.intent;
  const waived = failure ? [...new Set([...stored.intent.waived, failure.code])] : stored.intent.waived;
  const released = changeIntent(connection, stored, {
    status: admission.status === 'scheduled' ? 'scheduled' : 'pending',
    dueAt: admission.status === 'canceled' ? time : admission.dueAt,
    ...(failure?.code === 'safeguard' && { exempt: true }),
    progress: { decisions, waived, failure: null },
  });
  insertOutcome(connection, stored.seq, intentOutcome(released, { status: 'released', time }));
  if (admission.status === 'held') {
    const again = { status: 'held', dueAt: null, progress: { failure: admission.failure } } as const;
    const held = changeIntent(connection, { ...stored, intent: released }, again);
    insertOutcome(
      connection,
      stored.seq,
      intentOutcome(held, { status: 'held', time, failure: admission.failure }),
    );
  }
}

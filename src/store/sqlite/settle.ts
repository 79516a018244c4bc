import { intentOutcome } from '../../core/outcome.ts';
import type { IntentSettlement } from '../../core/settlement.ts';
import type { DecisionReceipt, DecisionRequest } from '../contract.ts';
import { judgeDecision, judgeSettlement, marksTold, type Step, voidByName } from '../judgement.ts';
import { type BeginRequest, foundDone, isSentMeanwhile, noteMerge, noteSent, userMark } from '../merge.ts';
import { isPaused } from '../pauses.ts';
import { marksOf, readId, readIntent, type StoredIntent, showId } from '../rows.ts';
import type { Connection } from './connection.ts';
import { insertMarks, markedBy, markedByAny } from './marks.ts';
import { insertOutcome } from './outcomes.ts';
import { readPauses } from './pauses.ts';
import { changeIntent, insertIntent, noteAct } from './rows.ts';

/** Notes that a claimed resign is about to be sent; see `Store.beginAct`. */
export function beginAct(connection: Connection, request: BeginRequest): readonly string[] {
  const { token, seen, now } = request;
  const pauses = readPauses(connection);
  return seen
    .filter(({ intentId, userId }) => {
      const stored = findStored(connection, intentId);
      if (stored?.leaseToken !== token || stored.intent.voided) return false;
      if (isPaused(pauses, stored.intent)) return false;
      const mark = userMark(userId);
      const others = findActs(connection, mark).filter(({ seq }) => seq !== stored.seq);
      if (others.some((other) => isSentMeanwhile(other, request))) return false;
      noteAct(connection, stored, { seenUserId: userId, actedAt: now });
      insertMarks(connection, stored.seq, [mark]);
      return true;
    })
    .map(({ intentId }) => intentId);
}

/** The resigns of a user that were sent, or are about to be. */
function findActs(connection: Connection, mark: string): StoredIntent[] {
  return connection
    .all(
      `select i.* from intents i where i.seq in (${markedBy(':mark')})
         and i.action = 'resign' and i.acted = 1`,
      { mark },
    )
    .map((row) => readIntent(connection, row));
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
    if (!stored) continue;
    const one = voidByName(stored, findWithdraws(connection, marksTold(settlement)));
    const { kick, ...step } = judgeSettlement(one, settlement, now);
    const mark = foundDone(one, step);
    const doer = mark === null ? null : findDoer(connection, mark);
    takeStep(connection, one, noteSent(noteMerge(step, doer), one, now));
    if (kick) insertIntent(connection, kick);
  }
  return true;
}

/** The withdraws with any of these marks, oldest first. */
function findWithdraws(connection: Connection, marks: readonly string[]): StoredIntent[] {
  if (marks.length === 0) return [];
  return connection
    .all(
      `select * from intents where seq in (${markedByAny(':marks')})
         and action = 'withdraw' and status = 'succeeded' order by seq`,
      { marks: JSON.stringify(marks) },
    )
    .map((row) => readIntent(connection, row));
}

/** The intent by which the bridge resigned a user; see `noteMerge`. */
function findDoer(connection: Connection, mark: string): string | null {
  const row = connection.get(
    `select i.seq from intents i where i.seq in (${markedBy(':mark')})
       and i.action = 'resign' and i.status = 'succeeded' and i.acted = 1
     order by i.settled_at desc, i.seq desc limit 1`,
    { mark },
  );
  return row ? showId(connection, Number(row.seq)) : null;
}

function findStored(connection: Connection, id: string): StoredIntent | null {
  const seq = readId(connection, id);
  const row = seq === null ? undefined : connection.get('select * from intents where seq = :seq', { seq });
  return row ? readIntent(connection, row) : null;
}

/** Changes an intent, appends the outcome, and gives the intent as it stands after that. */
export function takeStep(connection: Connection, stored: StoredIntent, step: Step): StoredIntent {
  const intent = changeIntent(connection, stored, step.change);
  if (step.change.progress?.resolution) insertMarks(connection, stored.seq, marksOf(intent.source, intent));
  if (step.outcome) insertOutcome(connection, stored.seq, intentOutcome(intent, step.outcome));
  return { ...stored, intent, leaseToken: null };
}

/** Releases or cancels an intent; see `Store.decide`. */
export function decide(connection: Connection, request: DecisionRequest): DecisionReceipt {
  const stored = findStored(connection, request.intentId);
  if (!stored) return 'not_found';
  const steps = judgeDecision(stored, request);
  if (!steps) return 'wrong_state';
  steps.reduce((before, step) => takeStep(connection, before, step), stored);
  return 'done';
}

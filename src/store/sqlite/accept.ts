import { intentOutcome } from '../../core/outcome.ts';
import { hasKin, judgeArrival, mayBeUnderWay } from '../acceptance.ts';
import type { Acceptance, AcceptedIntent, AcceptReceipt } from '../contract.ts';
import { deadLetterOutcome, lettersOf } from '../dead-letters.ts';
import { cancelStep } from '../judgement.ts';
import {
  eventMark,
  marksOf,
  type Row,
  readIntent,
  type StoredIntent,
  showId,
  storedIntent,
} from '../rows.ts';
import type { Connection } from './connection.ts';
import { insertDeadLetter, resolveDeadLetter } from './dead-letters.ts';
import { markedBy, markedByAny, mayBeKnown } from './marks.ts';
import { insertOutcome } from './outcomes.ts';
import { insertIntent, voidLater } from './rows.ts';
import { takeStep } from './settle.ts';

const findEvent = `
  select seq, received_at, content_digest from intents
  where seq in (${markedBy(':event')}) order by seq desc limit 1`;

const findNewer = `
  select 1 from intents
  where seq in (${markedByAny(':marks')})
    and source = :source and seq > :seq and json_extract(facts, '$.broughtBy') is null
  limit 1`;

const selectKin = `
  select * from intents
  where seq in (${markedByAny(':marks')})
    and ((settled_at is null and (action = 'resign' or json_extract(facts, '$.broughtBy') is not null))
      or (action = 'withdraw' and status = 'succeeded'))
  order by seq`;

/** Takes in one delivery; see `Store.accept`. */
export function accept(connection: Connection, acceptance: Acceptance): AcceptReceipt {
  const receipt = { intents: [] as string[], deadLetters: [] as string[] };
  let isNew = false;
  let { contentDigest } = acceptance;
  const letters = lettersOf(acceptance);
  acceptance.parts.forEach((part, index) => {
    if (part.kind === 'unreadable') {
      const faults = letters.get(index);
      if (!faults) return;
      const letter = insertDeadLetter(connection, acceptance, index, faults);
      if (letter.isNew) insertOutcome(connection, null, deadLetterOutcome(acceptance, letter.id, faults));
      isNew ||= letter.isNew;
      receipt.deadLetters.push(letter.id);
      return;
    }
    const arriving = readArriving(connection, acceptance, index, part);
    const repeated = arriving.isKnown ? findRepeat(connection, arriving) : null;
    if (repeated) {
      contentDigest = String(repeated.content_digest);
      receipt.intents.push(showId(connection, Number(repeated.seq)));
      return;
    }
    isNew = true;
    receipt.intents.push(showId(connection, acceptIntent(connection, arriving)));
    if (arriving.isKnown) resolveDeadLetter(connection, acceptance, index);
  });
  return { kind: isNew ? 'accepted' : 'duplicate', ...receipt, contentDigest };
}

/** A part that could be read, and by what it would be known. */
interface Arriving {
  readonly acceptance: Acceptance;
  readonly part: number;
  readonly accepted: AcceptedIntent;
  readonly event: string;
  readonly marks: readonly string[];
  /** False for most: of their events and people nothing is known yet, and to see that is quick. */
  readonly isKnown: boolean;
}

function readArriving(
  connection: Connection,
  acceptance: Acceptance,
  part: number,
  accepted: AcceptedIntent,
): Arriving {
  const { source, eventId } = acceptance;
  const event = eventMark({ source, eventId, part });
  const marks = marksOf(source, accepted.facts);
  const isKnown = mayBeKnown(connection, [event, ...marks]);
  return { acceptance, part, accepted, event, marks, isKnown };
}

/**
 * The row that a part repeats. The same event id is the same event. The same bytes without an event id are so only
 * within the sender's retry span, and only while nothing newer came about that person: somebody who was hired again
 * and leaves again is reported with the same bytes.
 */
function findRepeat(connection: Connection, { acceptance, event, marks }: Arriving): Row | null {
  const { source, retrySpanMs, receivedAt } = acceptance;
  const row = connection.get(findEvent, { event });
  if (!row) return null;
  if (retrySpanMs === null) return row;
  if (receivedAt - Number(row.received_at) > retrySpanMs) return null;
  const newer = connection.get(findNewer, { marks: JSON.stringify(marks), source, seq: Number(row.seq) });
  return newer ? null : row;
}

/** @returns its number */
function acceptIntent(connection: Connection, arriving: Arriving): number {
  const { acceptance, part, accepted, event, marks, isKnown } = arriving;
  const { receivedAt } = acceptance;
  const kin = isKnown && hasKin(accepted) ? findKin(connection, marks) : [];
  const { row, outcome, voids } = judgeArrival(acceptance, part, { accepted, marks, kin });
  const seq = insertIntent(connection, row, event);
  for (const { stored, failure } of voids) {
    if (mayBeUnderWay(stored)) voidLater(connection, stored, failure);
    else takeStep(connection, stored, cancelStep(failure, receivedAt));
  }
  if (outcome) {
    const { intent } = storedIntent(connection, seq, row);
    const facts = { status: outcome, time: receivedAt, failure: row.failure };
    insertOutcome(connection, seq, intentOutcome(intent, facts));
  }
  return seq;
}

/** Resigns, the kicks they brought, and withdraws of the same person: by an identifier in common, or by subject. */
function findKin(connection: Connection, marks: readonly string[]): StoredIntent[] {
  return connection
    .all(selectKin, { marks: JSON.stringify(marks) })
    .map((row) => readIntent(connection, row));
}

import type { Intent } from '../../core/intent.ts';
import { intentOutcome } from '../../core/outcome.ts';
import { hasKin, judgeArrival, mayBeUnderWay } from '../acceptance.ts';
import type { Acceptance, AcceptedIntent, AcceptReceipt } from '../contract.ts';
import { deadLetterOutcome } from '../dead-letters.ts';
import { cancelStep } from '../judgement.ts';
import { marksOf, type Row, readIntent, type StoredIntent, showId } from '../rows.ts';
import type { Connection } from './connection.ts';
import { insertDeadLetter, resolveDeadLetter } from './dead-letters.ts';
import { eventKey, intentsBy } from './keys.ts';
import { insertOutcome } from './outcomes.ts';
import { insertIntent, voidLater } from './rows.ts';
import { takeStep } from './settle.ts';

const findEvent = `
  select seq, received_at, content_digest from intents
  where seq = (${intentsBy('event', '= :event')} order by intent desc limit 1)`;

const findNewer = `
  select 1 from intents i
  where i.seq in (${intentsBy('mark', 'in (select value from json_each(:marks))')})
    and i.source = :source and i.seq > :seq and json_extract(i.facts, '$.broughtBy') is null
  limit 1`;

const findMarked = `${intentsBy('mark', '= :mark')} limit 1`;

const selectKin = `
  select i.* from intents i
  where i.seq in (${intentsBy('mark', 'in (select value from json_each(:marks))')})
    and ((i.settled_at is null and (i.action = 'resign' or json_extract(i.facts, '$.broughtBy') is not null))
      or (i.action = 'withdraw' and i.status = 'succeeded'))
  order by i.seq`;

/** Takes in one delivery; see `Store.accept`. */
export function accept(connection: Connection, acceptance: Acceptance): AcceptReceipt {
  const receipt = { intents: [] as string[], deadLetters: [] as string[] };
  let isNew = false;
  let { contentDigest } = acceptance;
  acceptance.parts.forEach((part, index) => {
    if (part.kind === 'unreadable') {
      const letter = insertDeadLetter(connection, acceptance, index, part.faults);
      if (letter.isNew)
        insertOutcome(connection, null, deadLetterOutcome(acceptance, letter.id, part.faults));
      isNew ||= letter.isNew;
      receipt.deadLetters.push(letter.id);
      return;
    }
    const marks = marksOf(acceptance.source, part.facts);
    const repeated = findRepeat(connection, acceptance, index, marks);
    if (repeated) {
      contentDigest = String(repeated.content_digest);
      receipt.intents.push(showId(connection, Number(repeated.seq)));
      return;
    }
    isNew = true;
    receipt.intents.push(acceptIntent(connection, acceptance, index, { accepted: part, marks }).id);
    resolveDeadLetter(connection, acceptance, index);
  });
  return { kind: isNew ? 'accepted' : 'duplicate', ...receipt, contentDigest };
}

/**
 * The row that a part repeats. The same event id is the same event. The same bytes without an event id are so only
 * within the sender's retry span, and only while nothing newer came about that person: somebody who was hired again
 * and leaves again is reported with the same bytes.
 */
function findRepeat(
  connection: Connection,
  acceptance: Acceptance,
  part: number,
  marks: readonly string[],
): Row | null {
  const { source, eventId, retrySpanMs, receivedAt } = acceptance;
  const row = connection.get(findEvent, { event: eventKey({ source, part, eventId }) });
  if (!row) return null;
  if (retrySpanMs === null) return row;
  if (receivedAt - Number(row.received_at) > retrySpanMs) return null;
  const newer = connection.get(findNewer, { marks: JSON.stringify(marks), source, seq: Number(row.seq) });
  return newer ? null : row;
}

function acceptIntent(
  connection: Connection,
  acceptance: Acceptance,
  part: number,
  { accepted, marks }: { accepted: AcceptedIntent; marks: readonly string[] },
): Intent {
  const { receivedAt } = acceptance;
  const kin = hasKin(accepted) ? findKin(connection, marks) : [];
  const { row, outcome, voids } = judgeArrival(acceptance, part, { accepted, marks, kin });
  const { seq, intent } = insertIntent(connection, row);
  for (const { stored, failure } of voids) {
    if (mayBeUnderWay(stored)) voidLater(connection, stored, failure);
    else takeStep(connection, stored, cancelStep(failure, receivedAt));
  }
  if (outcome) {
    const facts = { status: outcome, time: receivedAt, failure: row.failure };
    insertOutcome(connection, seq, intentOutcome(intent, facts));
  }
  return intent;
}

/** Resigns, the kicks they brought, and withdraws of the same person: by an identifier in common, or by subject. */
function findKin(connection: Connection, marks: readonly string[]): StoredIntent[] {
  // Of most people nothing is known yet, and to see that is quick.
  if (!marks.some((mark) => connection.get(findMarked, { mark }))) return [];
  return connection
    .all(selectKin, { marks: JSON.stringify(marks) })
    .map((row) => readIntent(connection, row));
}

import type { Intent } from '../../core/intent.ts';
import { intentOutcome } from '../../core/outcome.ts';
import { hasKin, judgeArrival, mayBeUnderWay } from '../acceptance.ts';
import type { Acceptance, AcceptedIntent, AcceptReceipt } from '../contract.ts';
import { deadLetterOutcome } from '../dead-letters.ts';
import { cancelStep } from '../judgement.ts';
import { marksOf, type Row, readIntent, type StoredIntent, showId } from '../rows.ts';
import type { Connection } from './connection.ts';
import { insertDeadLetter, resolveDeadLetter } from './dead-letters.ts';
import { insertOutcome } from './outcomes.ts';
import { insertIntent, voidLater } from './rows.ts';
import { takeStep } from './settle.ts';

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
    const repeated = findRepeat(connection, acceptance, index, part);
    if (repeated) {
      contentDigest = String(repeated.content_digest);
      receipt.intents.push(showId(connection, Number(repeated.seq)));
      return;
    }
    isNew = true;
    receipt.intents.push(acceptIntent(connection, acceptance, index, part).id);
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
  accepted: AcceptedIntent,
): Row | null {
  const { source, eventId, retrySpanMs, receivedAt } = acceptance;
  const row = connection.get(
    'select seq, received_at, content_digest from intents where source = :source and event_id = :eventId and part = :part order by seq desc limit 1',
    { source, eventId, part },
  );
  if (!row) return null;
  if (retrySpanMs === null) return row;
  if (receivedAt - Number(row.received_at) > retrySpanMs) return null;
  const newer = connection.get(
    `select 1 from marks m join intents i on i.seq = m.intent
     where m.mark in (select value from json_each(:marks)) and i.source = :source and i.seq > :seq
       and json_extract(i.facts, '$.broughtBy') is null
     limit 1`,
    { marks: JSON.stringify(marksOf(source, accepted.facts)), source, seq: Number(row.seq) },
  );
  return newer ? null : row;
}

function acceptIntent(
  connection: Connection,
  acceptance: Acceptance,
  part: number,
  accepted: AcceptedIntent,
): Intent {
  const { receivedAt } = acceptance;
  const kin = hasKin(accepted) ? findKin(connection, acceptance, accepted) : [];
  const { row, outcome, voids } = judgeArrival(acceptance, part, { accepted, kin });
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
function findKin(connection: Connection, { source }: Acceptance, { facts }: AcceptedIntent): StoredIntent[] {
  const marks = marksOf(source, facts);
  // Of most people nothing is known yet, and to see that is quick.
  const isKnown = (mark: string) =>
    connection.get('select 1 from marks where mark = :mark limit 1', { mark });
  if (!marks.some(isKnown)) return [];
  return connection
    .all(
      `select distinct i.* from marks m join intents i on i.seq = m.intent
       where m.mark in (select value from json_each(:marks))
         and ((i.settled_at is null and (i.action = 'resign' or json_extract(i.facts, '$.broughtBy') is not null))
           or (i.action = 'withdraw' and i.status = 'succeeded'))
       order by i.seq`,
      { marks: JSON.stringify(marks) },
    )
    .map((row) => readIntent(connection, row));
}

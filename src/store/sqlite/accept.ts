import type { Failure } from '../../core/failure.ts';
import { personKey } from '../../core/identifier.ts';
import { type Intent, identifierInTurn } from '../../core/intent.ts';
import { intentOutcome, recordOutcome } from '../../core/outcome.ts';
import type { Acceptance, AcceptedIntent, AcceptReceipt } from '../contract.ts';
import type { Connection, Row } from './connection.ts';
import { insertDeadLetter, resolveDeadLetter } from './dead-letters.ts';
import { insertOutcome } from './outcomes.ts';
import {
  changeIntent,
  insertIntent,
  marksOf,
  readIntent,
  type StoredIntent,
  showId,
  voidLater,
} from './rows.ts';

/** Takes in one delivery; see `Store.accept`. */
export function accept(connection: Connection, acceptance: Acceptance): AcceptReceipt {
  const receipt = { intents: [] as string[], deadLetters: [] as string[] };
  let isNew = false;
  let { contentDigest } = acceptance;
  acceptance.parts.forEach((part, index) => {
    if (part.kind === 'unreadable') {
      const letter = insertDeadLetter(connection, acceptance, index, part.faults);
      if (letter.isNew) recordDeadLetter(connection, acceptance, letter.id, part.faults);
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
  const { facts } = accepted;
  const { source, eventId, receivedAt, contentDigest } = acceptance;
  const kin = facts.action === 'kick' ? [] : findKin(connection, acceptance, accepted);
  const failure =
    accepted.admission.status === 'canceled'
      ? accepted.admission.failure
      : obsolete(acceptance, accepted, kin);
  const { admission } = accepted;
  const outcome =
    facts.action === 'withdraw' && failure === null
      ? { status: 'succeeded' as const, failure: null }
      : failure
        ? { status: 'canceled' as const, failure }
        : { status: admission.status, failure: admission.status === 'held' ? admission.failure : null };
  const isFinal = outcome.status === 'succeeded' || outcome.status === 'canceled';
  const stored = insertIntent(connection, {
    source,
    eventId,
    part,
    person: personKey(identifierInTurn({ identifiers: facts.identifiers, identifierIndex: 0 })),
    facts,
    status: outcome.status,
    urgent: accepted.urgent,
    exempt: accepted.exempt,
    dueAt: isFinal || outcome.status === 'held' || admission.status === 'canceled' ? null : admission.dueAt,
    receivedAt,
    settledAt: isFinal ? receivedAt : null,
    contentDigest,
    failure: outcome.failure,
  });
  if (!failure) voidKin(connection, acceptance, accepted, kin);
  if (outcome.status !== 'pending') {
    const facts = { status: outcome.status, time: receivedAt, failure: outcome.failure };
    insertOutcome(connection, stored.seq, intentOutcome(stored.intent, facts));
  }
  return stored.intent;
}

/** Resigns, the kicks they brought, and withdraws of the same person: by an identifier in common, or by subject. */
function findKin(connection: Connection, { source }: Acceptance, { facts }: AcceptedIntent): StoredIntent[] {
  return connection
    .all(
      `select distinct i.* from marks m join intents i on i.seq = m.intent
       where m.mark in (select value from json_each(:marks))
         and ((i.settled_at is null and (i.action = 'resign' or json_extract(i.facts, '$.broughtBy') is not null))
           or (i.action = 'withdraw' and i.status = 'succeeded'))
       order by i.seq`,
      { marks: JSON.stringify(marksOf(source, facts)) },
    )
    .map((row) => readIntent(connection, row));
}

/** Why a resign that has just arrived is already overtaken, or `null`. */
function obsolete(
  acceptance: Acceptance,
  accepted: AcceptedIntent,
  kin: readonly StoredIntent[],
): Failure | null {
  if (accepted.facts.action !== 'resign') return null;
  const arrived = accepted.facts.occurredAt;
  const isLater = ({ intent }: StoredIntent): boolean =>
    arrived !== null && intent.occurredAt !== null && intent.occurredAt > arrived;
  for (const one of kin.filter(isLater)) {
    const { action, actor, source, id } = one.intent;
    if (action === 'withdraw' && (source === acceptance.source || actor !== null)) {
      return { code: 'withdrawn', message: `a later event withdrew it: ${id}` };
    }
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

/** Only a date that lies ahead is replaced; of two resigns that are due, the second finds the work done. */
function concernsDate({ receivedAt }: Acceptance, { facts }: AcceptedIntent, other: Intent): boolean {
  return (facts.effectiveAt ?? 0) > receivedAt || (other.effectiveAt ?? 0) > receivedAt;
}

/** Voids what an accepted withdraw, or a resign with another date, makes obsolete. */
function voidKin(
  connection: Connection,
  acceptance: Acceptance,
  accepted: AcceptedIntent,
  kin: readonly StoredIntent[],
): void {
  const { facts, allSources } = accepted;
  const id = acceptance.eventId;
  for (const one of kin) {
    const { intent } = one;
    if (intent.action === 'withdraw') continue;
    const isLater =
      intent.occurredAt !== null && facts.occurredAt !== null && intent.occurredAt > facts.occurredAt;
    if (isLater) continue;
    if (facts.action === 'withdraw' && (allSources || intent.source === acceptance.source)) {
      voidIntent(
        connection,
        one,
        { code: 'withdrawn', message: `withdrawn by event ${id}` },
        acceptance.receivedAt,
      );
    }
    if (
      facts.action === 'resign' &&
      intent.action === 'resign' &&
      intent.source === acceptance.source &&
      accepted.admission.status !== 'canceled' &&
      concernsDate(acceptance, accepted, intent)
    ) {
      voidIntent(
        connection,
        one,
        { code: 'superseded', message: `replaced by event ${id}` },
        acceptance.receivedAt,
      );
    }
  }
}

/** Cancels an intent, or, when a call of it may be under way or done, leaves word for whoever settles it. */
function voidIntent(connection: Connection, stored: StoredIntent, failure: Failure, now: number): void {
  if (stored.leaseToken !== null || stored.intent.acted) {
    voidLater(connection, stored, failure);
    return;
  }
  const change = { status: 'canceled', dueAt: null, settledAt: now, progress: { failure } } as const;
  const after = changeIntent(connection, stored, change);
  insertOutcome(connection, stored.seq, intentOutcome(after, { status: 'canceled', time: now, failure }));
}

function recordDeadLetter(
  connection: Connection,
  acceptance: Acceptance,
  id: string,
  faults: readonly string[],
): void {
  const { source, receivedAt } = acceptance;
  const type = 'delivery.dead_lettered';
  const reason = faults.join('; ').slice(0, 1_000);
  insertOutcome(connection, null, recordOutcome({ type, source, time: receivedAt, reference: id, reason }));
}

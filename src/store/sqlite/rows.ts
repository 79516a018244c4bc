import { hash } from 'node:crypto';
import type { Failure, FailureCode } from '../../core/failure.ts';
import type { Identifier } from '../../core/identifier.ts';
import { personKey } from '../../core/identifier.ts';
import type {
  AnswerSummary,
  Decision,
  Intent,
  IntentFacts,
  IntentStatus,
  Resolution,
} from '../../core/intent.ts';
import { applyResolution, identifierInTurn } from '../../core/intent.ts';
import type { Connection, Row } from './connection.ts';

/** The part of an intent that changes, kept as JSON; `null` in the row while all of it is as it was at the start. */
export interface Progress {
  readonly identifierIndex: number;
  readonly attempts: number;
  readonly seenUserId: string | null;
  readonly kickBrought: boolean;
  readonly waived: readonly FailureCode[];
  readonly decisions: readonly Decision[];
  readonly voided: Failure | null;
  readonly failure: Failure | null;
  readonly answer: AnswerSummary | null;
  readonly resolution: Resolution | null;
}

const untouched: Progress = {
  identifierIndex: 0,
  attempts: 0,
  seenUserId: null,
  kickBrought: false,
  waived: [],
  decisions: [],
  voided: null,
  failure: null,
  answer: null,
  resolution: null,
};

/** A row number as the id that is shown, and back; ids of other stores give `null`. */
export function showId(connection: Connection, seq: number, prefix = ''): string {
  return `${connection.storeId}-${prefix}${seq}`;
}

export function readId(connection: Connection, id: string, prefix = ''): number | null {
  const start = `${connection.storeId}-${prefix}`;
  const digits = id.startsWith(start) ? id.slice(start.length) : '';
  return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : null;
}

/** An intent with the columns that only the store works with. */
export interface StoredIntent {
  readonly seq: number;
  readonly intent: Intent;
  readonly leaseToken: string | null;
}

export function readIntent(connection: Connection, row: Row): StoredIntent {
  const facts = JSON.parse(String(row.facts)) as IntentFacts;
  const progress = row.progress === null ? untouched : (JSON.parse(String(row.progress)) as Progress);
  const seq = Number(row.seq);
  const intent: Intent = {
    ...applyResolution(facts, progress.resolution),
    ...progress,
    id: showId(connection, seq),
    source: String(row.source),
    eventId: String(row.event_id),
    person: String(row.person),
    receivedAt: Number(row.received_at),
    status: row.status as IntentStatus,
    dueAt: row.due_at === null ? null : Number(row.due_at),
    settledAt: row.settled_at === null ? null : Number(row.settled_at),
    cap: Number(row.cap),
    acted: row.acted === 1,
  };
  return { seq, intent, leaseToken: row.lease_token === null ? null : String(row.lease_token) };
}

/** The changes of one intent's row; what is absent stays as it is. */
export interface IntentChange {
  readonly status?: IntentStatus;
  readonly dueAt?: number | null;
  readonly settledAt?: number | null;
  readonly cap?: number;
  readonly acted?: boolean;
  readonly exempt?: boolean;
  readonly progress?: Partial<Progress>;
}

/** Writes a change, ends the row's lease, and gives the intent as it stands after it. */
export function changeIntent(
  connection: Connection,
  { seq, intent }: StoredIntent,
  change: IntentChange,
): Intent {
  const { progress = {}, exempt, ...columns } = change;
  const after: Intent = applyResolution({ ...intent, ...columns, ...progress }, progress.resolution);
  connection.run(
    `update intents set status = :status, due_at = :dueAt, settled_at = :settledAt, cap = :cap, acted = :acted,
       exempt = coalesce(:exempt, exempt), user_id_type = :userIdType, progress = :progress, lease_token = null
     where seq = :seq`,
    {
      seq,
      status: after.status,
      dueAt: after.dueAt,
      settledAt: after.settledAt,
      cap: after.cap,
      acted: after.acted ? 1 : 0,
      exempt: exempt === undefined ? null : exempt ? 1 : 0,
      userIdType: identifierInTurn(after).userIdType,
      progress: JSON.stringify(progressOf(after)),
    },
  );
  return after;
}

/** Notes that a later event wants an intent undone whose call is under way; its lease goes on. */
export function voidLater(connection: Connection, { seq, intent }: StoredIntent, voided: Failure): void {
  connection.run('update intents set progress = :progress where seq = :seq', {
    seq,
    progress: JSON.stringify({ ...progressOf(intent), voided }),
  });
}

/** Notes whom a call is about that is now sent; its lease goes on. */
export function noteAct(connection: Connection, { seq, intent }: StoredIntent, seenUserId: string): void {
  connection.run('update intents set acted = 1, progress = :progress where seq = :seq', {
    seq,
    progress: JSON.stringify({ ...progressOf(intent), seenUserId }),
  });
}

function progressOf(intent: Intent): Progress {
  const { identifierIndex, attempts, seenUserId, kickBrought, waived, decisions, voided, failure, answer } =
    intent;
  const { resolution = null } = intent;
  return {
    identifierIndex,
    attempts,
    seenUserId,
    kickBrought,
    waived,
    decisions,
    voided,
    failure,
    answer,
    resolution,
  };
}

export interface NewRow {
  readonly source: string;
  readonly eventId: string;
  readonly part: number;
  readonly person: string;
  readonly facts: IntentFacts;
  readonly status: IntentStatus;
  readonly urgent: boolean;
  readonly exempt: boolean;
  readonly dueAt: number | null;
  readonly receivedAt: number;
  readonly settledAt: number | null;
  readonly contentDigest: string;
  readonly failure: Failure | null;
}

/** Stores an intent and the marks by which it is found. */
export function insertIntent(connection: Connection, row: NewRow): StoredIntent {
  const { facts } = row;
  const progress = row.failure === null ? null : JSON.stringify({ ...untouched, failure: row.failure });
  const { rowId } = connection.run(
    `insert into intents (source, event_id, part, person, action, status, urgent, exempt, due_at, user_id_type,
       received_at, settled_at, content_digest, facts, progress)
     values (:source, :eventId, :part, :person, :action, :status, :urgent, :exempt, :dueAt, :userIdType,
       :receivedAt, :settledAt, :contentDigest, :facts, :progress)`,
    {
      source: row.source,
      eventId: row.eventId,
      part: row.part,
      person: row.person,
      action: facts.action,
      status: row.status,
      urgent: row.urgent ? 1 : 0,
      exempt: row.exempt ? 1 : 0,
      dueAt: row.dueAt,
      userIdType: identifierInTurn({ identifiers: facts.identifiers, identifierIndex: 0 }).userIdType,
      receivedAt: row.receivedAt,
      settledAt: row.settledAt,
      contentDigest: row.contentDigest,
      facts: JSON.stringify(facts),
      progress,
    },
  );
  insertMarks(connection, rowId, [row.person, ...marksOf(row.source, facts)]);
  const intent: Intent = {
    ...facts,
    ...untouched,
    failure: row.failure,
    id: showId(connection, rowId),
    source: row.source,
    eventId: row.eventId,
    person: row.person,
    receivedAt: row.receivedAt,
    status: row.status,
    dueAt: row.dueAt,
    settledAt: row.settledAt,
    cap: 50,
    acted: false,
  };
  return { seq: rowId, intent, leaseToken: null };
}

/** Lets an intent be found by these keys as well. */
export function insertMarks(connection: Connection, intent: number, marks: readonly string[]): void {
  for (const mark of new Set(marks)) {
    connection.run('insert or ignore into marks (mark, intent) values (:mark, :intent)', { mark, intent });
  }
}

/** The keys under which intents of the same person are found: every identifier, and the source's own subject. */
export function marksOf(source: string, facts: Pick<IntentFacts, 'identifiers' | 'subject'>): string[] {
  const marks = facts.identifiers.map((one: Identifier) => personKey(one));
  if (facts.subject !== null) marks.push(subjectMark(source, facts.subject));
  return marks;
}

function subjectMark(source: string, subject: string): string {
  return hash('sha256', `subject:${source}:${subject}`, 'base64url').slice(0, 22);
}

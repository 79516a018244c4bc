import { hash } from 'node:crypto';
import type { Failure, FailureCode } from '../core/failure.ts';
import { personKey } from '../core/identifier.ts';
import type {
  AnswerSummary,
  Decision,
  Intent,
  IntentFacts,
  IntentStatus,
  Resolution,
} from '../core/intent.ts';
import { applyResolution, identifierInTurn } from '../core/intent.ts';

/** A row as a database gives it: the columns of `docs/storage.md`. */
export type Row = Record<string, unknown>;

/** The store whose ids are shown. */
export interface Origin {
  readonly storeId: string;
}

/** The part of an intent that changes, kept as JSON; `null` in the row while all of it is as it was at the start. */
export interface Progress {
  readonly identifierIndex: number;
  readonly attempts: number;
  readonly seenUserId: string | null;
  readonly actedAt?: number | null;
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

/** How many intents may share a call before one was refused. */
const freshCap = 50;

/** A row number as the id that is shown, and back; ids of other stores give `null`. */
export function showId({ storeId }: Origin, seq: number, prefix = ''): string {
  return `${storeId}-${prefix}${seq}`;
}

export function readId({ storeId }: Origin, id: string, prefix = ''): number | null {
  const start = `${storeId}-${prefix}`;
  const digits = id.startsWith(start) ? id.slice(start.length) : '';
  return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : null;
}

/** An intent with the columns that only the store works with. */
export interface StoredIntent {
  readonly seq: number;
  readonly intent: Intent;
  readonly leaseToken: string | null;
}

export function readIntent(origin: Origin, row: Row): StoredIntent {
  const facts = JSON.parse(String(row.facts)) as IntentFacts;
  const progress = row.progress === null ? untouched : (JSON.parse(String(row.progress)) as Progress);
  const seq = Number(row.seq);
  const intent: Intent = {
    ...applyResolution(facts, progress.resolution),
    ...progress,
    id: showId(origin, seq),
    source: String(row.source),
    eventId: String(row.event_id),
    person: String(row.person),
    receivedAt: Number(row.received_at),
    status: row.status as IntentStatus,
    dueAt: row.due_at === null ? null : Number(row.due_at),
    settledAt: row.settled_at === null ? null : Number(row.settled_at),
    cap: Number(row.cap),
    acted: row.acted === 1,
    heldSet: Number(row.held_set ?? 0) > 0 ? showId(origin, Number(row.held_set), 'h') : null,
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

/** The intent as it stands after a change. */
export function changed(intent: Intent, { progress = {}, exempt: _, ...columns }: IntentChange): Intent {
  return applyResolution({ ...intent, ...columns, ...progress }, progress.resolution);
}

/** The columns of a row that a change writes, beside the lease, which it ends; `exempt` is `null` if it stays. */
export function changedColumns(after: Intent, { exempt }: Pick<IntentChange, 'exempt'>) {
  return {
    status: after.status,
    dueAt: after.dueAt,
    settledAt: after.settledAt,
    cap: after.cap,
    acted: after.acted ? 1 : 0,
    exempt: exempt === undefined ? null : exempt ? 1 : 0,
    userIdType: identifierInTurn(after).userIdType,
    progress: progressJson(after),
  };
}

/** The changing part of an intent as its row keeps it. */
export function progressJson(intent: Omit<Progress, 'resolution'> & Pick<Intent, 'resolution'>): string {
  const { identifierIndex, attempts, seenUserId, kickBrought, waived, decisions, voided, failure, answer } =
    intent;
  const { actedAt = null, resolution = null } = intent;
  const progress: Progress = {
    identifierIndex,
    attempts,
    seenUserId,
    actedAt,
    kickBrought,
    waived,
    decisions,
    voided,
    failure,
    answer,
    resolution,
  };
  return JSON.stringify(progress);
}

/** An intent before it has its row. */
export interface NewIntent {
  readonly source: string;
  readonly eventId: string;
  readonly part: number;
  readonly person: string;
  /** All keys under which it is found; some may be there twice. */
  readonly marks: readonly string[];
  readonly facts: IntentFacts;
  readonly status: IntentStatus;
  readonly urgent: boolean;
  readonly exempt: boolean;
  readonly dueAt: number | null;
  readonly receivedAt: number;
  readonly settledAt: number | null;
  readonly contentDigest: string;
  readonly failure: Failure | null;
  /** The reasons to hold it that a person has waived already. */
  readonly waived: readonly FailureCode[];
}

/** The columns of a new row, beside its number. */
export function newColumns(row: NewIntent) {
  const { facts, failure, waived } = row;
  const isUntouched = failure === null && waived.length === 0;
  return {
    source: row.source,
    eventId: row.eventId,
    part: row.part,
    person: row.person,
    action: facts.action,
    status: row.status,
    urgent: row.urgent ? 1 : 0,
    exempt: row.exempt ? 1 : 0,
    dueAt: row.dueAt,
    receivedAt: row.receivedAt,
    settledAt: row.settledAt,
    contentDigest: row.contentDigest,
    userIdType: identifierInTurn({ identifiers: facts.identifiers, identifierIndex: 0 }).userIdType,
    facts: JSON.stringify(facts),
    progress: isUntouched ? null : progressJson({ ...untouched, failure, waived }),
  };
}

/** A new intent once its row has that number. */
export function storedIntent(origin: Origin, seq: number, row: NewIntent): StoredIntent {
  const { facts, failure, waived, source, eventId, person, receivedAt, status, dueAt, settledAt } = row;
  const intent: Intent = {
    ...facts,
    ...untouched,
    failure,
    waived,
    id: showId(origin, seq),
    source,
    eventId,
    person,
    receivedAt,
    status,
    dueAt,
    settledAt,
    cap: freshCap,
    acted: false,
  };
  return { seq, intent, leaseToken: null };
}

/**
 * The keys under which intents of the same person are found: every identifier, and the source's own subject. The first
 * is the person as whom a new intent is kept.
 */
export function marksOf(source: string, facts: Pick<IntentFacts, 'identifiers' | 'subject'>): string[] {
  const marks = facts.identifiers.map(personKey);
  if (facts.subject !== null) marks.push(subjectMark(source, facts.subject));
  return marks;
}

function subjectMark(source: string, subject: string): string {
  return digest(`subject:${source}:${subject}`);
}

/** The key under which an intent is found by the event that brought it. */
export function eventMark(event: Pick<NewIntent, 'source' | 'eventId' | 'part'>): string {
  return digest(`event:${event.source}:${event.part}:${event.eventId}`);
}

/** 128 bits of it. */
function digest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}

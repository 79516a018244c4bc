import type { Intent } from '../../core/intent.ts';
import { intentOutcome, type OutcomeDraft } from '../../core/outcome.ts';
import type { Step } from '../judgement.ts';
import {
  changed,
  changedColumns,
  marksOf,
  type NewIntent,
  newColumns,
  type StoredIntent,
  storedIntent,
} from '../rows.ts';
import type { Transaction } from './connection.ts';
import { pivot } from './sql.ts';

/** The changes of one transaction. They are gathered first, so that writing them takes a few statements, however many. */
export interface Changes {
  /** Gives a new intent the next of the reserved numbers. */
  insert(row: NewIntent): StoredIntent;
  /** Changes an intent, whose lease ends, and tells of it. */
  take(stored: StoredIntent, step: Step): StoredIntent;
  /** Notes something about an intent whose call is under way; its lease goes on. */
  note(
    stored: StoredIntent,
    note: Partial<Pick<Intent, 'voided' | 'acted' | 'seenUserId' | 'actedAt'>>,
    marks?: readonly string[],
  ): StoredIntent;
  tell(intent: number | null, draft: OutcomeDraft): void;
  write(): Promise<void>;
}

interface Mark {
  readonly mark: string;
  readonly intent: number;
}

interface ChangedRow extends ReturnType<typeof changedColumns> {
  readonly seq: number;
  readonly leaseToken: string | null;
}

/** Reserves numbers for that many new intents. Rows that are changed must be locked. */
export async function openChanges(tx: Transaction, reserve: number): Promise<Changes> {
  const numbers = await reserveNumbers(tx, reserve);
  const inserted: { seq: number; row: NewIntent }[] = [];
  const updated = new Map<number, ChangedRow>();
  const freshMarks: Mark[] = [];
  /** Of intents that may have them already. */
  const moreMarks: Mark[] = [];
  const outcomes: { intent: number | null; draft: OutcomeDraft }[] = [];

  /** Of two changes of an intent the later holds, but for what only the earlier says. */
  function put(row: ChangedRow): void {
    updated.set(row.seq, { ...row, exempt: row.exempt ?? updated.get(row.seq)?.exempt ?? null });
  }

  return {
    insert(row) {
      const seq = numbers.shift();
      if (seq === undefined) throw new Error('more intents than numbers were reserved for');
      inserted.push({ seq, row });
      for (const mark of new Set(row.marks)) freshMarks.push({ mark, intent: seq });
      return storedIntent(tx, seq, row);
    },
    take({ seq, intent }, { change, outcome }) {
      const after = changed(intent, change);
      put({ seq, ...changedColumns(after, change), leaseToken: null });
      if (change.progress?.resolution) {
        for (const mark of marksOf(after.source, after)) moreMarks.push({ mark, intent: seq });
      }
      if (outcome) outcomes.push({ intent: seq, draft: intentOutcome(after, outcome) });
      return { seq, intent: after, leaseToken: null };
    },
    note({ seq, intent, leaseToken }, note, marks = []) {
      const after = { ...intent, ...note };
      for (const mark of marks) moreMarks.push({ mark, intent: seq });
      put({ seq, ...changedColumns(after, {}), leaseToken });
      return { seq, intent: after, leaseToken };
    },
    tell(intent, draft) {
      outcomes.push({ intent, draft });
    },
    async write() {
      await Promise.all([
        insertIntents(tx, inserted),
        insertMarks(tx, freshMarks),
        addMarks(tx, moreMarks),
        updateIntents(tx, [...updated.values()]),
        insertOutcomes(tx, outcomes),
      ]);
    },
  };
}

async function reserveNumbers(tx: Transaction, count: number): Promise<number[]> {
  if (count === 0) return [];
  const row = await tx.get(
    `select string_agg(nextval('intent_numbers')::text, ' ') as numbers from generate_series(1, :count::integer)`,
    { count },
  );
  return String(row?.numbers)
    .split(' ')
    .map(Number)
    .sort((a, b) => a - b);
}

async function insertIntents(
  tx: Transaction,
  inserted: readonly { seq: number; row: NewIntent }[],
): Promise<void> {
  if (inserted.length === 0) return;
  const rows = inserted.map(({ seq, row }) => ({
    seq,
    ...newColumns(row),
    brought: row.facts.broughtBy === null ? 0 : 1,
  }));
  await tx.run(
    `insert into intents (seq, source, event_id, part, person, action, status, urgent, exempt, brought, due_at,
       user_id_type, received_at, settled_at, content_digest, facts, progress)
     select * from unnest(:seq::bigint[], :source::text[], :eventId::text[], :part::bigint[], :person::text[],
       :action::text[], :status::text[], :urgent::smallint[], :exempt::smallint[], :brought::smallint[],
       :dueAt::bigint[], :userIdType::text[], :receivedAt::bigint[], :settledAt::bigint[], :contentDigest::text[],
       :facts::text[], :progress::text[])`,
    pivot(rows, [
      'seq',
      'source',
      'eventId',
      'part',
      'person',
      'action',
      'status',
      'urgent',
      'exempt',
      'brought',
      'dueAt',
      'userIdType',
      'receivedAt',
      'settledAt',
      'contentDigest',
      'facts',
      'progress',
    ]),
  );
}

async function insertMarks(tx: Transaction, marks: readonly Mark[]): Promise<void> {
  if (marks.length === 0) return;
  await tx.run(
    `insert into marks (mark, intent) select * from unnest(:mark::text[], :intent::bigint[])`,
    pivot(marks, ['mark', 'intent']),
  );
}

/** Nobody else adds any to these intents meanwhile: their rows are locked. */
async function addMarks(tx: Transaction, marks: readonly Mark[]): Promise<void> {
  if (marks.length === 0) return;
  await tx.run(
    `insert into marks (mark, intent)
     select distinct n.mark, n.intent from unnest(:mark::text[], :intent::bigint[]) as n (mark, intent)
     where not exists (select 1 from marks m where m.mark = n.mark and m.intent = n.intent)`,
    pivot(marks, ['mark', 'intent']),
  );
}

async function updateIntents(tx: Transaction, updated: readonly ChangedRow[]): Promise<void> {
  if (updated.length === 0) return;
  await tx.run(
    `update intents i set status = n.status, due_at = n.due_at, settled_at = n.settled_at, cap = n.cap,
       acted = n.acted, exempt = coalesce(n.exempt, i.exempt), user_id_type = n.user_id_type,
       progress = n.progress, lease_token = n.lease_token,
       held_set = case when n.status = 'held' then null else i.held_set end
     from unnest(:seq::bigint[], :status::text[], :dueAt::bigint[], :settledAt::bigint[], :cap::integer[],
       :acted::smallint[], :exempt::smallint[], :userIdType::text[], :progress::text[], :leaseToken::text[])
       as n (seq, status, due_at, settled_at, cap, acted, exempt, user_id_type, progress, lease_token)
     where i.seq = n.seq`,
    pivot(updated, [
      'seq',
      'status',
      'dueAt',
      'settledAt',
      'cap',
      'acted',
      'exempt',
      'userIdType',
      'progress',
      'leaseToken',
    ]),
  );
}

async function insertOutcomes(
  tx: Transaction,
  outcomes: readonly { intent: number | null; draft: OutcomeDraft }[],
): Promise<void> {
  if (outcomes.length === 0) return;
  const rows = outcomes.map(({ intent, draft }) => ({
    intent,
    recordedAt: draft.time,
    draft: JSON.stringify(draft),
  }));
  await tx.run(
    `insert into outcomes (intent, recorded_at, draft)
     select intent, recorded_at, draft
     from unnest(:intent::bigint[], :recordedAt::bigint[], :draft::text[]) with ordinality
       as n (intent, recorded_at, draft, place)
     order by place`,
    pivot(rows, ['intent', 'recordedAt', 'draft']),
  );
}

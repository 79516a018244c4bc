import type { Failure } from '../../core/failure.ts';
import type { Intent } from '../../core/intent.ts';
import {
  changed,
  changedColumns,
  eventMark,
  type IntentChange,
  type NewIntent,
  newColumns,
  progressJson,
  type StoredIntent,
} from '../rows.ts';
import type { Connection } from './connection.ts';
import { addMarks } from './marks.ts';

/** Writes a change, ends the row's lease, and gives the intent as it stands after it. */
export function changeIntent(
  connection: Connection,
  { seq, intent }: StoredIntent,
  change: IntentChange,
): Intent {
  const after = changed(intent, change);
  connection.run(
    `update intents set status = :status, due_at = :dueAt, settled_at = :settledAt, cap = :cap, acted = :acted,
       exempt = coalesce(:exempt, exempt), user_id_type = :userIdType, progress = :progress, lease_token = null,
       held_set = case when :status = 'held' then null else held_set end
     where seq = :seq`,
    { seq, ...changedColumns(after, change) },
  );
  return after;
}

/** Notes that a later event wants an intent undone whose call is under way; its lease goes on. */
export function voidLater(connection: Connection, { seq, intent }: StoredIntent, voided: Failure): void {
  connection.run('update intents set progress = :progress where seq = :seq', {
    seq,
    progress: progressJson({ ...intent, voided }),
  });
}

/** Notes whom a call is about that is now sent; its lease goes on. */
export function noteAct(
  connection: Connection,
  { seq, intent }: StoredIntent,
  act: { readonly seenUserId: string; readonly actedAt: number },
): void {
  connection.run('update intents set acted = 1, progress = :progress where seq = :seq', {
    seq,
    progress: progressJson({ ...intent, ...act }),
  });
}

/** Stores an intent and the marks by which it is found. @param event see `eventMark` @returns its number */
export function insertIntent(connection: Connection, row: NewIntent, event: string = eventMark(row)): number {
  const { rowId } = connection.run(
    `insert into intents (source, event_id, part, person, action, status, urgent, exempt, due_at, user_id_type,
       received_at, settled_at, content_digest, facts, progress)
     values (:source, :eventId, :part, :person, :action, :status, :urgent, :exempt, :dueAt, :userIdType,
       :receivedAt, :settledAt, :contentDigest, :facts, :progress)`,
    newColumns(row),
  );
  addMarks(connection, rowId, [event, ...row.marks]);
  return rowId;
}

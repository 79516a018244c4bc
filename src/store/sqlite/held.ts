import type { Decision } from '../../core/intent.ts';
import type { DecisionReceipt, HeldSet, Page, PageQuery, TendRequest } from '../contract.ts';
import {
  aheadFailure,
  askedAgain,
  burstGapMs,
  datesToLookAt,
  foresee,
  groupHeld,
  heldSetOutcome,
  maxTended,
  noSet,
  readHeldSet,
  type SetKind,
  sampleSize,
} from '../held.ts';
import { holdStep } from '../judgement.ts';
import { type Row, readId, readIntent } from '../rows.ts';
import type { Connection } from './connection.ts';
import { insertOutcome } from './outcomes.ts';
import { takeStep } from './settle.ts';

/** Looks after what is held; see `Store.tendHeld`. */
export function tendHeld(connection: Connection, request: TendRequest): number {
  return lookAhead(connection, request) + askAgain(connection, request) + gather(connection, request);
}

/** Those of the machines that wait for their date, and those that began: when each counts. */
const timesAround = `
  select due_at as at from (
    select due_at from intents
    where urgent = 0 and action = 'resign' and due_at > :from and due_at < :to and exempt = 0 and counted_at is null
      and foreseen = 1 and (:source is null or source = :source)
    limit :limit)
  union all select at from (
    select counted_at as at from intents
    where action = 'resign' and counted_at > :from and counted_at < :to and (:source is null or source = :source)
    limit :limit)`;

function lookAhead(connection: Connection, { safeguard, now }: TendRequest): number {
  if (safeguard.length === 0) return 0;
  const rows = connection
    .all(
      `select * from intents where status = 'scheduled' and action = 'resign' and exempt = 0 and foreseen = 0
       order by seq limit :limit`,
      { limit: maxTended },
    )
    .map((row) => readIntent(connection, row));
  const neighbours = datesToLookAt(rows, safeguard).map((around) => {
    const { limit, at, most } = around;
    const bound = { from: at - limit.perMs, to: at + limit.perMs, source: limit.source, limit: 2 * most };
    return { ...around, times: connection.all(timesAround, bound).map((row) => Number(row.at)) };
  });
  for (const { stored, full } of foresee(rows, neighbours)) {
    const { seq, intent } = stored;
    if (full.length > 0) takeStep(connection, stored, holdStep(aheadFailure(full, intent.source), now));
    else connection.run('update intents set foreseen = 1 where seq = :seq', { seq });
  }
  return rows.length;
}

function askAgain(connection: Connection, { askAgainBefore, now }: TendRequest): number {
  const rows = connection.all(
    `select i.*, s.since from held_sets s join intents i on i.held_set = s.seq and i.status = 'held'
     where s.verdict is null and s.since < :before limit :limit`,
    { before: askAgainBefore, limit: maxTended },
  );
  for (const row of rows) {
    const stored = readIntent(connection, row);
    const { failure } = stored.intent;
    if (failure) takeStep(connection, stored, holdStep(askedAgain(failure, Number(row.since)), now));
  }
  return rows.length;
}

function gather(connection: Connection, { askAgainBefore, now }: TendRequest): number {
  const rows = connection
    .all(`select * from intents where status = 'held' and held_set is null order by seq limit :limit`, {
      limit: maxTended,
    })
    .map((row) => readIntent(connection, row));
  const { kinds, none } = groupHeld(rows, now);
  for (const { kind, seqs } of kinds) {
    join(connection, seqs, findOpenSet(connection, kind, { askAgainBefore, now }));
  }
  join(connection, none, noSet);
  return rows.length;
}

function join(connection: Connection, seqs: readonly number[], set: number): void {
  if (seqs.length === 0) return;
  connection.run('update intents set held_set = :set where seq in (select value from json_each(:seqs))', {
    set,
    seqs: JSON.stringify(seqs),
  });
}

/** The set that is still being added to, or a new one. */
function findOpenSet(
  connection: Connection,
  kind: SetKind,
  { askAgainBefore, now }: Pick<TendRequest, 'askAgainBefore' | 'now'>,
): number {
  const open = connection.get(
    `select seq from held_sets
     where source = :source and action = :action and code = :code and about = :about and actor is :actor
       and verdict is null and since >= :askAgainBefore and (:isDay or last_at > :gap)
     order by seq desc limit 1`,
    { ...kind, askAgainBefore, gap: now - burstGapMs, isDay: kind.about.startsWith('day:') ? 1 : 0 },
  );
  if (open) {
    connection.run('update held_sets set last_at = :now where seq = :seq', { now, seq: Number(open.seq) });
    return Number(open.seq);
  }
  return connection.run(
    `insert into held_sets (source, action, code, actor, about, since, last_at)
     values (:source, :action, :code, :actor, :about, :now, :now)`,
    { ...kind, now },
  ).rowId;
}

const counts = `
  (select count(*) from intents i where i.held_set = s.seq and i.status = 'held') as waiting,
  (select count(*) from intents i where i.held_set = s.seq) as size`;

function show(connection: Connection, set: Row): HeldSet {
  const sample = connection.all(
    `select * from intents where held_set = :seq and (:waiting = 0 or status = 'held') order by seq limit :limit`,
    { seq: Number(set.seq), waiting: Number(set.waiting), limit: sampleSize },
  );
  return readHeldSet(connection, set, sample);
}

export function listHeldSets(connection: Connection, { cursor, limit }: PageQuery): Page<HeldSet> {
  const rows = connection.all(
    `select s.*, ${counts} from held_sets s
     where s.seq < :before and exists (select 1 from intents i where i.held_set = s.seq and i.status = 'held')
     order by s.seq desc limit :limit`,
    { before: Number(cursor ?? Number.MAX_SAFE_INTEGER), limit: limit + 1 },
  );
  const items = rows.slice(0, limit).map((row) => show(connection, row));
  return { items, next: rows.length > limit ? String(rows[limit - 1]?.seq) : null };
}

export function findHeldSet(connection: Connection, id: string): HeldSet | null {
  const seq = readId(connection, id, 'h');
  if (seq === null) return null;
  const row = connection.get(`select s.*, ${counts} from held_sets s where s.seq = :seq`, { seq });
  return row ? show(connection, row) : null;
}

/** See `Store.decideHeldSet`. */
export function decideHeldSet(
  connection: Connection,
  id: string,
  { decision, waiting }: { decision: Decision; waiting: number | null },
): DecisionReceipt {
  const { verdict, by, at, reason } = decision;
  const set = findHeldSet(connection, id);
  if (!set) return 'not_found';
  if (set.decision || set.waiting === 0 || set.waiting !== (waiting ?? set.waiting)) return 'wrong_state';
  connection.run(
    'update held_sets set verdict = :verdict, decided_by = :by, decided_at = :at, reason = :reason where seq = :seq',
    { verdict, by, at, reason, seq: readId(connection, id, 'h') },
  );
  insertOutcome(connection, null, heldSetOutcome(set, decision));
  return 'done';
}

/** Sets of whose intents none is left are forgotten. */
export function pruneHeldSets(connection: Connection, before: number, limit: number): number {
  return connection.run(
    `delete from held_sets where seq in (
       select s.seq from held_sets s
       where s.since < :before and not exists (select 1 from intents i where i.held_set = s.seq) limit :limit)`,
    { before, limit },
  ).changes;
}

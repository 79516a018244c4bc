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
  type Neighbours,
  noSet,
  readHeldSet,
  type SetKind,
  sampleSize,
} from '../held.ts';
import { holdStep } from '../judgement.ts';
import { type Row, readId, readIntent } from '../rows.ts';
import { openChanges } from './changes.ts';
import type { Queries, Transaction } from './connection.ts';
import { locks } from './locks.ts';

/** Whether there may be something to look after. */
export async function hasHeldToTend(
  queries: Queries,
  { safeguard, askAgainBefore }: TendRequest,
): Promise<boolean> {
  const row = await queries.get(
    `select exists (select 1 from intents where status = 'held' and held_set is null)
       or exists (select 1 from held_sets s join intents i on i.held_set = s.seq and i.status = 'held'
         where s.verdict is null and s.since < :before)
       or (:looksAhead and exists (select 1 from intents
         where status = 'scheduled' and action = 'resign' and exempt = 0 and foreseen = 0)) as there_is`,
    { before: askAgainBefore, looksAhead: safeguard.length > 0 },
  );
  return row?.there_is === true;
}

/** Looks after what is held; see `Store.tendHeld`. Whoever comes meanwhile leaves it to the first. */
export async function tendHeld(tx: Transaction, request: TendRequest): Promise<number> {
  const lock = await tx.get('select pg_try_advisory_xact_lock(:class, 0) as is_ours', { class: locks.held });
  if (lock?.is_ours !== true) return 0;
  const ahead = await lookAhead(tx, request);
  const again = await askAgain(tx, request);
  return ahead + again + (await gather(tx, request));
}

/** Those of the machines that wait for their date, and those that began: when each counts. */
const timesAround = `
  (select due_at as at from intents
   where urgent = 0 and action = 'resign' and due_at > :from and due_at < :to and exempt = 0 and counted_at is null
     and foreseen = 1 and (:source::text is null or source = :source)
   limit :limit)
  union all
  (select counted_at as at from intents
   where action = 'resign' and counted_at > :from and counted_at < :to and (:source::text is null or source = :source)
   limit :limit)`;

async function lookAhead(tx: Transaction, { safeguard, now }: TendRequest): Promise<number> {
  if (safeguard.length === 0) return 0;
  const found = await tx.all(
    `select * from intents where status = 'scheduled' and action = 'resign' and exempt = 0 and foreseen = 0
     order by seq limit :limit for update skip locked`,
    { limit: maxTended },
  );
  const rows = found.map((row) => readIntent(tx, row));
  const neighbours: Neighbours[] = [];
  for (const around of datesToLookAt(rows, safeguard)) {
    const { limit, at, most } = around;
    const bound = { from: at - limit.perMs, to: at + limit.perMs, source: limit.source, limit: 2 * most };
    const times = (await tx.all(timesAround, bound)).map((row) => Number(row.at));
    neighbours.push({ ...around, times });
  }
  const changes = await openChanges(tx, 0);
  const fine: number[] = [];
  for (const { stored, full } of foresee(rows, neighbours)) {
    if (full.length === 0) fine.push(stored.seq);
    else changes.take(stored, holdStep(aheadFailure(full, stored.intent.source), now));
  }
  await changes.write();
  await tx.run('update intents set foreseen = 1 where seq = any(:fine::bigint[])', { fine });
  return rows.length;
}

async function askAgain(tx: Transaction, { askAgainBefore, now }: TendRequest): Promise<number> {
  const rows = await tx.all(
    `select i.*, s.since from held_sets s join intents i on i.held_set = s.seq and i.status = 'held'
     where s.verdict is null and s.since < :before limit :limit for update of i skip locked`,
    { before: askAgainBefore, limit: maxTended },
  );
  const changes = await openChanges(tx, 0);
  for (const row of rows) {
    const stored = readIntent(tx, row);
    const { failure } = stored.intent;
    if (failure) changes.take(stored, holdStep(askedAgain(failure, Number(row.since)), now));
  }
  await changes.write();
  return rows.length;
}

async function gather(tx: Transaction, { askAgainBefore, now }: TendRequest): Promise<number> {
  const found = await tx.all(
    `select * from intents where status = 'held' and held_set is null order by seq limit :limit
     for update skip locked`,
    { limit: maxTended },
  );
  const { kinds, none } = groupHeld(
    found.map((row) => readIntent(tx, row)),
    now,
  );
  for (const { kind, seqs } of kinds) {
    await join(tx, seqs, await findOpenSet(tx, kind, { askAgainBefore, now }));
  }
  await join(tx, none, noSet);
  return found.length;
}

async function join(tx: Transaction, seqs: readonly number[], set: number): Promise<void> {
  await tx.run('update intents set held_set = :set where seq = any(:seqs::bigint[])', { set, seqs });
}

/** The set that is still being added to, or a new one. */
async function findOpenSet(
  tx: Transaction,
  kind: SetKind,
  { askAgainBefore, now }: Pick<TendRequest, 'askAgainBefore' | 'now'>,
): Promise<number> {
  const open = await tx.get(
    `update held_sets set last_at = :now where seq = (
       select seq from held_sets
       where source = :source and action = :action and code = :code and about = :about
         and actor is not distinct from :actor::text
         and verdict is null and since >= :askAgainBefore and (:isDay or last_at > :gap)
       order by seq desc limit 1 for update)
     returning seq`,
    { ...kind, now, askAgainBefore, gap: now - burstGapMs, isDay: kind.about.startsWith('day:') },
  );
  if (open) return Number(open.seq);
  const added = await tx.get(
    `insert into held_sets (source, action, code, actor, about, since, last_at)
     values (:source, :action, :code, :actor, :about, :now, :now) returning seq`,
    { ...kind, now },
  );
  return Number(added?.seq);
}

const counts = `
  (select count(*) from intents i where i.held_set = s.seq and i.status = 'held') as waiting,
  (select count(*) from intents i where i.held_set = s.seq) as size`;

async function show(tx: Transaction, set: Row): Promise<HeldSet> {
  const sample = await tx.all(
    `select * from intents where held_set = :seq and (:waiting::bigint = 0 or status = 'held')
     order by seq limit :limit`,
    { seq: set.seq, waiting: set.waiting, limit: sampleSize },
  );
  return readHeldSet(tx, set, sample);
}

export async function listHeldSets(tx: Transaction, { cursor, limit }: PageQuery): Promise<Page<HeldSet>> {
  const rows = await tx.all(
    `select s.*, ${counts} from held_sets s
     where s.seq < :before and exists (select 1 from intents i where i.held_set = s.seq and i.status = 'held')
     order by s.seq desc limit :limit`,
    { before: Number(cursor ?? Number.MAX_SAFE_INTEGER), limit: limit + 1 },
  );
  const items: HeldSet[] = [];
  for (const row of rows.slice(0, limit)) items.push(await show(tx, row));
  return { items, next: rows.length > limit ? String(rows[limit - 1]?.seq) : null };
}

export async function findHeldSet(tx: Transaction, id: string): Promise<HeldSet | null> {
  const seq = readId(tx, id, 'h');
  if (seq === null) return null;
  const row = await tx.get(`select s.*, ${counts} from held_sets s where s.seq = :seq`, { seq });
  return row ? show(tx, row) : null;
}

/** See `Store.decideHeldSet`. It waits for whoever puts something into sets just now. */
export async function decideHeldSet(
  tx: Transaction,
  id: string,
  { decision, waiting }: { decision: Decision; waiting: number | null },
): Promise<DecisionReceipt> {
  const { verdict, by, at, reason } = decision;
  await tx.run('select pg_advisory_xact_lock(:class, 0)', { class: locks.held });
  const set = await findHeldSet(tx, id);
  if (!set) return 'not_found';
  if (set.waiting === 0 || set.waiting !== (waiting ?? set.waiting)) return 'wrong_state';
  const decided = await tx.run(
    `update held_sets set verdict = :verdict, decided_by = :by, decided_at = :at, reason = :reason
     where seq = :seq and verdict is null`,
    { verdict, by, at, reason, seq: readId(tx, id, 'h') },
  );
  if (decided === 0) return 'wrong_state';
  const changes = await openChanges(tx, 0);
  changes.tell(null, heldSetOutcome(set, decision));
  await changes.write();
  return 'done';
}

/** Sets of whose intents none is left are forgotten. */
export async function pruneHeldSets(queries: Queries, before: number, limit: number): Promise<number> {
  return queries.run(
    `delete from held_sets where seq in (
       select s.seq from held_sets s
       where s.since < :before and not exists (select 1 from intents i where i.held_set = s.seq)
       limit :limit for update skip locked)`,
    { before, limit },
  );
}

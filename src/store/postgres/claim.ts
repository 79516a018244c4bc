import type { Act } from '../../core/intent.ts';
import type { SafeguardLimit } from '../../core/safeguard.ts';
import {
  batchOf,
  cutBatch,
  heldSources,
  isActed,
  maxHeldPerClaim,
  needsCount,
  type Room,
  roomOf,
} from '../batch.ts';
import type { Batch, ClaimRequest } from '../contract.ts';
import { holdStep, safeguardFailure } from '../judgement.ts';
import { type Row, readIntent } from '../rows.ts';
import { openChanges } from './changes.ts';
import { type DatabaseClock, databaseNow } from './clock.ts';
import type { Database, Transaction } from './connection.ts';
import { locks } from './locks.ts';

/** How often a claim looks again when others took what it had found. */
const maxLooks = 3;

/** What is paused, read once for a statement: a subquery wherever it is asked about would be begun and ended for each. */
const pauses = '(select array(select scope from pauses) as paused offset 0) p';

const isPaused = (intent: string): string =>
  `('all' = any(p.paused) or ${intent}.action = any(p.paused) or ${intent}.source = any(p.paused))`;

/**
 * An intent that may be claimed: due, not paused, not under a lease that this process knows to be alive, and nobody
 * else of that person is in flight, urgent, or older and due as well. The `offset` keeps the planner from looking
 * through everybody where it can look up one person.
 */
const candidateAt = (now: string): string => `
  i.due_at <= ${now} and i.action = any(:actions::text[]) and not ${isPaused('i')}
  and (i.lease_token is null or i.lease_token <> all(:alive::text[]))
  and not exists (
    select 1 from marks m join intents o on o.seq = m.intent
    where m.mark = i.person and o.seq <> i.seq and o.due_at is not null and (
      (o.lease_token is not null and (o.due_at > ${now} or o.lease_token = any(:alive::text[])))
      or (o.due_at <= ${now} and (o.urgent > i.urgent or (o.urgent = i.urgent and o.seq < i.seq))
        and o.action = any(:actions::text[]) and not ${isPaused('o')})
    )
    offset 0
  )`;

const candidate = candidateAt(':now');

/** That an action is paused is asked of the action alone, too, so that nothing that waits for it is read. */
const headOf = (urgent: 0 | 1, action: Act): string =>
  `(select i.* from intents i
    where i.urgent = ${urgent} and i.action = '${action}' and '${action}' <> all(p.paused)
      and ${candidateAt('least(:now, clock.now)')}
    order by i.due_at, i.seq limit 1)`;

/** Kicks asked for by a person go before everything else; then the oldest due, whatever it is. */
const findHead = `
  select clock.now as database_now, head.*
  from (select ${databaseNow} as now) clock
  cross join ${pauses}
  left join lateral (
    select * from (
      ${headOf(1, 'kick')} union all ${headOf(0, 'kick')} union all ${headOf(0, 'resign')}
    ) heads
    order by urgent desc, due_at, seq limit 1
  ) head on true`;

export interface Claiming {
  readonly database: Database;
  readonly storeId: string;
  readonly clock: DatabaseClock;
  /** The leases this process holds by its monotonic clock. */
  readonly alive: readonly string[];
}

/** A claim that may have waited for others before it looks. */
export interface KeptRequest extends ClaimRequest {
  /** Its `now`; see `DatabaseClock.keep`. */
  readonly nowBy: (databaseNow: number) => number;
}

interface Scope {
  readonly tx: Transaction;
  readonly request: ClaimRequest;
  /** What every look for candidates is bound by; named as in the SQL. */
  readonly bound: Readonly<Record<string, unknown>>;
  readonly head: Row;
}

/**
 * Claims one batch; see `Store.claim`. Nothing is locked while nothing is due. While this process's clock is being set,
 * nothing is claimed before its date either, and no lease is over as soon as it begins.
 */
export async function claim(claiming: Claiming, request: KeptRequest): Promise<Batch | null> {
  const { database, storeId, clock, alive } = claiming;
  let actions = (['kick', 'resign'] as const).filter((action) => request.limits[action] > 0);
  for (let looks = 0; looks < maxLooks; looks += 1) {
    const head = await clock.observe(
      () => database.get(findHead, { now: request.nowBy(Number.POSITIVE_INFINITY), actions, alive }),
      (row) => Number(row?.database_now),
    );
    if (!head || head.seq === null) return null;
    const now = request.nowBy(Number(head.database_now));
    const batch = await database.transaction((queries) =>
      claimWith({
        tx: { ...queries, storeId },
        request: { ...request, now },
        bound: { now, actions, alive },
        head,
      }),
    );
    if (typeof batch !== 'string') return batch;
    if (batch === 'held') actions = actions.filter((action) => action !== head.action);
  }
  return null;
}

/**
 * Whoever claims waits for nobody but to count at the safeguard, and whoever counts waits for nobody, so that claims
 * cannot wait for one another in a circle.
 * @returns `taken` when others have what was found, `held` when the safeguard lets none of it through
 */
async function claimWith(scope: Scope): Promise<Batch | 'taken' | 'held'> {
  const found = await gather(scope);
  if (found.length === 0) return 'taken';
  const rooms = found.some(needsCount) ? await readRooms(scope) : [];
  const { rows, full } = cutBatch(scope.tx, found, rooms);
  if (full.length > 0) await holdExcess(scope, rows, full);
  const [first, ...others] = rows;
  return first ? lease(scope, [first, ...others]) : 'held';
}

/**
 * The intents that may share the head's call. The second look begins when their people are locked: what others have
 * claimed of these people until then shows in it, and what they try to claim from now on waits for their next look.
 */
async function gather({ tx, request, bound, head }: Scope): Promise<Row[]> {
  const limit = Math.min(request.limits[head.action as Act], Number(head.cap));
  const locked = await tx.all(
    `with found as materialized (
       select first.* from ${pauses} cross join lateral (
         select i.seq, i.person from intents i
         where i.urgent = :urgent and i.action = :action and ${candidate}
           and i.user_id_type = :userIdType and i.cap = :cap
           and (i.acted = 1 or (i.action = 'kick' and i.lease_token is not null)) = :acted
         order by i.due_at, i.seq limit :limit for update of i skip locked
       ) first
     )
     select seq from found where pg_try_advisory_xact_lock(:class, hashtext(person))`,
    {
      ...bound,
      urgent: head.urgent,
      action: head.action,
      userIdType: head.user_id_type,
      cap: head.cap,
      acted: isActed(head),
      limit,
      class: locks.person,
    },
  );
  return tx.all(
    `select i.* from ${pauses} cross join intents i
     where i.seq = any(:seqs::bigint[]) and ${candidate} order by i.due_at, i.seq`,
    { ...bound, seqs: locked.map(({ seq }) => seq) },
  );
}

/** How much room each limit has; nobody else counts until this transaction ends. */
async function readRooms({ tx, request, head }: Scope): Promise<Room[]> {
  if (request.safeguard.length === 0) return [];
  await tx.run('select pg_advisory_xact_lock(:class, hashtext(:action))', {
    class: locks.safeguard,
    action: head.action,
  });
  const rooms: (Room | null)[] = [];
  for (const limit of request.safeguard) {
    const row = await tx.get(
      `select count(*) as n from intents
       where action = :action and counted_at > :since and (:source::text is null or source = :source)`,
      { action: head.action, since: request.now - limit.perMs, source: limit.source },
    );
    rooms.push(roomOf(limit, head.action as Act, Number(row?.n)));
  }
  return rooms.filter((room) => room !== null);
}

async function holdExcess(
  { tx, request, head }: Scope,
  taken: readonly Row[],
  full: readonly SafeguardLimit[],
): Promise<void> {
  const action = head.action as Act;
  const sources = heldSources(full);
  const rows = await tx.all(
    `select excess.* from ${pauses} cross join lateral (
       select i.* from intents i
       where i.urgent = 0 and i.action = :action and i.due_at <= :now and i.exempt = 0 and i.counted_at is null
         and i.lease_token is null and not ${isPaused('i')} and i.seq <> all(:taken::bigint[])
         and (:sources::text[] is null or i.source = any(:sources::text[]))
       order by i.due_at, i.seq limit :limit for update of i skip locked
     ) excess`,
    {
      now: request.now,
      action,
      taken: taken.map(({ seq }) => seq),
      sources: sources === 'all' ? null : sources,
      limit: maxHeldPerClaim,
    },
  );
  const changes = await openChanges(tx, 0);
  for (const row of rows) {
    const stored = readIntent(tx, row);
    const failure = safeguardFailure(action, full, stored.intent.source);
    changes.take(stored, holdStep(failure, request.now));
  }
  await changes.write();
}

async function lease({ tx, request }: Scope, rows: readonly [Row, ...Row[]]): Promise<Batch> {
  const batch = batchOf(tx, request, rows);
  await tx.run(
    `update intents set status = 'pending', due_at = :until, lease_token = :token, acted = :acted,
       counted_at = case when exempt = 0 then coalesce(counted_at, :now) else counted_at end
     where seq = any(:seqs::bigint[])`,
    {
      seqs: rows.map(({ seq }) => seq),
      until: request.now + request.leaseMs,
      token: request.token,
      acted: batch.acted ? 1 : 0,
      now: request.now,
    },
  );
  return batch;
}

import type { SQLInputValue } from 'node:sqlite';
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
import type { Connection } from './connection.ts';
import { markedBy } from './marks.ts';
import { takeStep } from './settle.ts';

interface Lane {
  readonly urgent: 0 | 1;
  readonly action: Act;
}

/** Kicks asked for by a person go before everything else; then the oldest due, whatever it is. */
const urgentLane: Lane = { urgent: 1, action: 'kick' };
const lanes: readonly Lane[] = [
  { urgent: 0, action: 'kick' },
  { urgent: 0, action: 'resign' },
];

/** What every look for candidates is bound by; named as in the SQL. */
interface Scope {
  readonly connection: Connection;
  readonly request: ClaimRequest;
  readonly bound: Record<string, SQLInputValue>;
}

/**
 * An intent that may be claimed: due, not paused, not under a lease that this process knows to be alive, and nobody
 * else of that person is in flight, urgent, or older and due as well.
 */
const candidate = `
  i.urgent = :urgent and i.action = :action and i.due_at <= :now
  and i.source not in (select value from json_each(:pausedSources))
  and (i.lease_token is null or i.lease_token not in (select value from json_each(:alive)))
  and not exists (
    select 1 from intents o
    where o.seq in (${markedBy('i.person')}) and o.seq <> i.seq and o.due_at is not null and (
      (o.lease_token is not null and (o.due_at > :now or o.lease_token in (select value from json_each(:alive))))
      or (o.due_at <= :now and (o.urgent > i.urgent or (o.urgent = i.urgent and o.seq < i.seq))
        and o.action in (select value from json_each(:actions))
        and o.source not in (select value from json_each(:pausedSources)))
    )
  )`;

const needsAllowance = 'i.exempt = 0 and i.counted_at is null';

/** Claims one batch; see `Store.claim`. `alive` are the leases this process holds by its monotonic clock. */
export function claim(connection: Connection, request: ClaimRequest, alive: readonly string[]): Batch | null {
  const scope = openScope(connection, request, alive);
  const head = findHead(scope);
  if (!head) return null;
  const lane: Lane = { urgent: head.urgent === 1 ? 1 : 0, action: head.action as Act };
  const found = gather(scope, lane, head);
  const rooms = found.some(needsCount) ? readRooms(scope, lane.action) : [];
  const { rows, full } = cutBatch(connection, found, rooms);
  if (full.length > 0) holdExcess(scope, { action: lane.action, taken: rows, full });
  const [first, ...others] = rows;
  if (first) return lease(scope, [first, ...others]);
  const limits = { ...request.limits, [lane.action]: 0 };
  return claim(connection, { ...request, limits }, alive);
}

function openScope(connection: Connection, request: ClaimRequest, alive: readonly string[]): Scope {
  const paused = new Set(connection.all('select scope from pauses').map((row) => String(row.scope)));
  const open = (['kick', 'resign'] as const).filter(
    (action) => request.limits[action] > 0 && !paused.has(action) && !paused.has('all'),
  );
  return {
    connection,
    request,
    bound: {
      now: request.now,
      actions: JSON.stringify(open),
      pausedSources: JSON.stringify([...paused]),
      alive: JSON.stringify(alive),
    },
  };
}

function isOpen({ bound }: Scope, action: Act): boolean {
  return (JSON.parse(String(bound.actions)) as string[]).includes(action);
}

function findHead(scope: Scope): Row | undefined {
  const first = (lane: Lane): Row | undefined =>
    isOpen(scope, lane.action)
      ? scope.connection.get(
          `select i.* from intents i where ${candidate} order by i.due_at, i.seq limit 1`,
          {
            ...scope.bound,
            ...lane,
          },
        )
      : undefined;
  const urgent = first(urgentLane);
  if (urgent) return urgent;
  const heads = lanes.map(first).filter((row) => row !== undefined);
  return heads.sort((a, b) => Number(a.due_at) - Number(b.due_at) || Number(a.seq) - Number(b.seq))[0];
}

function readRooms({ connection, request }: Scope, action: Act): Room[] {
  return request.safeguard.flatMap((limit) => {
    const row = connection.get(
      `select count(*) as n from intents
       where action = :action and counted_at > :since and (:source is null or source = :source)`,
      { action, since: request.now - limit.perMs, source: limit.source },
    );
    return roomOf(limit, action, Number(row?.n)) ?? [];
  });
}

/** The head and the intents that may share its call. */
function gather(scope: Scope, lane: Lane, head: Row): Row[] {
  const { connection, request, bound } = scope;
  const limit = Math.min(request.limits[lane.action], Number(head.cap));
  return connection.all(
    `select i.* from intents i
     where ${candidate} and i.user_id_type = :userIdType and i.cap = :cap
       and (i.acted or (i.action = 'kick' and i.lease_token is not null)) = :acted
     order by i.due_at, i.seq limit :limit`,
    {
      ...bound,
      ...lane,
      userIdType: String(head.user_id_type),
      cap: Number(head.cap),
      acted: isActed(head) ? 1 : 0,
      limit,
    },
  );
}

interface Excess {
  readonly action: Act;
  readonly taken: readonly Row[];
  readonly full: readonly SafeguardLimit[];
}

function holdExcess(scope: Scope, { action, taken, full }: Excess): void {
  const { connection, request, bound } = scope;
  const sources = heldSources(full);
  const rows = connection.all(
    `select i.* from intents i
     where i.urgent = 0 and i.action = :action and i.due_at <= :now and ${needsAllowance} and i.lease_token is null
       and i.source not in (select value from json_each(:pausedSources))
       and i.seq not in (select value from json_each(:taken))
       and (:sources is null or i.source in (select value from json_each(:sources)))
     order by i.due_at, i.seq limit :limit`,
    {
      now: request.now,
      pausedSources: bound.pausedSources ?? '[]',
      action,
      taken: JSON.stringify(taken.map((row) => Number(row.seq))),
      sources: sources === 'all' ? null : JSON.stringify(sources),
      limit: maxHeldPerClaim,
    },
  );
  for (const row of rows) {
    const stored = readIntent(connection, row);
    const failure = safeguardFailure(action, full, stored.intent.source);
    takeStep(connection, stored, holdStep(failure, request.now));
  }
}

function lease({ connection, request }: Scope, rows: readonly [Row, ...Row[]]): Batch {
  const batch = batchOf(connection, request, rows);
  for (const row of rows) {
    connection.run(
      `update intents set status = 'pending', due_at = :until, lease_token = :token, acted = :acted,
         counted_at = case when exempt = 0 then coalesce(counted_at, :now) else counted_at end
       where seq = :seq`,
      {
        seq: Number(row.seq),
        until: request.now + request.leaseMs,
        token: request.token,
        acted: batch.acted ? 1 : 0,
        now: request.now,
      },
    );
  }
  return batch;
}

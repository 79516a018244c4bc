import type { SQLInputValue } from 'node:sqlite';
import type { Act } from '../../core/intent.ts';
import { allowanceOf, batchOf, cutBatch, isActed, maxHeldPerClaim, needsCount } from '../batch.ts';
import type { Batch, ClaimRequest } from '../contract.ts';
import { holdStep, safeguardFailure } from '../judgement.ts';
import { type Row, readIntent } from '../rows.ts';
import type { Connection } from './connection.ts';
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
    select 1 from marks m join intents o on o.seq = m.intent
    where m.mark = i.person and o.seq <> i.seq and o.due_at is not null and (
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
  const allowance = readAllowance(scope, lane.action);
  const rows = gather(scope, lane, head, allowance);
  const counted = rows.filter(needsCount).length;
  if (counted >= allowance) holdExcess(scope, lane.action, rows);
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

/** How many intents of machines may still be started in the window that ends now. */
function readAllowance({ connection, request }: Scope, action: Act): number {
  const { safeguard, now } = request;
  if (!safeguard) return Number.POSITIVE_INFINITY;
  const row = connection.get(
    'select count(*) as n from intents where action = :action and counted_at > :since',
    {
      action,
      since: now - safeguard.perMs,
    },
  );
  return allowanceOf(safeguard, action, Number(row?.n));
}

/** The head and the intents that may share its call, each user once, cut at the safeguard's allowance. */
function gather(scope: Scope, lane: Lane, head: Row, allowance: number): Row[] {
  const { connection, request, bound } = scope;
  const limit = Math.min(request.limits[lane.action], Number(head.cap));
  const rows = connection.all(
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
  return cutBatch(connection, rows, allowance);
}

function holdExcess(scope: Scope, action: Act, taken: readonly Row[]): void {
  const { connection, request, bound } = scope;
  const rows = connection.all(
    `select i.* from intents i
     where i.urgent = 0 and i.action = :action and i.due_at <= :now and ${needsAllowance} and i.lease_token is null
       and i.source not in (select value from json_each(:pausedSources))
       and i.seq not in (select value from json_each(:taken))
     order by i.due_at, i.seq limit :limit`,
    {
      now: request.now,
      pausedSources: bound.pausedSources ?? '[]',
      action,
      taken: JSON.stringify(taken.map((row) => Number(row.seq))),
      limit: maxHeldPerClaim,
    },
  );
  const step = holdStep(safeguardFailure(action), request.now);
  for (const row of rows) takeStep(connection, readIntent(connection, row), step);
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

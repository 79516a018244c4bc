import pg, { type Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import { StoreUnavailable } from '../contract.ts';
import type { Origin, Row } from '../rows.ts';
import { explain, isRepeatable } from './errors.ts';
import { type Parameters, statement } from './sql.ts';

/** The schema that holds everything of the bridge. */
export const schema = 'offboard_bridge';

/** The most connections of one process, beside the one that listens. */
const maxConnections = 8;
const connectTimeoutMs = 5_000;
/** A statement that takes longer is given up, here and there, so that a dead network holds up nobody for long. */
const statementTimeoutMs = 30_000;
const lockTimeoutMs = 10_000;
const keepAliveDelayMs = 10_000;
const maxRepeats = 10;

/** Statements on one connection, or each on any. */
export interface Queries {
  all(sql: string, parameters?: Parameters): Promise<Row[]>;
  get(sql: string, parameters?: Parameters): Promise<Row | undefined>;
  /** @returns how many rows were changed */
  run(sql: string, parameters?: Parameters): Promise<number>;
}

/** The statements of one transaction, under the id of the store. */
export interface Transaction extends Queries, Origin {}

export interface Database extends Queries {
  /**
   * Commits what `run` did. A serialization failure or a deadlock repeats all of it.
   * @throws StoreUnavailable when the database cannot be reached or used now
   */
  transaction<T>(run: (queries: Queries) => Promise<T>): Promise<T>;
  /** The same in two round trips. */
  exchange<Found, T>(exchange: Exchange<Found, T>): Promise<T>;
  close(): Promise<void>;
}

export interface Exchange<Found, T> {
  /** Goes along with the begin; it must therefore do no harm outside of a transaction. */
  read(queries: Queries): Promise<Found>;
  /** What it has asked last goes along with the commit; when it returns, all of it is asked. */
  write(queries: Queries, found: Found): Promise<{ readonly result: T; readonly last: Promise<unknown> }>;
}

/** @param options.isPatient waits for every statement and lock as long as it takes */
export function openDatabase(url: string, { isPatient = false } = {}): Database {
  const pool = new pg.Pool({
    ...connectionOptions(url),
    max: maxConnections,
    query_timeout: isPatient ? 0 : statementTimeoutMs + 1_000,
    // What does not wait for one another makes one round trip.
    pipeline: true,
    async onConnect(client) {
      // One that breaks between two statements of a transaction says so by an event, which nobody may leave unheard.
      client.on('error', () => undefined);
      await client.query(sessionSettings);
      if (isPatient) await client.query('set statement_timeout to 0; set lock_timeout to 0');
    },
  });
  // A connection that breaks while it is idle is replaced by the pool; the next statement says whether that works.
  pool.on('error', () => undefined);
  return {
    ...queriesOn(pool),
    transaction: (run) => repeat(() => transact(pool, run)),
    exchange: (exchange) => repeat(() => transactInTwo(pool, exchange)),
    close: () => pool.end(),
  };
}

/** What every connection of the bridge has in common. */
export function connectionOptions(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'offboard-bridge',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
  };
}

/**
 * A commit must be on disk when it is answered. A statement must see what was committed while its transaction waited
 * for a lock, as only read committed does, whatever the server's default is. What is run often finds its rows by key;
 * but a plan that was made while the tables were empty, or not yet analyzed, would read all of them, and is kept for
 * long. As every plan goes by key, none is made for the values at hand: that would take longer than most of these
 * statements do. A session that is left alone in a transaction is ended by the server, so that the locks of a process
 * that is gone do not stay.
 */
const sessionSettings = `
  set search_path to ${schema};
  set default_transaction_isolation to 'read committed';
  set statement_timeout to ${statementTimeoutMs};
  set lock_timeout to ${lockTimeoutMs};
  set enable_seqscan to off;
  set enable_hashjoin to off;
  set enable_mergejoin to off;
  set jit to off;
  set plan_cache_mode to force_generic_plan;
  set idle_in_transaction_session_timeout to ${statementTimeoutMs};
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;

async function repeat<T>(run: () => Promise<T>): Promise<T> {
  for (let repeats = 0; ; repeats += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isRepeatable(error) || repeats >= maxRepeats) throw explain(error);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** Math.min(repeats, 5)));
    }
  }
}

function transact<T>(pool: Pool, run: (queries: Queries) => Promise<T>): Promise<T> {
  return withClient(pool, async ({ client, queries }) => {
    await client.query('begin');
    const result = await run(queries);
    await client.query('commit');
    return result;
  });
}

function transactInTwo<Found, T>(pool: Pool, { read, write }: Exchange<Found, T>): Promise<T> {
  return withClient(pool, async ({ client, queries, failures }) => {
    const [, found] = await Promise.all([client.query('begin'), read(queries)]);
    const { result, last } = await write(queries, found);
    // After a statement that failed there, a commit takes everything back, and calls itself so. One that could not even
    // be sent the server does not miss.
    const end = failures.length === 0 ? 'commit' : 'rollback';
    const [, { command }] = await Promise.all([last, client.query(end)]);
    if (command !== 'COMMIT') throw new StoreUnavailable('the database has taken a transaction back');
    return result;
  });
}

/** A connection while a transaction runs on it. */
interface Session {
  readonly client: PoolClient;
  readonly queries: Queries;
  /** Of its statements, in the order in which they were sent. */
  readonly failures: readonly unknown[];
}

/**
 * Runs a transaction; when it fails, nothing of it is left on the connection. It fails by what failed first: the
 * statements that were sent after that one only say that the transaction is over, and may be heard of before it.
 */
async function withClient<T>(pool: Pool, run: (session: Session) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  const failures: unknown[] = [];
  const queries = queriesOn(client, (failure) => failures.push(failure));
  try {
    const result = await run({ client, queries, failures });
    client.release();
    return result;
  } catch (error) {
    const [first = error] = failures;
    client.release(!(await rollBack(client, first)));
    throw first;
  }
}

/** @returns whether the connection can go on */
async function rollBack(client: PoolClient, error: unknown): Promise<boolean> {
  if (error instanceof StoreUnavailable) return false;
  return client.query('rollback').then(
    () => true,
    () => false,
  );
}

type Runner = Pick<Pool, 'query'>;

/** @param onFailure told of each statement that fails, in the order in which they were sent; at once if it cannot be */
function queriesOn(runner: Runner, onFailure: (failure: unknown) => void = () => undefined): Queries {
  const query = async (sql: string, parameters: Parameters = {}) => {
    try {
      // What cannot be said at all is a fault of who says it, not of the database.
      return await send(runner, statement(sql, parameters));
    } catch (failure) {
      onFailure(failure);
      throw failure;
    }
  };
  return {
    all: async (sql, parameters) => (await query(sql, parameters)).rows,
    get: async (sql, parameters) => (await query(sql, parameters)).rows[0],
    run: async (sql, parameters) => (await query(sql, parameters)).rowCount ?? 0,
  };
}

async function send(runner: Runner, said: QueryConfig): Promise<QueryResult<Row>> {
  try {
    return await runner.query<Row>(said);
  } catch (error) {
    throw isRepeatable(error) ? error : explain(error);
  }
}

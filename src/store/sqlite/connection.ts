import { randomBytes } from 'node:crypto';
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { firstPreviousHash } from '../../core/outcome.ts';
import { StoreInUse, StoreMoved } from '../contract.ts';
import { eventMark, type Row } from '../rows.ts';
import { refuseNewer } from '../versions.ts';
import { createFreshMarks, type FreshMarks } from './fresh-marks.ts';
import { createMarkFilter, type MarkFilter } from './mark-filter.ts';
import { migrations } from './migrations.ts';

/** By name (`:seq`), or by place (`?1`) where a statement has any number of them. */
type Parameters = Readonly<Record<string, SQLInputValue>> | readonly SQLInputValue[];

/** One open database with its prepared statements, each prepared once. */
export interface Connection {
  readonly storeId: string;
  readonly fresh: FreshMarks;
  readonly filter: MarkFilter;
  all(sql: string, parameters?: Parameters): Row[];
  get(sql: string, parameters?: Parameters): Row | undefined;
  /** @returns the row id of an insert */
  run(sql: string, parameters?: Parameters): { rowId: number; changes: number };
  exec(sql: string): void;
  close(): void;
}

/**
 * Opens the database for this process alone, brings it up to date, and makes every commit durable (WAL with
 * `synchronous=FULL`). The files are readable by their owner only.
 * @throws StoreUnavailable when another process has it open, or it was moved elsewhere
 */
export function openConnection(path: string, { isMoving = false } = {}): Connection {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  const lock = lockOut(`${path}-lock`, path);
  const database = new DatabaseSync(path);
  try {
    return connect(database, { path, lock, isMoving });
  } catch (error) {
    // Nobody is to find in use what nobody uses.
    database.close();
    lock.close();
    throw error;
  }
}

function connect(
  database: DatabaseSync,
  { path, lock, isMoving }: { path: string; lock: DatabaseSync; isMoving: boolean },
): Connection {
  // Each page of the log is two writes, and keys that do not begin with time dirty a page for each row: a page of the
  // file system's own size, and a longer log before they are gathered into the file, need the fewest. An older file
  // keeps the pages that it has.
  database.exec('pragma page_size = 4096');
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = full');
  database.exec('pragma wal_autocheckpoint = 4000');
  database.exec('pragma cache_size = -8192');
  // What was erased, pruned or written anew shall not go on lying in the free space of the file.
  database.exec('pragma secure_delete = on');
  const statements = new Map<string, Statement>();

  function prepare(sql: string): Statement {
    let statement = statements.get(sql);
    if (!statement) {
      statement = prepareByPlace(database, sql);
      statements.set(sql, statement);
    }
    return statement;
  }

  const fresh = createFreshMarks();
  database.function('fresh_intents', (mark) => JSON.stringify(fresh.find(String(mark))));
  database.function('event_mark', { deterministic: true }, (source, eventId, part) =>
    eventMark({ source: String(source), eventId: String(eventId), part: Number(part) }),
  );
  migrate(database);
  if (!isMoving) refuseMoved(database, path);
  const connection: Omit<Connection, 'storeId'> = {
    fresh,
    filter: createMarkFilter(),
    all(sql, parameters = {}) {
      const { statement, names } = prepare(sql);
      return statement.all(...valuesOf(names, parameters));
    },
    get(sql, parameters = {}) {
      const { statement, names } = prepare(sql);
      return statement.get(...valuesOf(names, parameters));
    },
    run(sql, parameters = {}) {
      const { statement, names } = prepare(sql);
      const { lastInsertRowid, changes } = statement.run(...valuesOf(names, parameters));
      return { rowId: Number(lastInsertRowid), changes: Number(changes) };
    },
    exec: (sql) => database.exec(sql),
    close() {
      database.close();
      lock.close();
    },
  };
  return { ...connection, storeId: String(connection.get('select id from store')?.id) };
}

interface Statement {
  readonly statement: StatementSync;
  /** Its parameters, by place. */
  readonly names: readonly string[];
}

/**
 * Binding by place costs a third of binding by name. SQLite looks at the value of a bare parameter after `limit` while it
 * plans (`sqlite3ExprIsInteger`), and therefore plans anew whenever one is bound, which takes longer than most statements
 * themselves; at a sum it does not look.
 */
function prepareByPlace(database: DatabaseSync, sql: string): Statement {
  const names: string[] = [];
  const plannedOnce = sql.replace(/\blimit :\w+/g, '$& + 0');
  const byPlace = plannedOnce.replace(/:([a-z]\w*)/gi, (_, name: string) => {
    if (!names.includes(name)) names.push(name);
    return `?${names.indexOf(name) + 1}`;
  });
  return { statement: database.prepare(byPlace), names };
}

function valuesOf(names: readonly string[], parameters: Parameters): readonly SQLInputValue[] {
  if (isByPlace(parameters)) return parameters;
  return names.map((name) => {
    const value = parameters[name];
    if (value === undefined) throw new TypeError(`the parameter ${name} is missing`);
    return value;
  });
}

function isByPlace(parameters: Parameters): parameters is readonly SQLInputValue[] {
  return Array.isArray(parameters);
}

/**
 * Holds a lock that the operating system gives back when the process ends, however it ends. It lies beside the
 * database, so that an operator's own tools can still read that.
 */
function lockOut(lockPath: string, path: string): DatabaseSync {
  closeSync(openSync(lockPath, 'a', 0o600));
  const lock = new DatabaseSync(lockPath);
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive');
    return lock;
  } catch (cause) {
    lock.close();
    throw new StoreInUse(`${path} is in use by another offboard-bridge process`, { cause });
  }
}

/**
 * See `migrationsBehind` of `open.ts`.
 * @throws StoreUnavailable when a newer release wrote it, or it was moved elsewhere
 */
export function migrationsBehind(path: string): number | null {
  if (!existsSync(path)) {
    accessSync(nearestFolder(resolve(path)), constants.W_OK);
    return null;
  }
  accessSync(path, constants.W_OK);
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const version = readVersion(database);
    refuseNewer(version, migrations.length);
    refuseMoved(database, path);
    return version === 0 ? null : migrations.length - version;
  } finally {
    database.close();
  }
}

function nearestFolder(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) || folder === path ? folder : nearestFolder(folder);
}

function readVersion(database: DatabaseSync): number {
  return Number(database.prepare('pragma user_version').get()?.user_version);
}

/** What goes on elsewhere must not go on here as well. */
function refuseMoved(database: DatabaseSync, path: string): void {
  if (!database.prepare(`select 1 from sqlite_schema where name = 'moved'`).get()) return;
  throw new StoreMoved(
    `${path} is moved to PostgreSQL: finish that by migrate-store, and name the new store in store.url`,
  );
}

function migrate(database: DatabaseSync): void {
  const version = readVersion(database);
  refuseNewer(version, migrations.length);
  for (let next = version; next < migrations.length; next += 1) {
    database.exec('begin immediate');
    database.exec(migrations[next] ?? '');
    if (next === 0) {
      database.prepare('insert into store (id) values (?)').run(randomBytes(5).toString('hex'));
      database.prepare('insert into trail (position, hash) values (0, ?)').run(firstPreviousHash);
    }
    database.exec(`pragma user_version = ${next + 1}`);
    database.exec('commit');
  }
}

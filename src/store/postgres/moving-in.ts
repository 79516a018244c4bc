import { type MovedTable, MoveRefused, type MovingIn, type MovingOut } from '../moving.ts';
import type { Row } from '../rows.ts';
import { type Database, openDatabase, type Queries, schema } from './connection.ts';
import { locks } from './locks.ts';
import { migrate } from './migrations.ts';
import { entriesAfter } from './outcomes.ts';
import { pivot } from './sql.ts';

/** Columns that only this store has, from the others of their row. */
const derived: Readonly<Record<string, Readonly<Record<string, (row: Row) => unknown>>>> = {
  intents: {
    brought: ({ facts }) =>
      (JSON.parse(String(facts)) as { broughtBy: unknown }).broughtBy === null ? 0 : 1,
  },
};

/** Where the numbers of new rows come from, if not from the identity of the table. */
const sequences: Readonly<Record<string, string>> = { intents: `${schema}.intent_numbers` };

/**
 * Opens an empty store, or one that this move had begun to fill; the other one is left only when that went well.
 * @throws MoveRefused when it is neither, or a bridge runs on it
 */
export async function openMovingIn(url: string, source: MovingOut): Promise<MovingIn> {
  const database = openDatabase(url);
  try {
    await migrate(url, { isMoving: true });
    const types = await readTypes(database);
    for (const table of source.tables) checkColumns(table, types);
    const isDone = await database.transaction((queries) => begin(queries, source));
    return { isDone, ...moving(database, source, types), close: database.close };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The types of all columns, by `table.column`. */
type Types = ReadonlyMap<string, string>;

function moving(
  database: Database,
  { storeId }: MovingOut,
  types: Types,
): Omit<MovingIn, 'isDone' | 'close'> {
  return {
    async placeOf({ name }) {
      const row = await database.get('select place from moving where name = :name', { name });
      return row?.place ? (JSON.parse(String(row.place)) as unknown[]) : null;
    },
    write: (table, rows) => database.transaction((queries) => writePage(queries, types, { table, rows })),
    count: async ({ name }) => Number((await database.get(`select count(*) as n from ${name}`))?.n),
    entriesAfter: (position, limit) => entriesAfter({ ...database, storeId }, position, limit),
    finish: (numbers) => database.transaction((queries) => finish(queries, numbers)),
  };
}

/** Accepts a move, and has the other store left. @returns whether the move was done before */
async function begin(queries: Queries, source: MovingOut): Promise<boolean> {
  const isDone = await accept(queries, source);
  // Before the commit: should it fail, the file has the name of the move, and the next attempt goes on by that.
  source.leave();
  return isDone;
}

/** Marks the store as one that is being filled. @returns whether the move was done before */
async function accept(queries: Queries, { storeId, moveId, tables }: MovingOut): Promise<boolean> {
  if (await isThere(queries, 'moving')) {
    const row = await queries.get('select move from moving limit 1');
    if (row?.move === moveId) return false;
    throw new MoveRefused(
      `it was begun to be filled from another store: drop the schema ${schema} to start again`,
    );
  }
  if ((await queries.get('select id from store'))?.id === storeId) return true;
  const free = await queries.get('select pg_try_advisory_xact_lock(:class, 0) as free', {
    class: locks.running,
  });
  if (free?.free !== true) throw new MoveRefused('a bridge is running on the database that is moved to');
  for (const { name, key } of tables) {
    if (key.length > 0 && (await queries.get(`select 1 from ${name} limit 1`))) {
      throw new MoveRefused(`the store that is moved to is not empty: it has ${name}`);
    }
  }
  await queries.run('create table moving (move text not null, name text primary key, place text)');
  await queries.run('insert into moving (move, name) select :moveId, unnest(:names::text[])', {
    moveId,
    names: tables.map(({ name }) => name),
  });
  return false;
}

async function isThere(queries: Queries, table: string): Promise<boolean> {
  const row = await queries.get('select to_regclass(:table) is not null as there', {
    table: `${schema}.${table}`,
  });
  return row?.there === true;
}

async function readTypes(queries: Queries): Promise<Types> {
  const rows = await queries.all(
    `select c.relname || '.' || a.attname as name, format_type(a.atttypid, a.atttypmod) as type
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = :schema::regnamespace and c.relkind = 'r'`,
    { schema },
  );
  return new Map(rows.map((row) => [String(row.name), String(row.type)]));
}

/** A column that has no place here, or would stay empty here, is a fault of this release, and nothing is lost by it. */
function checkColumns({ name, columns }: MovedTable, types: Types): void {
  const own = [...types.keys()].filter((one) => one.startsWith(`${name}.`));
  const given = [...columns, ...Object.keys(derived[name] ?? {})].map((column) => `${name}.${column}`);
  const odd = [...own.filter((one) => !given.includes(one)), ...given.filter((one) => !own.includes(one))];
  if (odd.length > 0) throw new Error(`the two stores do not both have ${odd.join(', ')}`);
}

async function writePage(
  queries: Queries,
  types: Types,
  { table, rows }: { table: MovedTable; rows: readonly Row[] },
): Promise<void> {
  const { name, key } = table;
  const extra = derived[name] ?? {};
  const columns = [...table.columns, ...Object.keys(extra)];
  const whole = rows.map((row) => ({
    ...row,
    ...Object.fromEntries(Object.entries(extra).map(([column, derive]) => [column, derive(row)])),
  }));
  if (key.length === 0) await queries.run(`delete from ${name}`);
  const arrays = columns.map((column) => `:${column}::${types.get(`${name}.${column}`)}[]`);
  await queries.run(
    `insert into ${name} (${columns}) overriding system value select * from unnest(${arrays})`,
    pivot<Row>(whole, columns),
  );
  const last = rows.at(-1) ?? {};
  await queries.run('update moving set place = :place where name = :name', {
    name,
    place: JSON.stringify(key.map((column) => last[column])),
  });
}

/** New rows get numbers that no row ever had; publishers that were at work are gone. */
async function finish(queries: Queries, numbers: ReadonlyMap<string, number>): Promise<void> {
  for (const [name, newest] of numbers) {
    await queries.run(
      `select setval(coalesce(:own, pg_get_serial_sequence(:table, 'seq'))::regclass, :newest::bigint)`,
      {
        own: sequences[name] ?? null,
        table: `${schema}.${name}`,
        newest,
      },
    );
  }
  await queries.run('update cursors set lease_token = null, lease_until = null');
  await queries.run('drop table moving');
}

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { SQLInputValue } from 'node:sqlite';
import { StoreUnavailable } from '../contract.ts';
import { type MovedTable, MoveRefused, type MovingOut, type Place } from '../moving.ts';
import { type Connection, openConnection } from './connection.ts';
import { flushAll, recallMarks } from './marks.ts';
import { entriesAfter } from './outcomes.ts';
import { transaction } from './transaction.ts';

/** Tables that mean nothing elsewhere. */
const ofItsOwn = new Set(['moved', 'flushed']);
/** Rows of a page; of those that hold deliveries, which may have megabytes each, few. */
const pageSize = { plain: 1_000, bulky: 4 };

/**
 * Opens a store that is to be moved elsewhere.
 * @throws MoveRefused when there is none, or a bridge has it
 */
export function openMovingOut(path: string): MovingOut {
  if (!existsSync(path)) throw new MoveRefused(`there is no store at ${path}`);
  const connection = openAlone(path);
  recallMarks(connection);
  transaction(connection, () => flushAll(connection));
  const moveId = readMoveId(connection) ?? randomBytes(8).toString('hex');
  const count = ({ name }: MovedTable): number =>
    Number(connection.get(`select count(*) as n from ${name}`)?.n);
  return {
    storeId: connection.storeId,
    moveId,
    tables: readTables(connection),
    leave: () => transaction(connection, () => mark(connection, moveId)),
    page: (table, after) => readPage(connection, table, after),
    count,
    numbers: () =>
      new Map(
        connection
          .all('select name, seq from sqlite_sequence')
          .map((row) => [String(row.name), Number(row.seq)]),
      ),
    entriesAfter: async (position, limit) => entriesAfter(connection, position, limit),
    close: connection.close,
  };
}

function openAlone(path: string): Connection {
  try {
    return openConnection(path, { isMoving: true });
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new MoveRefused(error.message, { cause: error });
    throw error;
  }
}

/** `null` = the store was not left yet. */
function readMoveId(connection: Connection): string | null {
  if (!connection.get(`select 1 from sqlite_schema where name = 'moved'`)) return null;
  return String(connection.get('select id from moved')?.id);
}

function mark(connection: Connection, id: string): void {
  connection.exec('create table if not exists moved (id text not null)');
  connection.run('insert into moved (id) select :id where not exists (select 1 from moved)', { id });
}

/** What the schema says, so that a table or column that a release adds is moved as well. */
function readTables(connection: Connection): MovedTable[] {
  const names = connection
    .all(`select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'`)
    .map((row) => String(row.name));
  return names
    .filter((name) => !ofItsOwn.has(name))
    .map((name) => {
      const columns = connection.all(`select name, type, pk from pragma_table_info('${name}')`);
      const key = columns.filter((row) => row.pk !== 0).sort((a, b) => Number(a.pk) - Number(b.pk));
      const isBulky = columns.some((row) => String(row.type).toLowerCase() === 'blob');
      return {
        name,
        columns: columns.map((row) => String(row.name)),
        key: key.map((row) => String(row.name)),
        pageSize: isBulky ? pageSize.bulky : pageSize.plain,
      };
    });
}

function readPage(connection: Connection, table: MovedTable, after: Place) {
  const { name, columns, key } = table;
  const bound = Object.fromEntries(
    (after ?? []).map((value, index) => [`k${index}`, value as SQLInputValue]),
  );
  const past = after === null ? '' : `where (${key}) > (${key.map((_, index) => `:k${index}`)})`;
  const order = key.length === 0 ? '' : `order by ${key}`;
  return connection.all(`select ${columns} from ${name} ${past} ${order} limit ${table.pageSize}`, bound);
}

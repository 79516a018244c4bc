import { isDeepStrictEqual } from 'node:util';
import { type AuditReport, createAudit } from '../core/audit.ts';
import { type MovedTable, MoveRefused, type MovingIn, type MovingOut } from './moving.ts';
import { openMovingIn } from './postgres/moving-in.ts';
import { openMovingOut } from './sqlite/moving-out.ts';

export { MoveRefused } from './moving.ts';

export interface MoveOptions {
  /** `sqlite:<path>`. */
  readonly from: string;
  /** `postgres://…`. */
  readonly to: string;
  /** Told after every page. */
  readonly onProgress: (progress: MoveProgress) => void;
}

export interface MoveProgress {
  readonly table: string;
  readonly rows: number;
  readonly of: number;
}

export interface MoveReport {
  readonly storeId: string;
  /** Whether it had been moved before, so that nothing was left to do. */
  readonly wasDone: boolean;
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  /** The trail as it is in both stores; a fault was there before the move. */
  readonly trail: AuditReport | null;
}

const entriesPerPage = 1_000;

/**
 * Moves a store from SQLite to PostgreSQL, page by page, with everything in it. When it is ended at any point, the
 * same again goes on where it was. At the end both are compared, and only then may a bridge open the new one.
 * @throws MoveRefused when a bridge is on one of them, or the new one has something else in it
 * @throws StoreUnavailable when one of them cannot be reached
 */
export async function moveStore({ from, to, onProgress }: MoveOptions): Promise<MoveReport> {
  const source = openMovingOut(from.slice('sqlite:'.length));
  try {
    const target = await openMovingIn(to, source);
    try {
      return await move(source, target, onProgress);
    } finally {
      await target.close();
    }
  } finally {
    source.close();
  }
}

async function move(
  source: MovingOut,
  target: MovingIn,
  onProgress: MoveOptions['onProgress'],
): Promise<MoveReport> {
  const { storeId, tables } = source;
  if (target.isDone) return { storeId, wasDone: true, tables: [], trail: null };
  const moved = [];
  for (const table of tables) {
    await moveTable(source, target, { table, onProgress });
    moved.push({ table: table.name, rows: await compareCounts(source, target, table) });
  }
  const trail = await readTrail(target);
  if (!isDeepStrictEqual(trail, await readTrail(source))) {
    throw new MoveRefused(
      'the trail is not the one that was moved; drop what is in the new store, and start again',
    );
  }
  await target.finish(source.numbers());
  return { storeId, wasDone: false, tables: moved, trail };
}

async function moveTable(
  source: MovingOut,
  target: MovingIn,
  { table, onProgress }: { table: MovedTable; onProgress: MoveOptions['onProgress'] },
): Promise<void> {
  const { name, key } = table;
  const of = source.count(table);
  let place = await target.placeOf(table);
  if (place !== null && key.length === 0) return;
  let rows = place === null ? 0 : await target.count(table);
  for (let page = source.page(table, place); page.length > 0; page = source.page(table, place)) {
    await target.write(table, page);
    rows += page.length;
    onProgress({ table: name, rows, of });
    if (key.length === 0) return;
    const last = page.at(-1) ?? {};
    place = key.map((column) => last[column]);
  }
}

async function compareCounts(source: MovingOut, target: MovingIn, table: MovedTable): Promise<number> {
  const [left, arrived] = [source.count(table), await target.count(table)];
  if (left === arrived) return arrived;
  throw new MoveRefused(
    `${table.name} has ${arrived} rows, where ${left} must be; drop what is in the new store, and start again`,
  );
}

async function readTrail({ entriesAfter }: Pick<MovingOut, 'entriesAfter'>): Promise<AuditReport> {
  const audit = createAudit();
  for (let position = 0; ; ) {
    const entries = await entriesAfter(position, entriesPerPage);
    if (!entries.every(audit.add) || entries.length === 0) return audit.end();
    position = entries.at(-1)?.outcome.data.position ?? position;
  }
}

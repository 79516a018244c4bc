import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { run } from '../../src/cli/program.ts';
import { recordOutcome } from '../../src/core/outcome.ts';
import { type Acceptance, type Store, StoreUnavailable } from '../../src/store/contract.ts';
import { type MoveProgress, MoveRefused, moveStore } from '../../src/store/move.ts';
import { openPostgresStore } from '../../src/store/postgres.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { createDatabase, query, type TestDatabase } from '../support/postgres/database.ts';
import { acceptanceOf, claimRequest, email, settleAll, start, succeeded } from './fixtures.ts';

const hour = 3_600_000;
const people = 1_200;

/** Of PostgreSQL alone: how it counts its migrations, and when the next call may be made. */
const own = ['migrations', 'turns'];

describe('a store that is moved from SQLite to PostgreSQL', () => {
  let folder: string;
  let database: TestDatabase;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
    path = join(folder, 'bridge.db');
    database = await createDatabase();
  });

  afterEach(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });

  const move = (onProgress: (progress: MoveProgress) => void = () => undefined) =>
    moveStore({ from: `sqlite:${path}`, to: database.url, onProgress });

  /** Something in every table, and more than a page of what there can be many of. */
  async function fill(): Promise<{ leased: string; kick: string }> {
    const store = openSqliteStore({ path });
    const numbers = Array.from({ length: people }, (_, n) => n);
    await Promise.all(
      numbers.map((n) =>
        store.accept(acceptanceOf({ identifiers: [email(`u${n}@example.com`)], effectiveAt: start + hour })),
      ),
    );
    await store.accept(unreadable('odd-1'));
    await store.accept(unreadable('odd-2'));
    await store.setPause({ scope: 'kick', by: 'api:olaf', at: start, reason: null, verdict: 'paused' });
    await store.keepNote({ key: 'slack:a', text: 'where it is', expiresAt: start + hour }, start);
    const kick = await idOf(store, { action: 'kick', identifiers: [email('kick@example.com')] });
    await store.accept(acceptanceOf({ identifiers: [email('ada@example.com')], reason: 'gone\0 \ud800' }));
    await store.accept(acceptanceOf({ identifiers: [email('held@example.com')], actor: 'api:olaf' }));
    while ((await store.tendHeld({ now: start, safeguard: [], askAgainBefore: 0 })) > 0);
    const settled = await store.claim(claimRequest());
    if (settled) await store.settle(settled.token, settleAll(settled, succeeded), start);
    const leased = await idOf(store, { identifiers: [email('lea@example.com')] });
    await store.claim(claimRequest({ token: 'of-a-process-that-is-gone' }));
    while ((await store.sequence(500)) > 0);
    await store.record(recordOutcome({ type: 'operator.decided', source: 'api', time: start }));
    const claim = { now: start, token: 'gone', leaseMs: hour, limit: 10 };
    await store.claimOutcomes('log', claim);
    await store.settleOutcomes('log', 'gone', 10);
    await store.claimOutcomes('log', claim);
    await store.close();
    return { leased, kick };
  }

  function unreadable(eventId: string): Acceptance {
    return {
      ...acceptanceOf({ eventId }),
      parts: [{ kind: 'unreadable', faults: ['no email'] }],
      payload: {
        method: 'POST',
        query: {},
        headers: { 'content-type': 'text/plain' },
        body: Buffer.from([0, 1, 2, 255]),
        position: null,
      },
    };
  }

  async function idOf(store: Store, told: Parameters<typeof acceptanceOf>[0]): Promise<string> {
    return (await store.accept(acceptanceOf(told))).intents[0] ?? '';
  }

  /** Everything that a store says of itself. */
  async function readAll(store: Store) {
    const page = { cursor: null, limit: 5_000 };
    const intents = await store.listIntents({ ...page, statuses: null, person: null, source: null });
    const letters = await store.listDeadLetters(page);
    return {
      id: store.id,
      intents: intents.items,
      sets: (await store.listHeldSets(page)).items,
      letters: await Promise.all(letters.items.map(({ id }) => store.findDeadLetter(id))),
      outcomes: await store.outcomesAfter(0, 5_000),
      pauses: await store.pauses(),
      note: await store.findNote('slack:a', start),
      // How much each takes on disk is its own affair.
      figures: { ...(await store.figures(start)), bytes: 0 },
      found: await store.listIntents({
        ...page,
        statuses: null,
        source: null,
        person: intents.items[0]?.person ?? '',
      }),
    };
  }

  const openTarget = () => openPostgresStore({ url: database.url });

  /** What the file says, also while no bridge may open it. */
  async function readSource() {
    const copy = join(folder, 'copy.db');
    const file = new DatabaseSync(path);
    file.exec(`vacuum into '${copy}'`);
    file.close();
    const opened = new DatabaseSync(copy);
    opened.exec('drop table if exists moved');
    opened.close();
    const store = openSqliteStore({ path: copy });
    const all = await readAll(store);
    await store.close();
    await rm(copy);
    return all;
  }

  it('is the same store, with everything in it', async () => {
    await fill();
    const before = await readSource();
    const seen = new Set<string>();
    const report = await move(({ table }) => seen.add(table));
    const store = await openTarget();
    const after = await readAll(store);
    expect(after).toEqual(before);
    expect(after.intents).toHaveLength(people + 4);
    expect(after.sets).toHaveLength(1);
    expect(report.trail?.fault).toBeNull();
    expect(report.tables.map(({ table }) => table).sort()).toEqual([...seen].sort());
    expect(report.tables).toContainEqual({ table: 'dead_letters', rows: 2 });
    expect(await store.claimOutcomes('log', { now: start, token: 'new', leaseMs: 1, limit: 1 })).toHaveLength(
      1,
    );
    await store.close();
  });

  it('takes an event that it knows for a repeat, and gives nobody a number twice', async () => {
    const first = openSqliteStore({ path });
    const known = acceptanceOf({ eventId: 'known' });
    const receipt = await first.accept(known);
    const gone = await idOf(first, { action: 'withdraw', identifiers: [email('else@example.com')] });
    await first.prune({ settled: start + 1, outcomes: 0, deadLetters: 0 }, 10, start);
    expect(await first.findIntent(gone)).toBeNull();
    await first.close();
    await move();
    const store = await openTarget();
    expect(await store.accept(known)).toEqual({ ...receipt, kind: 'duplicate' });
    const next = await idOf(store, { identifiers: [email('new@example.com')] });
    expect(Number(next.split('-')[1])).toBeGreaterThan(Number(gone.split('-')[1]));
    await store.record(recordOutcome({ type: 'operator.decided', source: 'api', time: start }));
    expect(await store.sequence(10)).toBeGreaterThan(0);
    await store.close();
  });

  it('leaves what was in the hands of a process that is gone until its lease ends, and then looks first', async () => {
    const { leased } = await fill();
    await move();
    const store = await openTarget();
    const ids = async (now: number): Promise<string[]> =>
      (await store.claim(claimRequest({ now, limits: { resign: 50, kick: 0 } })))?.intents.map(
        ({ id }) => id,
      ) ?? [];
    expect(await ids(start + 29_000)).not.toContain(leased);
    expect(await ids(start + 31_000)).toContain(leased);
    await store.close();
  });

  it('goes on where it was when it is ended after any page, and after the last', async () => {
    await fill();
    const before = await readSource();
    let pages = 0;
    for (let ended = true; ended; ) {
      const known = pages;
      let seen = 0;
      ended = await move(() => {
        seen += 1;
        pages += 1;
        throw new Error('ended here');
      }).then(
        () => false,
        (error: unknown) => {
          expect(String(error)).toContain('ended here');
          return true;
        },
      );
      expect(seen).toBeLessThanOrEqual(1);
      if (ended) await expect(openTarget()).rejects.toThrow(/being moved/);
      if (pages > known + 1) throw new Error('it did not go on');
      if (pages > 60) throw new Error('it does not come to an end');
    }
    expect(await move()).toMatchObject({ wasDone: true });
    const store = await openTarget();
    expect(await readAll(store)).toEqual(before);
    await store.close();
  });

  it.each(['the first page', 'the last'])('is not opened by a bridge any more after %s', async (page) => {
    await fill();
    const moving = move(() => {
      if (page === 'the first page') throw new Error('ended here');
    });
    await moving.catch((error: unknown) => expect(String(error)).toContain('ended here'));
    expect(() => openSqliteStore({ path })).toThrow(/is moved to PostgreSQL/);
  });

  it('is not opened by a bridge any more when it is a copy of one that was moved', async () => {
    await openSqliteStore({ path }).close();
    const copy = join(folder, 'copy.db');
    await copyFile(path, copy);
    await move();
    path = copy;
    expect(await move()).toMatchObject({ wasDone: true });
    expect(() => openSqliteStore({ path })).toThrow(StoreUnavailable);
  });

  it('can be moved to another database when the first one is lost half way', async () => {
    await fill();
    const before = await readSource();
    const ended = move(() => {
      throw new Error('ended here');
    });
    await expect(ended).rejects.toThrow('ended here');
    await query(database.url, 'drop schema offboard_bridge cascade');
    await move();
    const store = await openTarget();
    expect(await readAll(store)).toEqual(before);
    await store.close();
  });

  it.each<[string, string, () => unknown]>([
    ['cannot be reached', 'postgres://nobody@127.0.0.1:1/typo', () => undefined],
    ['has something in it', '', () => fillTarget()],
    ['has half of another store', '', () => beginFromAnother()],
    ['has other columns', '', () => addColumnToTarget()],
  ])('stays as it is when the database %s', async (_what, to, prepare) => {
    await openSqliteStore({ path }).close();
    await prepare();
    const moving = moveStore({ from: `sqlite:${path}`, to: to || database.url, onProgress: () => undefined });
    await expect(moving).rejects.toThrow();
    await openSqliteStore({ path }).close();
  });

  async function fillTarget(): Promise<void> {
    const store = await openTarget();
    await store.accept(acceptanceOf({}));
    await store.close();
  }

  async function beginFromAnother(): Promise<void> {
    const other = join(folder, 'other.db');
    await openSqliteStore({ path: other }).close();
    const onProgress = () => {
      throw new Error('ended here');
    };
    const moving = moveStore({ from: `sqlite:${other}`, to: database.url, onProgress });
    await expect(moving).rejects.toThrow('ended here');
  }

  async function addColumnToTarget(): Promise<void> {
    await (await openTarget()).close();
    await query(database.url, 'alter table offboard_bridge.pauses add column extra text');
  }

  it.each([
    ['a bridge is running on the file', async () => openSqliteStore({ path })],
    ['a bridge is running on the database', openTarget],
  ])('is refused while %s', async (_says, open) => {
    await openSqliteStore({ path }).close();
    const running = await open();
    await expect(move()).rejects.toThrow(MoveRefused);
    await running.close();
    expect(await move()).toMatchObject({ wasDone: false });
  });

  it('is refused by a database that has something in it, or half of another store', async () => {
    await openSqliteStore({ path }).close();
    const store = await openTarget();
    await store.accept(acceptanceOf({}));
    await store.close();
    await expect(move()).rejects.toThrow(/not empty/);
    await query(database.url, 'drop schema offboard_bridge cascade');
    await expect(
      move(() => {
        throw new Error('ended here');
      }),
    ).rejects.toThrow('ended here');
    path = join(folder, 'other.db');
    await openSqliteStore({ path }).close();
    await expect(move()).rejects.toThrow(/another store/);
  });

  it('is refused when there is none', async () => {
    await expect(move()).rejects.toThrow(/no store at/);
  });

  it('is not given out when a row is not what was there', async () => {
    await fill();
    let isDone = false;
    const moving = move(({ table, rows, of }) => {
      isDone ||= table === 'outcomes' && rows === of;
      if (!isDone) return;
      const file = new DatabaseSync(path);
      file.exec(`update outcomes set draft = replace(draft, 'scheduled', 'delayed') where position = 3`);
      file.close();
    });
    await expect(moving).rejects.toThrow(/trail/);
    await expect(openTarget()).rejects.toThrow(StoreUnavailable);
  });

  it('has its place for every table and column of the schema', async () => {
    await openSqliteStore({ path }).close();
    const { tables } = await move();
    const { rows } = await query(
      database.url,
      `select table_name as name from information_schema.tables where table_schema = 'offboard_bridge'`,
    );
    const there = rows.map(({ name }) => String(name)).filter((name) => !own.includes(name));
    expect(tables.map(({ table }) => table).sort()).toEqual(there.sort());
  });

  it.each([
    ['the file', (): unknown => alterFile('alter table pauses add column extra text')],
    ['the database', () => query(database.url, 'alter table offboard_bridge.pauses add column extra text')],
  ])('is refused when a column is in %s alone', async (_where, alter) => {
    await openSqliteStore({ path }).close();
    await (await openTarget()).close();
    await alter();
    await expect(move()).rejects.toThrow('pauses.extra');
  });

  function alterFile(sql: string): void {
    const file = new DatabaseSync(path);
    file.exec(sql);
    file.close();
  }

  it('is moved by a command, which shows how far it is and what it did', async () => {
    await fill();
    const args = ['migrate-store', '--from', `sqlite:${path}`, '--to', database.url];
    const first = await command([...args, '--json']);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ wasDone: false, trail: { fault: null } });
    expect(first.stderr).toContain(`intents: ${people + 4} of ${people + 4}`);
    expect(await command(args)).toMatchObject({ code: 0, stdout: expect.stringContaining('moved before') });
    expect((await command(['migrate-store', '--from', database.url, '--to', args[2] ?? ''])).code).toBe(2);
    expect((await command(['migrate-store', '--from', 'sqlite:none.db', '--to', database.url])).code).toBe(3);
    const away = database.url.replace(/:\d+\//, ':1/');
    expect((await command([...args.slice(0, 3), '--to', away])).code).toBe(1);
  });

  async function command(args: readonly string[]) {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const code = await run(args, { env: {}, stdin: new PassThrough(), stdout, stderr });
    return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
  }
});

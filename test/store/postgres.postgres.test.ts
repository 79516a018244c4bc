import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Acceptance, StoreUnavailable } from '../../src/store/contract.ts';
import { openDatabase, type Queries } from '../../src/store/postgres/connection.ts';
import { migrationsBehind } from '../../src/store/postgres/migrations.ts';
import { openPostgresStore } from '../../src/store/postgres.ts';
import { createDatabase, query, type TestDatabase } from '../support/postgres/database.ts';
import { openTcpProxy, type TcpProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';
import { acceptanceOf, email } from './fixtures.ts';
import { testStore } from './store-suite.ts';
import type { StoreUnderTest } from './subject.ts';

const hour = 3_600_000;

/** Passes on what the server says in the pieces that come together in a moment. */
function joinAnswers(client: Socket, server: Socket): void {
  client.pipe(server);
  const held: Buffer[] = [];
  server.on('data', (piece) => {
    if (held.push(piece) === 1) setTimeout(() => client.write(Buffer.concat(held.splice(0))), 20);
  });
}

function postgresUnderTest(): StoreUnderTest {
  let database: TestDatabase | null = null;
  const open = () => openPostgresStore({ url: database?.url ?? '' });
  return {
    async open() {
      database = await createDatabase();
      return open();
    },
    async reopen(store) {
      await store.close();
      return open();
    },
    remove: async () => database?.drop(),
  };
}

testStore('the PostgreSQL store', postgresUnderTest);

describe('the PostgreSQL database', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase();
  });

  afterEach(() => database.drop());

  it('keeps to a schema of its own, which may be there already', async () => {
    await query(database.url, 'create schema offboard_bridge');
    await query(database.url, 'create table intents (mine text)');
    const store = await openPostgresStore({ url: database.url });
    await store.accept(acceptanceOf({}));
    await store.close();
    const { rows } = await query(database.url, 'select count(*)::integer as n from offboard_bridge.intents');
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('reads as little for a delivery when there are many, though nothing was analyzed since there was none', async () => {
    const store = await openPostgresStore({ url: database.url });
    for (const table of ['intents', 'marks'])
      await query(database.url, `alter table offboard_bridge.${table} set (autovacuum_enabled = false)`);
    const accept = (n: number) =>
      store.accept(acceptanceOf({ eventId: `event-${n}`, identifiers: [email(`person-${n}`)] }));
    for (let n = 0; n < 20; n += 1) await accept(n);
    for (let n = 20; n < 3_000; n += 50)
      await Promise.all(Array.from({ length: 50 }, (_, index) => accept(n + index)));
    await store.close();
    // Statistics come a moment after the sessions have ended.
    const read = await until(async () => {
      const { rows } = await query(
        database.url,
        `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as n from pg_stat_user_tables
         having max(n_tup_ins) filter (where relname = 'intents') >= 3000`,
      );
      return rows[0]?.n as number | undefined;
    });
    expect(read).toBeLessThan(3_000);
  });

  it('says how far behind it is, and is left as it is', async () => {
    const schemas = async () =>
      (await query(database.url, `select 1 from pg_namespace where nspname = 'offboard_bridge'`)).rowCount;
    expect([await migrationsBehind(database.url), await schemas()]).toEqual([null, 0]);
    await (await openPostgresStore({ url: database.url })).close();
    expect(await migrationsBehind(database.url)).toBe(0);
    await query(database.url, 'delete from offboard_bridge.migrations where version > 3');
    const behind = await migrationsBehind(database.url);
    expect(behind).toBeGreaterThan(0);
    expect(await migrationsBehind(database.url)).toBe(behind);
    await query(database.url, 'insert into offboard_bridge.migrations values (999)');
    await expect(migrationsBehind(database.url)).rejects.toThrow(/newer release/);
  });

  it('says that it could not be made by a user who may not', async () => {
    const user = `guest_${process.pid}`;
    await query(database.url, `create role ${user} login password 'guest'`);
    try {
      const url = Object.assign(new URL(database.url), { username: user, password: 'guest' }).href;
      await expect(migrationsBehind(url)).rejects.toThrow(/may not make the schema/);
    } finally {
      await query(database.url, `drop role ${user}`);
    }
  });

  it('is refused when a newer release wrote it', async () => {
    await (await openPostgresStore({ url: database.url })).close();
    await query(database.url, 'insert into offboard_bridge.migrations values (999)');
    await expect(openPostgresStore({ url: database.url })).rejects.toThrow(/newer release/);
  });

  it('is said to be away when nobody listens there, or nobody may come in', async () => {
    const { host, pathname } = new URL(database.url);
    const urls = [
      `postgres://postgres:postgres@127.0.0.1:1${pathname}`,
      `postgres://nobody:wrong@${host}${pathname}`,
      database.url.replace(pathname, '/nowhere'),
    ];
    for (const url of urls) {
      const failure = await openPostgresStore({ url }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StoreUnavailable);
      expect(String(failure)).not.toMatch(/wrong|nobody|nowhere/);
    }
  });

  it('commits to disk, and sees what others have committed, also where the server would rather not', async () => {
    const name = new URL(database.url).pathname.slice(1);
    for (const setting of ['synchronous_commit = off', "default_transaction_isolation = 'repeatable read'"])
      await query(database.url, `alter database ${name} set ${setting}`);
    const opened = openDatabase(database.url);
    expect(await opened.get('show synchronous_commit')).toEqual({ synchronous_commit: 'on' });
    const isolation = await opened.transaction((queries) => queries.get('show transaction_isolation'));
    expect(isolation).toEqual({ transaction_isolation: 'read committed' });
    await opened.close();
  });

  it('refuses work once it is closed', async () => {
    const store = await openPostgresStore({ url: database.url });
    await store.close();
    await expect(store.accept(acceptanceOf({}))).rejects.toThrow(StoreUnavailable);
    await expect(store.figures(0)).rejects.toThrow(StoreUnavailable);
  });

  it('repeats a transaction that met another in a deadlock', async () => {
    await query(database.url, 'create schema offboard_bridge');
    await query(database.url, 'create table offboard_bridge.sums (id integer, n integer)');
    await query(database.url, 'insert into offboard_bridge.sums values (1, 0), (2, 0)');
    const opened = openDatabase(database.url);
    let begun = 0;
    let both: () => void = () => undefined;
    const bothBegan = new Promise<void>((resolve) => {
      both = resolve;
    });
    const add = (ids: readonly number[]) =>
      opened.transaction(async (queries) => {
        await queries.run('update sums set n = n + 1 where id = :id', { id: ids[0] });
        begun += 1;
        if (begun === 2) both();
        await bothBegan;
        await queries.run('update sums set n = n + 1 where id = :id', { id: ids[1] });
      });
    await Promise.all([add([1, 2]), add([2, 1])]);
    // The server may end both of them, where each waits for the other long enough.
    expect(begun).toBeGreaterThanOrEqual(3);
    expect(await opened.all('select n from sums')).toEqual([{ n: 2 }, { n: 2 }]);
    await opened.close();
  });

  describe('of which several answers are read at once', () => {
    let proxy: TcpProxy;
    let url: string;

    beforeEach(async () => {
      proxy = await openTcpProxy({ relay: joinAnswers });
      const direct = new URL(database.url);
      proxy.leadTo(direct.host);
      url = database.url.replace(direct.host, proxy.address);
    });

    afterEach(() => proxy.close());

    /** Makes functions that end the first transaction that comes to one of them as a deadlock would. */
    const addDeadlock = (): Promise<unknown> =>
      query(
        database.url,
        `create schema if not exists offboard_bridge;
         create sequence offboard_bridge.tries;
         create function offboard_bridge.meet() returns integer language plpgsql as $$ begin
           if nextval('offboard_bridge.tries') = 1 then raise exception 'met' using errcode = '40P01'; end if;
           return 1;
         end $$;
         create function offboard_bridge.meet_at() returns trigger language plpgsql as $$ begin
           perform offboard_bridge.meet();
           return null;
         end $$`,
      );

    it.each(['marks', 'outcomes'])(
      'repeats a delivery that met another in a deadlock at its %s',
      async (table) => {
        const store = await openPostgresStore({ url });
        await addDeadlock();
        await query(
          database.url,
          `create trigger meet before insert on offboard_bridge.${table}
         for each statement execute function offboard_bridge.meet_at()`,
        );
        const receipt = await store.accept(acceptanceOf({ effectiveAt: Date.now() + hour }));
        expect(receipt.kind).toBe('accepted');
        await store.close();
      },
    );

    it('repeats an exchange whose look met another in a deadlock', async () => {
      await addDeadlock();
      const opened = openDatabase(url);
      const meet = async (queries: Queries) => (await queries.get('select meet() as n'))?.n;
      const met = opened.exchange({
        // The first is answered first, and heard of last.
        read: (queries) => Promise.all([Promise.all([meet(queries)]), queries.get('select 2 as n')]),
        write: async (_queries, found) => ({ result: found, last: Promise.resolve() }),
      });
      expect(await met).toEqual([[1], { n: 2 }]);
      await opened.close();
    });
  });

  it('keeps nothing of a delivery of which a part cannot be said', async () => {
    const store = await openPostgresStore({ url: database.url });
    const deliveries = await Promise.allSettled([
      store.accept(acceptanceOf({ effectiveAt: Date.now() + hour })),
      store.accept(acceptanceOf({ effectiveAt: Date.now() + hour + 0.5 })),
    ]);
    expect(deliveries.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    const { rows } = await query(
      database.url,
      `select (select count(*) from offboard_bridge.outcomes)::integer as outcomes,
         (select count(distinct intent) from offboard_bridge.marks)::integer as marked`,
    );
    expect(rows).toEqual([{ outcomes: 1, marked: 1 }]);
    await store.close();
  });

  it('outlives a connection that is ended between two statements of a transaction', async () => {
    const opened = openDatabase(database.url);
    const broken = opened.transaction(async (queries) => {
      const { pid } = (await queries.get('select pg_backend_pid() as pid')) ?? {};
      await query(database.url, 'select pg_terminate_backend($1, 5000)', [pid]);
      await new Promise((resolve) => setImmediate(resolve));
      await queries.get('select 1');
    });
    await expect(broken).rejects.toThrow(StoreUnavailable);
    expect(await opened.get('select 1 as n')).toEqual({ n: 1 });
    await opened.close();
  });

  it('takes in what has characters that it cannot keep, once', async () => {
    const store = await openPostgresStore({ url: database.url });
    const delivery = acceptanceOf({ eventId: 'a\0b', reason: 'gone\0 \ud800', subject: '\0' });
    const receipts = [await store.accept(delivery), await store.accept(delivery)];
    expect(receipts.map(({ kind }) => kind)).toEqual(['accepted', 'duplicate']);
    const found = await store.findIntent(receipts[0]?.intents[0] ?? '');
    expect(found?.intent).toMatchObject({ reason: 'gone\0 \ud800', eventId: 'a\u2400b' });
    await store.close();
  });

  it('takes in a delivery of thousands beside another about the same people', async () => {
    const store = await openPostgresStore({ url: database.url });
    const [part] = acceptanceOf({}).parts;
    if (part?.kind !== 'intent') throw new Error('the delivery has no intent');
    const whole = (eventId: string): Acceptance => ({
      ...acceptanceOf({ eventId }),
      parts: Array.from({ length: 3_000 }, (_, n) => ({
        ...part,
        facts: { ...part.facts, identifiers: [email(`u${n}@example.com`)] },
      })),
    });
    const other = await openPostgresStore({ url: database.url });
    const receipts = await Promise.all([
      store.accept(whole('a')),
      other.accept(whole('a')),
      other.accept(whole('b')),
    ]);
    expect(receipts[0].intents).toEqual(receipts[1].intents);
    expect(new Set(receipts.flatMap(({ intents }) => intents)).size).toBe(6_000);
    await Promise.all([store.close(), other.close()]);
  });
});

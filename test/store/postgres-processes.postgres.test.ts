import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createAudit } from '../../src/core/audit.ts';
import type { IntentDraft } from '../../src/core/intent.ts';
import { recordOutcome } from '../../src/core/outcome.ts';
import type { Settlement } from '../../src/core/settlement.ts';
import type { Batch, ClaimRequest, ErasureReceipt, Store } from '../../src/store/contract.ts';
import { type Nudge, openPostgresStore } from '../../src/store/postgres.ts';
import { createDatabase, query, type TestDatabase } from '../support/postgres/database.ts';
import { until } from '../support/until.ts';
import { acceptanceOf, again, claimRequest, email, settleAll, start, succeeded } from './fixtures.ts';

const hour = 3_600_000;

/** Three stores on one database, each with connections of its own, are three processes to it. */
describe('three processes on one PostgreSQL', () => {
  let database: TestDatabase;
  let stores: Store[];
  let heard: Nudge[][];

  beforeEach(async () => {
    database = await createDatabase();
    heard = [[], [], []];
    stores = await Promise.all(
      heard.map((nudges) => openPostgresStore({ url: database.url, onNudge: (nudge) => nudges.push(nudge) })),
    );
  });

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await database.drop();
  });

  const storeOf = (n: number): Store => stores[n % stores.length] as Store;
  const each = <T>(count: number, run: (store: Store, n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, n) => run(storeOf(n), n)));
  const person = (n: number) => ({ identifiers: [email(`u${n}@example.com`)] });

  /** Claims and settles by every process at once, until nothing is left; `seen` is told of every batch. */
  async function drain(
    seen: (batch: Batch) => void,
    {
      safeguard = [],
      settled = () => undefined,
    }: { safeguard?: ClaimRequest['safeguard']; settled?: (batch: Batch) => void } = {},
  ): Promise<void> {
    await each(12, async (store) => {
      for (let batch = await store.claim(claimRequest({ safeguard })); batch; ) {
        seen(batch);
        await new Promise((resolve) => setImmediate(resolve));
        settled(batch);
        expect(await store.settle(batch.token, settleAll(batch, succeeded), start)).toBe(true);
        batch = await store.claim(claimRequest({ safeguard }));
      }
    });
  }

  /** Starts each while nobody comes past what `locking` locks, one after the other; then lets all of them go on. */
  async function meetAt(locking: string, starts: readonly (() => Promise<unknown>)[]): Promise<void> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`begin; ${locking}`);
    const started: Promise<unknown>[] = [];
    for (const start of starts) {
      started.push(start());
      await until(async () => (await countWaiting()) >= started.length);
    }
    await client.end();
    await Promise.all(started);
  }

  /** How many wait for a lock. */
  async function countWaiting(): Promise<number> {
    const { rows } = await query(
      database.url,
      `select count(*)::integer as n from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return Number(rows[0]?.n);
  }

  it('migrate an empty database once, and are one store', () => {
    expect(new Set(stores.map(({ id }) => id)).size).toBe(1);
  });

  it('give the same ids for an event that all of them take in at once', async () => {
    const deliveries = Array.from({ length: 40 }, (_, n) =>
      acceptanceOf({ ...person(n), eventId: `msg-${n}` }),
    );
    const receipts = await each(3 * 40, (store, n) => store.accept(deliveries[n % 40] as never));
    const firsts = receipts.filter(({ kind }) => kind === 'accepted');
    expect(firsts).toHaveLength(40);
    for (const [n, receipt] of receipts.entries()) {
      expect(receipt.intents).toEqual(receipts[n % 40]?.intents);
    }
    expect(new Set(firsts.flatMap(({ intents }) => intents)).size).toBe(40);
  });

  it.each(['repeatable read', 'serializable'])(
    'miss nothing that another has just taken in where transactions begin as %s',
    async (isolation) => {
      const name = new URL(database.url).pathname.slice(1);
      await query(database.url, `alter database ${name} set default_transaction_isolation = '${isolation}'`);
      const opened = await Promise.all([1, 2, 3].map(() => openPostgresStore({ url: database.url })));
      try {
        for (let n = 0; n < 20; n += 1) {
          const resign = acceptanceOf({ ...person(n), occurredAt: start - 1 });
          const withdraw = acceptanceOf({ ...person(n), action: 'withdraw', occurredAt: start });
          const receipts = await Promise.all(
            opened.map((store, from) => store.accept(from === 0 ? withdraw : resign)),
          );
          expect(receipts[1]?.intents).toEqual(receipts[2]?.intents);
        }
        expect(await storeOf(0).claim(claimRequest())).toBeNull();
      } finally {
        await Promise.all(opened.map((store) => store.close()));
      }
    },
  );

  it('leave one of many dates for a person that arrive at once', async () => {
    await each(60, (store, n) =>
      store.accept(acceptanceOf({ ...person(n % 2), effectiveAt: start + (n + 1) * hour })),
    );
    const query = { cursor: null, limit: 100, person: null, source: null };
    expect((await storeOf(0).listIntents({ ...query, statuses: ['scheduled'] })).items).toHaveLength(2);
    expect((await storeOf(1).listIntents({ ...query, statuses: ['canceled'] })).items).toHaveLength(58);
  });

  it('claim no intent twice, and have no person in two batches at once', async () => {
    const told: Partial<IntentDraft>[] = Array.from({ length: 240 }, (_, n) => ({
      ...person(n % 60),
      action: n % 4 === 0 ? ('resign' as const) : ('kick' as const),
    }));
    await each(told.length, (store, n) => store.accept(acceptanceOf({ ...told[n], source: `s${n}` })));
    const claimed = new Set<string>();
    const inFlight = new Set<string>();
    await drain(
      (batch) => {
        for (const { id, person: one } of batch.intents) {
          expect([claimed.has(id), inFlight.has(one)]).toEqual([false, false]);
          claimed.add(id);
          inFlight.add(one);
        }
      },
      {
        settled: (batch) => {
          for (const { person: one } of batch.intents) inFlight.delete(one);
        },
      },
    );
    expect(claimed.size).toBe(240);
  });

  it('have no person in two batches when one of them may only kick and another may only resign', async () => {
    for (let n = 0; n < 25; n += 1) {
      await storeOf(n).accept(acceptanceOf(person(n)));
      await storeOf(n).accept(acceptanceOf({ ...person(n), action: 'kick', source: 'other' }));
    }
    const only = { kick: { kick: 1, resign: 0 }, resign: { kick: 0, resign: 1 } };
    let left = 50;
    while (left > 0) {
      const batches = await each(12, (store, n) =>
        store.claim(claimRequest({ limits: only[n % 2 === 0 ? 'kick' : 'resign'] })),
      );
      const people = batches.flatMap((batch) => batch?.intents.map((one) => one.person) ?? []);
      expect(new Set(people).size).toBe(people.length);
      for (const batch of batches) {
        if (batch) await storeOf(0).settle(batch.token, settleAll(batch, succeeded), start);
      }
      left -= people.length;
    }
  });

  it('take the intents of a person in the order in which they came', async () => {
    for (let n = 0; n < 30; n += 1) {
      await storeOf(n).accept(acceptanceOf({ ...person(n % 5), action: 'kick', source: `s${n}` }));
    }
    const taken = new Map<string, number[]>();
    await drain((batch) => {
      for (const { id, person: one } of batch.intents) {
        taken.set(one, [...(taken.get(one) ?? []), Number(id.split('-')[1])]);
      }
    });
    expect(taken.size).toBe(5);
    for (const numbers of taken.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it('let no more through than the safeguard allows to all of them together', async () => {
    await each(150, (store, n) => store.accept(acceptanceOf(person(n))));
    let through = 0;
    await drain(
      (batch) => {
        through += batch.intents.length;
      },
      { safeguard: [{ source: null, maxResigns: 20, maxKicks: 5, perMs: hour }] },
    );
    expect(through).toBe(20);
    expect((await storeOf(1).figures(start)).held).toBe(130);
  });

  it('do not claim what one of them paused', async () => {
    await storeOf(0).accept(acceptanceOf({}));
    const pause = { scope: 'resign', by: 'api:ada', at: start, reason: null };
    await storeOf(1).setPause({ ...pause, verdict: 'paused' });
    expect(await each(3, (store) => store.claim(claimRequest()))).toEqual([null, null, null]);
    await storeOf(2).setPause({ ...pause, verdict: 'resumed' });
    expect((await each(3, (store) => store.claim(claimRequest()))).filter(Boolean)).toHaveLength(1);
  });

  it('keep a claim from a withdraw that another takes in, whichever is first', async () => {
    await each(60, (store, n) => store.accept(acceptanceOf({ ...person(n), subject: `${n}` })));
    const batches: Batch[] = [];
    await Promise.all([
      ...Array.from({ length: 60 }, (_, n) =>
        storeOf(n).accept(acceptanceOf({ ...person(n), subject: `${n}`, action: 'withdraw' })),
      ),
      each(6, async (store) => {
        const batch = await store.claim(claimRequest({ limits: { resign: 7, kick: 1 } }));
        if (batch) batches.push(batch);
      }),
    ]);
    for (const batch of batches) await storeOf(1).settle(batch.token, settleAll(batch, succeeded), start);
    const claimed = new Set(batches.flatMap(({ intents }) => intents.map(({ id }) => id)));
    const { items } = await storeOf(2).listIntents({
      cursor: null,
      limit: 200,
      statuses: null,
      person: null,
      source: null,
    });
    for (const { id, action, status, failure } of items) {
      if (action !== 'resign') continue;
      expect([status, failure?.code]).toEqual(
        claimed.has(id) ? ['succeeded', 'withdrawn_too_late'] : ['canceled', 'withdrawn'],
      );
    }
  });

  it.each(['settle', 'withdraw'])(
    'void a resign by a name that a look-up tells while a withdraw by it comes: first the %s',
    async (first) => {
      const { intents } = await storeOf(0).accept(
        acceptanceOf({ reference: '7', identifiers: [{ userIdType: 'external_id', userId: '7' }] }),
      );
      const batch = await storeOf(0).claim(claimRequest());
      if (!batch) throw new Error('nothing was claimed');
      const resolution = { ...person(1), effectiveAt: null, settled: true };
      const resolved = settleAll(batch, { kind: 'resolved', resolution, dueAt: start });
      const both = [
        () => storeOf(0).settle(batch.token, resolved, start),
        () => storeOf(1).accept(acceptanceOf({ ...person(1), action: 'withdraw' })),
      ];
      // Both have looked by then, if neither waits for the other.
      await meetAt(
        'lock table offboard_bridge.marks in share mode',
        first === 'settle' ? both : both.reverse(),
      );
      const resign = await storeOf(2).findIntent(intents[0] ?? '');
      expect([resign?.intent.status, resign?.intent.failure?.code]).toEqual(['canceled', 'withdrawn']);
    },
  );

  /** Ada's resign, and the settle that brings her kick while its row is locked by somebody else. */
  async function bringKick(
    settlement: Settlement,
  ): Promise<{ ofPerson: string; settle: () => Promise<boolean> }> {
    await storeOf(0).accept(acceptanceOf({}));
    const batch = await storeOf(0).claim(claimRequest());
    if (!batch) throw new Error('nothing was claimed');
    const settled = settleAll(batch, settlement, { bringKick: [email('ada@example.com')] });
    return {
      ofPerson: batch.intents[0]?.person ?? '',
      settle: () => storeOf(0).settle(batch.token, settled, start),
    };
  }

  const lockIntents = 'select 1 from offboard_bridge.intents for update';

  it.each([
    ['done', succeeded],
    ['tried again', again()],
  ])('void the kick that a resign brings, which is %s while a withdraw comes', async (_what, settlement) => {
    const { settle } = await bringKick(settlement);
    await meetAt(lockIntents, [settle, () => storeOf(1).accept(acceptanceOf({ action: 'withdraw' }))]);
    const query = { cursor: null, limit: 10, person: null, source: null };
    expect((await storeOf(2).listIntents({ ...query, statuses: ['pending'] })).items).toEqual([]);
  });

  it('erase nobody whose kick is brought at that moment', async () => {
    const { ofPerson, settle } = await bringKick(succeeded);
    let erased: ErasureReceipt | undefined;
    await meetAt(lockIntents, [
      settle,
      async () => {
        erased = await storeOf(1).erase({ person: ofPerson, userId: null, by: 'api:ada', at: start });
      },
    ]);
    expect(erased?.kind).toBe('open');
  });

  it('send one resign of a user whom three sources name by identifiers of their own', async () => {
    for (let n = 0; n < 10; n += 1) {
      const identifiers = (['email', 'external_id', 'username'] as const).map((userIdType) => ({
        userIdType,
        userId: `u${n}`,
      }));
      await Promise.all(
        identifiers.map((one, from) =>
          storeOf(from).accept(acceptanceOf({ source: `source-${from}`, identifiers: [one] })),
        ),
      );
      const batches: (Batch | null)[] = [];
      for (const store of stores) batches.push(await store.claim(claimRequest()));
      const begun = await Promise.all(
        batches.map((batch, from) => {
          const seen = batch?.intents.map(({ id }) => ({ intentId: id, userId: `user-${n}` })) ?? [];
          return storeOf(from).beginAct(batch?.token ?? '', seen, { now: start, lookAgeMs: 0 });
        }),
      );
      expect(batches).not.toContain(null);
      expect(begun.flat()).toHaveLength(1);
    }
  });

  it('make one trail without gaps, in which every outcome has the hash of the one before', async () => {
    await Promise.all([
      each(200, (store, n) =>
        store.record(
          recordOutcome({ type: 'operator.decided', source: 'api', time: start, reference: `${n}` }),
        ),
      ),
      each(30, (store) => store.sequence(7)),
    ]);
    await until(async () =>
      (await Promise.all(stores.map((store) => store.sequence(50)))).every((n) => n === 0),
    );
    const outcomes = await storeOf(2).outcomesAfter(0, 1_000);
    expect(outcomes.map(({ data }) => data.position)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    const audit = createAudit();
    for (const entry of await storeOf(1).entriesAfter(0, 1_000)) audit.add(entry);
    expect(audit.end()).toMatchObject({ count: 200, fault: null });
  });

  it('tell a publisher of each outcome by one of them only', async () => {
    for (const reference of ['a', 'b']) {
      await storeOf(0).record(
        recordOutcome({ type: 'operator.decided', source: 'api', time: start, reference }),
      );
    }
    await storeOf(1).sequence(10);
    const claims = await each(9, (store, n) =>
      store.claimOutcomes('kafka', { now: start, token: `${n}`, leaseMs: 1_000, limit: 1 }),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  it('wake the others, and not themselves', async () => {
    await storeOf(0).accept(acceptanceOf({ effectiveAt: start + hour }));
    await until(() => heard[1]?.includes('work') === true && heard[2]?.includes('work') === true);
    await storeOf(1).sequence(10);
    await until(() => heard[0]?.includes('outcomes') === true && heard[2]?.includes('outcomes') === true);
    expect([heard[0]?.includes('work'), heard[1]?.includes('outcomes')]).toEqual([false, false]);
  });

  it('go on when the server has broken all their connections, and hear of one another again', async () => {
    await query(
      database.url,
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await until(() => heard.every((nudges) => nudges.includes('work')));
    for (const nudges of heard) nudges.length = 0;
    await storeOf(0).accept(acceptanceOf({}));
    await until(() => heard[1]?.includes('work') === true);
    expect((await storeOf(1).claim(claimRequest()))?.intents).toHaveLength(1);
  });

  it('do not go by the clock of one that is wrong', async () => {
    const ahead = await openPostgresStore({ url: database.url, now: () => Date.now() + 2 * hour });
    try {
      const now = Date.now();
      await storeOf(0).accept(acceptanceOf({ at: now }));
      await storeOf(0).accept(acceptanceOf({ ...person(1), at: now, effectiveAt: now + hour }));
      expect((await storeOf(0).claim(claimRequest({ now })))?.intents).toHaveLength(1);
      expect(await ahead.claim(claimRequest({ now: Date.now() + 2 * hour }))).toBeNull();
      await ahead.accept(acceptanceOf({ ...person(2), at: Date.now() + 2 * hour }));
      // Two clocks are never compared to the millisecond.
      const batch = await until(() => storeOf(1).claim(claimRequest({ now: Date.now() })));
      expect(batch.intents).toHaveLength(1);
    } finally {
      await ahead.close();
    }
  });

  it.each([
    { what: 'whose clock is a little ahead', asks: [150, 150], acts: [0, 0] },
    { what: 'beside one whose clock is a little behind', asks: [0, 0], acts: [-150, -150] },
    { what: 'whose clock is put right meanwhile', asks: [2 * hour, 0], acts: [0, 0] },
    { what: 'whose clock is set ahead meanwhile', asks: [0, 2 * hour], acts: [0, 0] },
    { what: 'beside one whose clock is set back meanwhile', asks: [0, 0], acts: [0, -2 * hour] },
  ] as const)('send no resign by a look older than that of another, by one $what', async ({ asks, acts }) => {
    let step: 0 | 1 = 0;
    const opened: Store[] = [];
    const open = async (aheadMs: readonly [number, number], userIdType: 'email' | 'external_id') => {
      const now = () => Date.now() + aheadMs[step];
      const store = await openPostgresStore({ url: database.url, now });
      opened.push(store);
      await store.accept(acceptanceOf({ source: userIdType, identifiers: [{ userIdType, userId: 'ada' }] }));
      const batch = await store.claim(claimRequest({ now: now() }));
      if (!batch) throw new Error('nothing was claimed');
      const seen = batch.intents.map(({ id }) => ({ intentId: id, userId: 'the same' }));
      return {
        begin: (lookAgeMs: number) => store.beginAct(batch.token, seen, { now: now(), lookAgeMs }),
        settle: () => store.settle(batch.token, settleAll(batch, succeeded), now()),
      };
    };
    try {
      const act = await open(acts, 'email');
      const ask = await open(asks, 'external_id');
      const lookedAt = performance.now();
      step = 1;
      expect(await act.begin(0)).toHaveLength(1);
      await act.settle();
      expect(await ask.begin(performance.now() - lookedAt)).toEqual([]);
    } finally {
      await Promise.all(opened.map((store) => store.close()));
    }
  });

  describe('of which one has its clock set while it claims', () => {
    let aheadMs: number;
    let changing: Store;
    const clock = () => Date.now() + aheadMs;

    beforeEach(async () => {
      aheadMs = 2 * hour;
      changing = await openPostgresStore({ url: database.url, now: clock });
    });

    afterEach(() => changing.close());

    it('claim nothing before its date when it was ahead, and is put right', async () => {
      const now = Date.now();
      await storeOf(0).accept(acceptanceOf({ at: now - hour }));
      await storeOf(0).accept(acceptanceOf({ ...person(1), at: now, effectiveAt: now + hour }));
      const request = claimRequest({ now: clock() });
      aheadMs = 0;
      expect((await changing.claim(request))?.intents).toHaveLength(1);
    });

    it('claim nothing before its date when it is put right while a claim waits for another', async () => {
      const now = Date.now();
      await storeOf(0).accept(acceptanceOf({ at: now, effectiveAt: now + hour }));
      const first = changing.claim(claimRequest({ now: clock(), limits: { resign: 50, kick: 0 } }));
      const second = changing.claim(claimRequest({ now: clock() }));
      aheadMs = 0;
      expect(await Promise.all([first, second])).toEqual([null, null]);
    });

    it('hold what they claim for the whole lease when it was right, and is set ahead', async () => {
      aheadMs = 0;
      const now = Date.now();
      await changing.claim(claimRequest({ now }));
      await storeOf(0).accept(acceptanceOf({ at: now - 3 * hour }));
      const request = claimRequest({ now: clock() });
      aheadMs = 2 * hour;
      expect((await changing.claim(request))?.intents).toHaveLength(1);
      expect(await storeOf(1).claim(claimRequest({ now }))).toBeNull();
    });
  });
});

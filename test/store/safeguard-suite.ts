import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Identifier } from '../../src/core/identifier.ts';
import type { SafeguardLimit } from '../../src/core/safeguard.ts';
import type { Batch, ClaimRequest, HeldSet, Store, TendRequest } from '../../src/store/contract.ts';
import {
  claimRequest,
  deliveryOf,
  email,
  type StoreUnderTest,
  settleAll,
  start,
  succeeded,
  type Told,
} from './store-suite.ts';

const second = 1_000;
const hour = 3_600_000;
const person = (name: string | number): Identifier[] => [email(`u${name}@example.com`)];

/** What the safeguard of every store must do, beside what `testStore` says of it. */
export function testSafeguard(name: string, make: () => StoreUnderTest): void {
  describe(name, () => {
    let subject: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      subject = make();
      store = await subject.open();
    });

    afterEach(async () => {
      await store.close();
      await subject.remove();
    });

    let people = 0;
    const idOf = async (told: Told = {}): Promise<string> => {
      people += 1;
      const { intents } = await store.accept(deliveryOf({ identifiers: person(people), ...told }));
      return String(intents[0]);
    };
    const burst = async (count: number, told: Told = {}): Promise<string[]> => {
      const ids = [];
      for (let n = 0; n < count; n += 1) ids.push(await idOf(told));
      return ids;
    };
    const limit = (change: Partial<SafeguardLimit>): SafeguardLimit => ({
      source: null,
      maxResigns: null,
      maxKicks: null,
      perMs: hour,
      ...change,
    });
    /** Claims and settles until nothing is left. @returns the ids, in order */
    const drain = async (request: Partial<ClaimRequest>): Promise<string[]> => {
      const ids: string[] = [];
      for (;;) {
        const batch: Batch | null = await store.claim(claimRequest(request));
        if (!batch) return ids;
        ids.push(...batch.intents.map(({ id }) => id));
        await store.settle(batch.token, settleAll(batch, succeeded), request.now ?? start);
      }
    };
    const fates = async (ids: readonly string[]): Promise<string[]> => {
      const found = await Promise.all(ids.map((id) => store.findIntent(id)));
      return found.map((one) => one?.intent.failure?.code ?? one?.intent.status ?? 'missing');
    };
    const messageOf = async (id: string) => (await store.findIntent(id))?.intent.failure?.message;

    describe('with several limits', () => {
      it('lets through what each of them has room for', async () => {
        const safeguard = [limit({ maxResigns: 3, perMs: hour }), limit({ maxResigns: 4, perMs: 24 * hour })];
        const first = await burst(5);
        expect(await drain({ safeguard })).toEqual(first.slice(0, 3));
        const second = await burst(3);
        expect(await drain({ safeguard, now: start + hour })).toEqual(second.slice(0, 1));
        expect(await fates(second)).toEqual(['succeeded', 'safeguard', 'safeguard']);
      });

      it('leaves alone what no limit speaks of', async () => {
        const safeguard = [limit({ maxKicks: 0 })];
        const resign = await idOf();
        const kick = await idOf({ action: 'kick' });
        await drain({ safeguard });
        expect(await fates([resign, kick])).toEqual(['succeeded', 'safeguard']);
      });

      it('counts what began exactly a window ago no more, and what began a moment later still', async () => {
        const safeguard = [limit({ maxResigns: 1 })];
        await burst(1);
        await drain({ safeguard });
        const early = await idOf();
        expect(await drain({ safeguard, now: start + hour - 1 })).toEqual([]);
        const late = await idOf();
        expect(await drain({ safeguard, now: start + hour })).toEqual([late]);
        expect(await fates([early])).toEqual(['safeguard']);
      });
    });

    describe('with limits of one source', () => {
      const safeguard = [limit({ maxResigns: 6 }), limit({ source: 'hr', maxResigns: 2 })];

      it('counts that source alone, and holds nothing of others for it', async () => {
        const hr = await burst(4);
        const payroll = await burst(3, { source: 'payroll' });
        const through = [...(await drain({ safeguard })), ...(await drain({ safeguard }))];
        expect(through.sort()).toEqual([...hr.slice(0, 2), ...payroll].sort());
        expect(await fates(hr)).toEqual(['succeeded', 'succeeded', 'safeguard', 'safeguard']);
        expect(await messageOf(hr[3] ?? '')).toBe(
          'more resigns than sources.hr.safeguard allows in its window',
        );
      });

      it('needs room in the overall limit as well', async () => {
        await burst(5, { source: 'payroll' });
        await drain({ safeguard });
        const hr = await burst(2);
        const late = await idOf({ source: 'payroll' });
        await drain({ safeguard });
        expect(await fates([...hr, late])).toEqual(['succeeded', 'safeguard', 'safeguard']);
        expect(await messageOf(late)).toBe('more resigns than leavers.safeguard allows in its window');
      });

      it('goes on with other sources when the oldest are all of a source that is at its limit', async () => {
        const none = [limit({ source: 'hr', maxResigns: 0 })];
        const hr = await burst(60);
        const payroll = await idOf({ source: 'payroll', at: start + second });
        const now = start + second;
        const through = [
          ...(await drain({ safeguard: none, now })),
          ...(await drain({ safeguard: none, now })),
        ];
        expect(through).toEqual([payroll]);
        expect(new Set(await fates(hr))).toEqual(new Set(['safeguard']));
      });
    });

    const tend = async (request: Partial<TendRequest> = {}): Promise<void> => {
      while ((await store.tendHeld({ now: start, safeguard: [], askAgainBefore: 0, ...request })) > 0);
    };
    const release = async (intentId: string, at = start): Promise<void> => {
      const found = await store.findIntent(intentId);
      const effectiveAt = found?.intent.effectiveAt ?? 0;
      const admission =
        effectiveAt > at
          ? ({ status: 'scheduled', dueAt: effectiveAt } as const)
          : ({ status: 'pending', dueAt: at } as const);
      const decision = { by: 'api:ada', at, verdict: 'approved', reason: null } as const;
      expect(await store.decide({ intentId, decision, admission })).toBe('done');
    };

    describe('looking ahead', () => {
      const date = start + 10 * 24 * hour;
      const safeguard = [limit({ maxResigns: 3 })];

      it('holds at once what would be too much on a day to come; released, it waits for its date again', async () => {
        const ids = await burst(5, { effectiveAt: date });
        await tend({ safeguard });
        expect(await fates(ids)).toEqual([...Array(3).fill('scheduled'), 'safeguard', 'safeguard']);
        expect((await store.findIntent(ids[4] ?? ''))?.intent).toMatchObject({
          dueAt: null,
          effectiveAt: date,
        });
        await release(ids[4] ?? '');
        await tend({ safeguard });
        expect((await store.findIntent(ids[4] ?? ''))?.intent).toMatchObject({
          status: 'scheduled',
          dueAt: date,
        });
        expect((await drain({ safeguard, now: date })).sort()).toEqual([...ids.slice(0, 3), ids[4]].sort());
      });

      it('looks at every window around the date, and at none that only touches it', async () => {
        const at = (minutes: number) => idOf({ effectiveAt: date + minutes * 60 * second });
        const ids = [await at(-40), await at(-20), await at(0), await at(15), await at(60), await at(61)];
        await tend({ safeguard });
        expect(await fates(ids)).toEqual([
          'scheduled',
          'scheduled',
          'scheduled',
          'safeguard',
          'scheduled',
          'scheduled',
        ]);
      });

      it('says no to nobody again whom it has looked at, and counts those that began', async () => {
        const now = date - hour / 2;
        const begun = await burst(2, { at: now });
        expect(await drain({ safeguard, now })).toEqual(begun);
        const ids = await burst(2, { effectiveAt: date, at: now });
        await tend({ safeguard, now });
        store = await subject.reopen(store);
        await tend({ safeguard: [limit({ maxResigns: 0 })], now });
        expect(await fates(ids)).toEqual(['scheduled', 'safeguard']);
      });

      it('goes by the limits of the source, and leaves kicks and what people asked for alone', async () => {
        const own = [limit({ source: 'hr', maxResigns: 0 })];
        const ids = [
          await idOf({ effectiveAt: date }),
          await idOf({ effectiveAt: date, source: 'payroll' }),
          await idOf({ effectiveAt: date, action: 'kick' }),
        ];
        await tend({ safeguard: own });
        expect(await fates(ids)).toEqual(['safeguard', 'scheduled', 'scheduled']);
      });

      it('makes room when somebody of that day is withdrawn', async () => {
        const ids = await burst(3, { effectiveAt: date });
        await tend({ safeguard });
        await store.accept(deliveryOf({ action: 'withdraw', identifiers: person(people) }));
        ids.push(await idOf({ effectiveAt: date }));
        await tend({ safeguard });
        expect(await fates(ids)).toEqual(['scheduled', 'scheduled', 'withdrawn', 'scheduled']);
      });
    });

    describe('the sets of what is held', () => {
      const safeguard = [limit({ maxResigns: 1 })];
      const sets = async (): Promise<readonly HeldSet[]> =>
        (await store.listHeldSets({ cursor: null, limit: 100 })).items;

      it('are of one source, action and reason, and show some of their intents', async () => {
        const ids = await burst(13);
        await burst(2, { source: 'payroll', occurredAt: start - 30 * 24 * hour });
        await drain({ safeguard });
        await tend();
        const [stale, held] = (await sets()).toSorted((a, b) => a.waiting - b.waiting);
        expect(stale).toMatchObject({
          source: 'payroll',
          action: 'resign',
          code: 'stale',
          waiting: 2,
          size: 2,
        });
        expect(held).toMatchObject({
          source: 'hr',
          code: 'safeguard',
          since: start,
          waiting: 12,
          actor: null,
        });
        expect(held?.sample.map(({ id }) => id)).toEqual(ids.slice(1, 11));
        expect(held?.sample[0]?.heldSet).toBe(held?.id);
      });

      it('take in what comes soon after, and nothing of a later burst', async () => {
        const hold = async (at: number): Promise<void> => {
          await idOf({ at });
          await drain({ safeguard: [limit({ maxResigns: 0 })], now: at });
          await tend({ now: at });
        };
        for (const at of [0, 300, 800, 2_000]) await hold(start + at * second);
        expect((await sets()).map(({ waiting }) => waiting)).toEqual([1, 3]);
      });

      it('are of one day to come, however long it takes until all of them are known', async () => {
        const held = { source: 'hr', hold: { code: 'status_unknown', message: 'unclear' } } as const;
        await idOf({ ...held, effectiveAt: start + 48 * hour });
        await tend();
        await idOf({ ...held, effectiveAt: start + 49 * hour });
        await idOf({ ...held, effectiveAt: start + 72 * hour });
        await tend({ now: start + 5 * hour });
        expect((await sets()).map(({ day, waiting }) => [day, waiting])).toEqual([
          ['2026-11-23', 1],
          ['2026-11-22', 2],
        ]);
      });

      it('are of one person who asked, and never of what only that person can confirm', async () => {
        await idOf({ actor: 'api:ada', reason: 'a' });
        await idOf({ actor: 'api:ada', reason: 'a' });
        await idOf({ actor: 'api:bob', reason: 'a' });
        await idOf({ actor: 'api:ada', hold: { code: 'needs_confirmation', message: 'sure?' } });
        await tend();
        expect((await sets()).map(({ actor, waiting }) => [actor, waiting])).toEqual([
          ['api:bob', 1],
          ['api:ada', 2],
        ]);
      });

      it('are decided once, after which nothing joins them', async () => {
        const none = [limit({ maxResigns: 0 })];
        const [first = ''] = await burst(1);
        await drain({ safeguard: none });
        await tend();
        const [set] = await sets();
        const decision = { by: 'api:ada', at: start, verdict: 'approved', reason: 'planned' } as const;
        expect(await store.decideHeldSet(set?.id ?? '', decision)).toBe('done');
        expect(await store.decideHeldSet(set?.id ?? '', decision)).toBe('wrong_state');
        expect(await store.decideHeldSet('nothing-h1', decision)).toBe('not_found');
        await burst(1);
        await drain({ safeguard: none });
        await tend();
        expect((await sets()).map(({ waiting }) => waiting)).toEqual([1, 1]);
        const admission = { status: 'pending', dueAt: start } as const;
        const requests = [
          { intentId: first, decision, admission, heldFor: 'safeguard' },
          { intentId: 'nobody-1', decision, admission },
        ] as const;
        expect(await store.decideAll(requests)).toEqual(['done', 'not_found']);
        expect(await store.decideAll(requests)).toEqual(['wrong_state', 'not_found']);
        store = await subject.reopen(store);
        expect(await store.findHeldSet(set?.id ?? '')).toMatchObject({ waiting: 0, size: 1, decision });
        expect(await sets()).toHaveLength(1);
      });

      it('are asked about anew when nobody decided for long, and say since when', async () => {
        const ids = await burst(2);
        await drain({ safeguard: [limit({ maxResigns: 0 })] });
        await tend();
        const [before] = await sets();
        const now = start + 7 * 24 * hour + 1;
        await tend({ now, askAgainBefore: now - 7 * 24 * hour });
        const [after, ...others] = await sets();
        expect(others).toEqual([]);
        expect(after?.id).not.toBe(before?.id);
        expect(after).toMatchObject({ since: now, waiting: 2, code: 'safeguard' });
        expect(await messageOf(ids[0] ?? '')).toBe(
          'held since 2026-11-20T08:00:00.000Z: more resigns than leavers.safeguard allows in its window',
        );
        while ((await store.sequence(100)) > 0);
        const told = (await store.outcomesAfter(0, 100)).map(({ type }) => type);
        expect(told).toEqual(Array(4).fill('user.resign.held'));
      });

      it('list their intents a page at a time', async () => {
        await burst(5);
        await drain({ safeguard });
        await tend();
        const [set] = await sets();
        const query = { statuses: ['held'] as const, person: null, source: null, heldSet: set?.id ?? '' };
        const page = await store.listIntents({ ...query, cursor: null, limit: 3 });
        const rest = await store.listIntents({ ...query, cursor: page.next, limit: 3 });
        expect([page.items.length, rest.items.length, rest.next]).toEqual([3, 1, null]);
      });
    });
  });
}

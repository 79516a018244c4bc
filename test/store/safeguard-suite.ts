import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Identifier } from '../../src/core/identifier.ts';
import type { SafeguardLimit } from '../../src/core/safeguard.ts';
import type { Batch, ClaimRequest, Store } from '../../src/store/contract.ts';
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
  });
}

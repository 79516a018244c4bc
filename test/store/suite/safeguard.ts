import { describe, expect, it } from '@jest/globals';
import { again, email, limitOf, settleAll, start, succeeded, type Told } from '../fixtures.ts';
import type { Subject } from '../subject.ts';

const second = 1_000;
const hour = 3_600_000;

/** How the limits of the safeguard are kept. */
export function testSafeguard(subject: Subject): void {
  const { idOf, burst, claimed, drain, tend, outcomeTypes, statusOf, failureOf, messageOf } = subject;

  /** Accepts an intent of somebody who was not there before. @returns its id */
  const newcomer = async (told: Told = {}): Promise<string> => (await burst(1, told))[0] ?? '';
  const fates = async (ids: readonly string[]): Promise<string[]> => {
    const found = await Promise.all(ids.map((id) => subject.store.findIntent(id)));
    return found.map((one) => one?.intent.failure?.code ?? one?.intent.status ?? 'missing');
  };

  describe('safeguard', () => {
    const safeguard = [limitOf({ maxResigns: 3, maxKicks: 1 })];

    it('cuts a batch at its limit and holds the rest, with an outcome each', async () => {
      const ids = await burst(8);
      const batch = await claimed({ safeguard });
      expect(batch.intents.map(({ id }) => id)).toEqual(ids.slice(0, 3));
      expect(await Promise.all(ids.slice(3).map(statusOf))).toEqual(Array(5).fill('held'));
      expect(await outcomeTypes()).toEqual(Array(5).fill('user.resign.held'));
      expect(await failureOf(ids[3] ?? '')).toBe('safeguard');
    });

    it('counts across a restart, and each intent once however often it is tried', async () => {
      await burst(2);
      for (let tries = 0; tries < 5; tries += 1) {
        const batch = await claimed({ safeguard });
        expect(batch.intents).toHaveLength(2);
        await subject.store.settle(batch.token, settleAll(batch, again()), start);
      }
      await subject.reopen();
      await idOf({ identifiers: [email('third@example.com')] });
      const fourth = await idOf({ identifiers: [email('fourth@example.com')] });
      expect((await claimed({ safeguard })).intents).toHaveLength(3);
      expect(await statusOf(fourth)).toBe('held');
    });

    it('forgets what is older than its window', async () => {
      await burst(3);
      await claimed({ safeguard });
      await idOf({ identifiers: [email('later@example.com')] });
      expect((await claimed({ safeguard, now: start + hour + 1 })).intents.length).toBeGreaterThan(0);
    });

    it('does not hold again what a person released', async () => {
      const ids = await burst(4);
      const batch = await claimed({ safeguard });
      await subject.store.settle(batch.token, settleAll(batch, succeeded), start);
      const decision = { by: 'api:ada', at: start, verdict: 'approved', reason: 'checked' } as const;
      const admission = { status: 'pending', dueAt: start } as const;
      expect(await subject.store.decide({ intentId: ids[3] ?? '', decision, admission })).toBe('done');
      expect((await claimed({ safeguard })).intents.map(({ id }) => id)).toEqual([ids[3]]);
    });

    it('counts the kicks of machines, and not those that a person asked for', async () => {
      for (const name of ['a', 'b', 'c']) {
        await idOf({ action: 'kick', actor: 'slack:U1', identifiers: [email(`${name}@example.com`)] });
      }
      const machine = await idOf({ action: 'kick', identifiers: [email('d@example.com')] });
      const held = await idOf({ action: 'kick', identifiers: [email('e@example.com')] });
      for (let n = 0; n < 4; n += 1) await claimed({ safeguard });
      expect([await statusOf(machine), await statusOf(held)]).toEqual(['pending', 'held']);
    });

    describe('with several limits', () => {
      it('lets through what each of them has room for', async () => {
        const safeguard = [
          limitOf({ maxResigns: 3, perMs: hour }),
          limitOf({ maxResigns: 4, perMs: 24 * hour }),
        ];
        const first = await burst(5);
        expect(await drain({ safeguard })).toEqual(first.slice(0, 3));
        const second = await burst(3);
        expect(await drain({ safeguard, now: start + hour })).toEqual(second.slice(0, 1));
        expect(await fates(second)).toEqual(['succeeded', 'safeguard', 'safeguard']);
      });

      it('leaves alone what no limit speaks of', async () => {
        const safeguard = [limitOf({ maxKicks: 0 })];
        const resign = await newcomer();
        const kick = await newcomer({ action: 'kick' });
        await drain({ safeguard });
        expect(await fates([resign, kick])).toEqual(['succeeded', 'safeguard']);
      });

      it('counts what began exactly a window ago no more, and what began a moment later still', async () => {
        const safeguard = [limitOf({ maxResigns: 1 })];
        await burst(1);
        await drain({ safeguard });
        const early = await newcomer();
        expect(await drain({ safeguard, now: start + hour - 1 })).toEqual([]);
        const late = await newcomer();
        expect(await drain({ safeguard, now: start + hour })).toEqual([late]);
        expect(await fates([early])).toEqual(['safeguard']);
      });
    });

    describe('with limits of one source', () => {
      const safeguard = [limitOf({ maxResigns: 6 }), limitOf({ source: 'hr', maxResigns: 2 })];

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
        const late = await newcomer({ source: 'payroll' });
        await drain({ safeguard });
        expect(await fates([...hr, late])).toEqual(['succeeded', 'safeguard', 'safeguard']);
        expect(await messageOf(late)).toBe('more resigns than leavers.safeguard allows in its window');
      });

      it('goes on with other sources when the oldest are all of a source that is at its limit', async () => {
        const none = [limitOf({ source: 'hr', maxResigns: 0 })];
        const hr = await burst(60);
        const payroll = await newcomer({ source: 'payroll', at: start + second });
        const now = start + second;
        const through = [
          ...(await drain({ safeguard: none, now })),
          ...(await drain({ safeguard: none, now })),
        ];
        expect(through).toEqual([payroll]);
        expect(new Set(await fates(hr))).toEqual(new Set(['safeguard']));
      });
    });

    describe('looking ahead', () => {
      const date = start + 5 * 24 * hour;
      const safeguard = [limitOf({ maxResigns: 3 })];

      it('holds at once what would be too much on a day to come; released, it waits for its date again', async () => {
        const ids = await burst(5, { effectiveAt: date });
        await tend({ safeguard });
        expect(await fates(ids)).toEqual([...Array(3).fill('scheduled'), 'safeguard', 'safeguard']);
        expect((await subject.store.findIntent(ids[4] ?? ''))?.intent).toMatchObject({
          dueAt: null,
          effectiveAt: date,
        });
        const decision = { by: 'api:ada', at: start, verdict: 'approved', reason: null } as const;
        const admission = { status: 'scheduled', dueAt: date } as const;
        expect(await subject.store.decide({ intentId: ids[4] ?? '', decision, admission })).toBe('done');
        await tend({ safeguard });
        expect((await subject.store.findIntent(ids[4] ?? ''))?.intent).toMatchObject({
          status: 'scheduled',
          dueAt: date,
        });
        expect((await drain({ safeguard, now: date })).sort()).toEqual([...ids.slice(0, 3), ids[4]].sort());
      });

      it('looks at every window around the date, and at none that only touches it', async () => {
        const at = (minutes: number) => newcomer({ effectiveAt: date + minutes * 60 * second });
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
        await subject.reopen();
        await tend({ safeguard: [limitOf({ maxResigns: 0 })], now });
        expect(await fates(ids)).toEqual(['scheduled', 'safeguard']);
      });

      it('goes by the limits of the source, and leaves kicks and what people asked for alone', async () => {
        const own = [limitOf({ source: 'hr', maxResigns: 0 })];
        const ids = [
          await newcomer({ effectiveAt: date }),
          await newcomer({ effectiveAt: date, source: 'payroll' }),
          await newcomer({ effectiveAt: date, action: 'kick' }),
        ];
        await tend({ safeguard: own });
        expect(await fates(ids)).toEqual(['safeguard', 'scheduled', 'scheduled']);
      });

      it('makes room when somebody of that day is withdrawn', async () => {
        const leaver = { identifiers: [email('leaver@example.com')] };
        const ids = [
          ...(await burst(2, { effectiveAt: date })),
          await idOf({ ...leaver, effectiveAt: date }),
        ];
        await tend({ safeguard });
        await idOf({ ...leaver, action: 'withdraw' });
        ids.push(await newcomer({ effectiveAt: date }));
        await tend({ safeguard });
        expect(await fates(ids)).toEqual(['scheduled', 'scheduled', 'withdrawn', 'scheduled']);
      });
    });
  });
}

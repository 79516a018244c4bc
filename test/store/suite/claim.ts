import { describe, expect, it } from '@jest/globals';
import type { Batch } from '../../../src/store/contract.ts';
import { again, claimRequest, email, settleAll, start, succeeded } from '../fixtures.ts';
import type { Subject } from '../subject.ts';

const second = 1_000;
const hour = 3_600_000;

/** What is claimed next, and what may be sent of it. */
export function testClaim(subject: Subject): void {
  const { idOf, claimed } = subject;

  describe('claim', () => {
    it('puts resigns of one type into one batch, oldest first, each person once', async () => {
      const ids = [];
      for (let n = 0; n < 60; n += 1) ids.push(await idOf({ identifiers: [email(`u${n}@example.com`)] }));
      await idOf({ identifiers: [email('u0@example.com')] });
      await idOf({ identifiers: [{ userIdType: 'external_id', userId: '1' }] });
      const batch = await claimed();
      expect(batch).toMatchObject({ action: 'resign', userIdType: 'email', cap: 50, acted: false });
      expect(batch.intents.map(({ id }) => id)).toEqual(ids.slice(0, 50));
    });

    it('gives an intent to one claimer only', async () => {
      await idOf({});
      const batches = await Promise.all([
        subject.store.claim(claimRequest()),
        subject.store.claim(claimRequest()),
      ]);
      expect(batches.filter(Boolean)).toHaveLength(1);
    });

    it('claims what a lapsed lease left behind, a kick as acted on; not a moment before', async () => {
      const id = await idOf({ action: 'kick' });
      await claimed();
      await subject.reopen();
      expect(await subject.store.claim(claimRequest({ now: start + 30 * second - 1 }))).toBeNull();
      const batch = await claimed({ now: start + 30 * second });
      expect(batch.acted).toBe(true);
      expect(batch.intents[0]).toMatchObject({ id, acted: true });
    });

    it('does not take over its own lease when the wall clock jumps ahead', async () => {
      await idOf({});
      await claimed();
      expect(await subject.store.claim(claimRequest({ now: start + 24 * hour }))).toBeNull();
    });

    it('has at most one intent of a person in flight', async () => {
      await idOf({ action: 'kick' });
      await idOf({});
      expect((await claimed()).action).toBe('kick');
      expect(await subject.store.claim(claimRequest())).toBeNull();
    });

    it('is not held up by a scheduled, a held or a backing-off intent of the same person', async () => {
      await idOf({ source: 'a', effectiveAt: start + hour });
      await idOf({ source: 'b', occurredAt: start - 30 * 24 * hour });
      const backingOff = await idOf({ source: 'c' });
      const batch = await claimed();
      expect(batch.intents[0]?.id).toBe(backingOff);
      await subject.store.settle(batch.token, settleAll(batch, again({ dueAt: start + hour })), start);
      const due = await idOf({ source: 'd' });
      expect((await claimed()).intents[0]?.id).toBe(due);
    });

    it('puts kicks asked for by a person before everything else', async () => {
      await idOf({ identifiers: [email('a@example.com')] });
      await idOf({ action: 'kick', identifiers: [email('b@example.com')] });
      const urgent = await idOf({
        action: 'kick',
        actor: 'slack:U1',
        identifiers: [email('c@example.com')],
      });
      expect((await claimed()).intents[0]?.id).toBe(urgent);
    });

    it('keeps caps, and those that must be looked at first, apart', async () => {
      for (const name of ['a', 'b', 'c', 'd']) await idOf({ identifiers: [email(`${name}@example.com`)] });
      const batch = await claimed();
      const changes = [again(), again({ cap: 2 }), again({ cap: 2 }), again({ acted: true })];
      await subject.store.settle(
        batch.token,
        batch.intents.map(({ id }, n) => ({
          intentId: id,
          settlement: changes[n] ?? succeeded,
          seenUserId: null,
          answer: null,
          bringKick: null,
        })),
        start,
      );
      const sizes = [];
      for (let n = 0; n < 3; n += 1) sizes.push((await claimed()).intents.length);
      expect(sizes).toEqual([1, 2, 1]);
    });

    it('passes over paused actions and sources, which hold up nobody, also after a restart', async () => {
      await idOf({});
      const kick = await idOf({ action: 'kick' });
      await idOf({ source: 'payroll', action: 'kick', identifiers: [email('b@example.com')] });
      const pause = { by: 'api:ada', at: start, reason: 'incident' };
      for (const scope of ['resign', 'payroll'])
        await subject.store.setPause({ scope, ...pause, verdict: 'paused' });
      await subject.reopen();
      expect(await subject.store.pauses()).toEqual([
        { scope: 'payroll', ...pause },
        { scope: 'resign', ...pause },
      ]);
      const batch = await claimed();
      expect(batch.intents.map(({ id }) => id)).toEqual([kick]);
      await subject.store.settle(batch.token, settleAll(batch, succeeded), start);
      expect(await subject.store.claim(claimRequest())).toBeNull();
      await subject.store.setPause({ scope: 'resign', ...pause, verdict: 'resumed' });
      expect((await claimed()).action).toBe('resign');
      await subject.placeAll();
      const told = (await subject.store.outcomesAfter(0, 10)).map(({ data }) => data);
      const decision = { actor: 'api:ada', reason: 'incident', verdict: 'paused' };
      expect(told).toMatchObject([
        { ...decision, reference: 'resign' },
        { ...decision, reference: 'payroll' },
        { action: 'kick', status: 'succeeded' },
        { ...decision, reference: 'resign', verdict: 'resumed' },
      ]);
    });

    it('claims nothing of an action whose limit is 0', async () => {
      await idOf({});
      expect(await subject.store.claim(claimRequest({ limits: { resign: 0, kick: 1 } }))).toBeNull();
      expect((await claimed({ limits: { resign: 1, kick: 0 } })).intents).toHaveLength(1);
    });
  });

  describe('beginAct', () => {
    const userId = 'a'.repeat(24);
    const begin = (batch: Batch, times = { now: start, lookAgeMs: 0 }) =>
      subject.store.beginAct(
        batch.token,
        batch.intents.map(({ id }) => ({ intentId: id, userId })),
        times,
      );

    it('notes whom a resign is sent about, so that a lapsed lease is followed by a look at that user', async () => {
      await idOf({});
      const batch = await claimed();
      const ids = batch.intents.map(({ id }) => id);
      expect(await begin(batch)).toEqual(ids);
      await subject.reopen();
      const next = await claimed({ now: start + 30 * second });
      expect(next.intents[0]).toMatchObject({ acted: true, seenUserId: userId });
    });

    it('leaves a resign that was never sent as it was when its lease lapses', async () => {
      await idOf({});
      await claimed();
      await subject.reopen();
      expect(await claimed({ now: start + 30 * second })).toMatchObject({ acted: false });
    });

    it('lets nothing be sent once the lease has passed, or once it is withdrawn', async () => {
      await idOf({});
      const batch = await claimed();
      expect(await begin({ ...batch, token: 'another' })).toEqual([]);
      await idOf({ action: 'withdraw' });
      expect(await begin(batch)).toEqual([]);
    });

    it.each(['all', 'resign', 'hr'])(
      'lets nothing be sent that a pause of %s covers by then',
      async (scope) => {
        const pause = { scope, by: 'api:ada', at: start, reason: null };
        const id = await idOf({});
        const other = await idOf({ source: 'payroll', identifiers: [email('bob@example.com')] });
        const batch = await claimed();
        await subject.store.setPause({ ...pause, verdict: 'paused' });
        const seen = batch.intents.map((intent) => ({
          intentId: intent.id,
          userId: `user-of-${intent.source}`,
        }));
        const beginAll = () => subject.store.beginAct(batch.token, seen, { now: start, lookAgeMs: 0 });
        expect(await beginAll()).toEqual(scope === 'hr' ? [other] : []);
        await subject.store.setPause({ ...pause, verdict: 'resumed' });
        expect(await beginAll()).toEqual([id, other]);
      },
    );

    describe('of somebody whom two sources name by different identifiers', () => {
      const number = { userIdType: 'external_id', userId: '1001' } as const;
      const bothClaimed = async () => {
        await idOf({ source: 'hr' });
        await idOf({ source: 'directory', identifiers: [number] });
        return [await claimed(), await claimed()] as const;
      };

      it('lets one be sent at a time, and the other only after a look that came later', async () => {
        const [first, other] = await bothClaimed();
        const later = start + second;
        expect(await begin(first)).toHaveLength(1);
        expect(await begin(other, { now: later, lookAgeMs: 0 })).toEqual([]);
        await subject.store.settle(first.token, settleAll(first, again({ acted: true })), later);
        expect(await begin(other, { now: later, lookAgeMs: second })).toEqual([]);
        expect(await begin(other, { now: later + second, lookAgeMs: 0 })).toHaveLength(1);
      });

      it('looks again when the look came between the beginning of the other and its end', async () => {
        const [first, other] = await bothClaimed();
        await begin(first);
        const settledAt = start + 10 * second;
        await subject.store.settle(first.token, settleAll(first, succeeded), settledAt);
        const lookedAt = start + 5 * second;
        const now = settledAt + second;
        expect(await begin(other, { now, lookAgeMs: now - lookedAt })).toEqual([]);
        expect(await begin(other, { now, lookAgeMs: 0 })).toHaveLength(1);
      });

      it('lets only one be sent however both begin', async () => {
        const begun = await Promise.all((await bothClaimed()).map((batch) => begin(batch)));
        expect(begun.flat()).toHaveLength(1);
      });

      it('waits for nobody whose lease has lapsed, as nobody else can tell what became of that call', async () => {
        const [first] = await bothClaimed();
        await begin(first);
        await subject.reopen();
        await subject.store.setPause({
          scope: 'hr',
          by: 'api:ada',
          at: start,
          reason: null,
          verdict: 'paused',
        });
        const later = start + 30 * second;
        expect(await begin(await claimed({ now: later }), { now: later, lookAgeMs: 0 })).toHaveLength(1);
      });
    });
  });

  it('gives each slice of turns a time of its own, unless whoever asks is alone anyway', async () => {
    const slice = { turns: 10, intervalMs: 50, burstMs: 100 };
    const waits = [
      await subject.store.leaseTurns(slice),
      await subject.store.leaseTurns(slice),
      await subject.store.leaseTurns(slice),
    ];
    if (waits[0] === null) return expect(waits).toEqual([null, null, null]);
    const [first = 0, second = 0, third = 0] = waits.map(Number);
    expect(first).toBeLessThanOrEqual(-50);
    for (const gap of [second - first, third - second]) {
      expect(gap).toBeGreaterThan(0);
      expect(gap).toBeLessThanOrEqual(500);
    }
  });
}

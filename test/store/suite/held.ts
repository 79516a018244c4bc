import { describe, expect, it } from '@jest/globals';
import type { HeldSet } from '../../../src/store/contract.ts';
import { again, limitOf, settleAll, start, type Told } from '../fixtures.ts';
import type { Subject } from '../subject.ts';

const second = 1_000;
const hour = 3_600_000;

/** What people decide, and what waits for them. */
export function testHeld(subject: Subject): void {
  const { idOf, burst, claimed, drain, tend, outcomeTypes, statusOf, failureOf, messageOf } = subject;

  describe('decide', () => {
    const decision = (verdict: 'approved' | 'canceled') => ({
      by: 'api:ada',
      at: start,
      verdict,
      reason: null,
    });
    const admission = { status: 'pending', dueAt: start } as const;

    it('releases what is held, and nothing else', async () => {
      const id = await idOf({ actor: 'api:bob' });
      expect([await statusOf(id), await failureOf(id)]).toEqual(['held', 'needs_approval']);
      const request = { intentId: id, decision: decision('approved'), admission };
      expect(await subject.store.decide(request)).toBe('done');
      expect(await subject.store.decide(request)).toBe('wrong_state');
      expect((await subject.store.findIntent(id))?.intent).toMatchObject({
        status: 'pending',
        waived: ['needs_approval'],
        decisions: [decision('approved')],
      });
      expect(await outcomeTypes()).toEqual(['user.resign.held', 'user.resign.released']);
    });

    it('cancels what waits, and not what is in flight, may have been done, or is settled', async () => {
      const request = async (told: Told) => ({
        intentId: await idOf(told),
        decision: decision('canceled'),
        admission,
      });
      expect(await subject.store.decide(await request({ effectiveAt: start + hour, source: 'a' }))).toBe(
        'done',
      );
      const inFlight = await request({});
      const batch = await claimed();
      expect(await subject.store.decide(inFlight)).toBe('wrong_state');
      await subject.store.settle(batch.token, settleAll(batch, again({ acted: true })), start);
      expect(await subject.store.decide(inFlight)).toBe('wrong_state');
      expect(await subject.store.decide({ ...inFlight, intentId: 'nobody-1' })).toBe('not_found');
    });
  });

  describe('decide, with a reason in mind', () => {
    const decision = { by: 'slack:U1', at: start, verdict: 'approved', reason: null } as const;
    const needsApproval = { code: 'needs_approval', message: 'another has to approve' } as const;

    it('does nothing once the intent is held for another reason', async () => {
      const hold = { code: 'needs_confirmation', message: 'not confirmed' } as const;
      const id = await idOf({ actor: 'slack:U1', hold });
      const admission = { status: 'held', dueAt: start, failure: needsApproval } as const;
      const request = { intentId: id, decision, admission, heldFor: 'needs_confirmation' } as const;
      expect(await subject.store.decide({ ...request, heldFor: 'stale' })).toBe('wrong_state');
      expect(await subject.store.decide(request)).toBe('done');
      expect(await subject.store.decide(request)).toBe('wrong_state');
      expect([await statusOf(id), await failureOf(id)]).toEqual(['held', 'needs_approval']);
    });

    it('cancels with the failure that it is given', async () => {
      const id = await idOf({ actor: 'slack:U1' });
      const failure = { code: 'expired', message: 'nobody approved it' } as const;
      const admission = { status: 'canceled', failure } as const;
      await subject.store.decide({ intentId: id, decision: { ...decision, verdict: 'canceled' }, admission });
      expect([await statusOf(id), await failureOf(id)]).toEqual(['canceled', 'expired']);
    });
  });

  describe('the sets of what is held', () => {
    const safeguard = [limitOf({ maxResigns: 1 })];
    const sets = async (): Promise<readonly HeldSet[]> =>
      (await subject.store.listHeldSets({ cursor: null, limit: 100 })).items;

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
        await burst(1, { at });
        await drain({ safeguard: [limitOf({ maxResigns: 0 })], now: at });
        await tend({ now: at });
      };
      for (const at of [0, 300, 800, 2_000]) await hold(start + at * second);
      expect((await sets()).map(({ waiting }) => waiting)).toEqual([1, 3]);
    });

    it('are of one day to come, however long it takes until all of them are known', async () => {
      const held = { source: 'hr', hold: { code: 'status_unknown', message: 'unclear' } } as const;
      await burst(1, { ...held, effectiveAt: start + 48 * hour });
      await tend();
      await burst(1, { ...held, effectiveAt: start + 49 * hour });
      await burst(1, { ...held, effectiveAt: start + 72 * hour });
      await tend({ now: start + 5 * hour });
      expect((await sets()).map(({ day, waiting }) => [day, waiting])).toEqual([
        ['2026-11-23', 1],
        ['2026-11-22', 2],
      ]);
    });

    it('are of one person who asked, and never of what only that person can confirm', async () => {
      await burst(2, { actor: 'api:ada', reason: 'a' });
      await burst(1, { actor: 'api:bob', reason: 'a' });
      await burst(1, { actor: 'api:ada', hold: { code: 'needs_confirmation', message: 'sure?' } });
      await tend();
      expect((await sets()).map(({ actor, waiting }) => [actor, waiting])).toEqual([
        ['api:bob', 1],
        ['api:ada', 2],
      ]);
    });

    it('are decided once, after which nothing joins them', async () => {
      const none = [limitOf({ maxResigns: 0 })];
      const [first = ''] = await burst(1);
      await drain({ safeguard: none });
      await tend();
      const [set] = await sets();
      const decision = { by: 'api:ada', at: start, verdict: 'approved', reason: 'planned' } as const;
      const decide = (id = '', waiting: number | null = null) =>
        subject.store.decideHeldSet(id, decision, waiting);
      expect(await decide(set?.id, 2)).toBe('wrong_state');
      expect(await decide(set?.id, 1)).toBe('done');
      expect(await decide(set?.id)).toBe('wrong_state');
      expect(await decide('nothing-h1')).toBe('not_found');
      await burst(1);
      await drain({ safeguard: none });
      await tend();
      expect((await sets()).map(({ waiting }) => waiting)).toEqual([1, 1]);
      const admission = { status: 'pending', dueAt: start } as const;
      const requests = [
        { intentId: first, decision, admission, heldFor: 'safeguard' },
        { intentId: 'nobody-1', decision, admission },
      ] as const;
      expect(await subject.store.decideAll(requests)).toEqual(['done', 'not_found']);
      expect(await subject.store.decideAll(requests)).toEqual(['wrong_state', 'not_found']);
      await subject.reopen();
      expect(await subject.store.findHeldSet(set?.id ?? '')).toMatchObject({ waiting: 0, size: 1, decision });
      expect(await sets()).toHaveLength(1);
      expect((await outcomeTypes()).filter((type) => type === 'operator.decided')).toHaveLength(1);
    });

    it('are asked about anew when nobody decided for long, and say since when', async () => {
      const ids = await burst(2);
      await drain({ safeguard: [limitOf({ maxResigns: 0 })] });
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
      expect(await outcomeTypes()).toEqual(Array(4).fill('user.resign.held'));
    });

    it('list their intents a page at a time', async () => {
      await burst(5);
      await drain({ safeguard });
      await tend();
      const [set] = await sets();
      const query = { statuses: ['held'] as const, person: null, source: null, heldSet: set?.id ?? '' };
      const page = await subject.store.listIntents({ ...query, cursor: null, limit: 3 });
      const rest = await subject.store.listIntents({ ...query, cursor: page.next, limit: 3 });
      expect([page.items.length, rest.items.length, rest.next]).toEqual([3, 1, null]);
    });
  });
}

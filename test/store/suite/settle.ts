import { describe, expect, it } from '@jest/globals';
import type { Identifier } from '../../../src/core/identifier.ts';
import type { Settlement } from '../../../src/core/settlement.ts';
import { again, claimRequest, email, settleAll, start, succeeded, type Told } from '../fixtures.ts';
import type { Subject } from '../subject.ts';

const hour = 3_600_000;
const number = (userId: string): Identifier => ({ userIdType: 'external_id', userId });

/** What becomes of what was claimed. */
export function testSettle(subject: Subject): void {
  const { idOf, claimed, outcomeTypes, statusOf, failureOf } = subject;

  describe('settle', () => {
    const none = [{ source: null, maxResigns: 0, maxKicks: 0, perMs: hour }];

    it('writes the final outcome, and changes nothing twice', async () => {
      const id = await idOf({});
      const batch = await claimed();
      expect(await subject.store.settle(batch.token, settleAll(batch, succeeded), start)).toBe(true);
      expect(await subject.store.settle(batch.token, settleAll(batch, succeeded), start)).toBe(false);
      expect(await statusOf(id)).toBe('succeeded');
      expect(await outcomeTypes()).toEqual(['user.resign.succeeded']);
    });

    it('changes nothing once the lease has passed to another', async () => {
      const id = await idOf({});
      const late = await claimed();
      await subject.reopen();
      await claimed({ now: start + hour });
      expect(await subject.store.settle(late.token, settleAll(late, succeeded), start)).toBe(false);
      expect(await statusOf(id)).toBe('pending');
    });

    it('keeps what was learnt for the next try', async () => {
      await idOf({ identifiers: [email('a@example.com'), number('1')] });
      const batch = await claimed();
      const settlement = again({ identifierIndex: 1, attempts: 2, cap: 13, acted: true });
      const answer = { statusCode: 500, apiCode: null, requestId: 'r1', message: 'oops' };
      await subject.store.settle(
        batch.token,
        settleAll(batch, settlement, { seenUserId: 'x', answer }),
        start,
      );
      const next = await claimed();
      expect(next).toMatchObject({ userIdType: 'external_id', cap: 13, acted: true });
      expect(next.intents[0]).toMatchObject({ identifierIndex: 1, attempts: 2, seenUserId: 'x', answer });
    });

    it('creates the kick that a resign brings, for the same person, beside its settlement', async () => {
      const id = await idOf({ subject: '1001' });
      const batch = await claimed();
      const bringKick: Identifier[] = [{ userIdType: 'user_id', userId: 'a'.repeat(24) }];
      await subject.store.settle(batch.token, settleAll(batch, succeeded, { bringKick }), start);
      const kick = await claimed({ safeguard: none });
      expect(kick).toMatchObject({ action: 'kick', userIdType: 'user_id' });
      expect(kick.intents[0]).toMatchObject({
        broughtBy: id,
        person: batch.intents[0]?.person,
        subject: '1001',
      });
    });

    it('goes by what was looked up, finds the intent by it, and counts it only then', async () => {
      const id = await idOf({ reference: '7', identifiers: [number('7')] });
      const batch = await claimed({ safeguard: none });
      const resolution = { identifiers: [email('ada@example.com')], effectiveAt: null, settled: true };
      const resolved: Settlement = { kind: 'resolved', resolution, dueAt: start };
      await subject.store.settle(batch.token, settleAll(batch, resolved), start);
      await subject.reopen();
      const next = await claimed();
      expect(next).toMatchObject({ userIdType: 'email', acted: false });
      expect(next.intents[0]).toMatchObject({ id, identifiers: resolution.identifiers, resolution });
      await subject.store.settle(next.token, settleAll(next, again()), start);
      await idOf({ action: 'withdraw' });
      expect([await statusOf(id), await failureOf(id)]).toEqual(['canceled', 'withdrawn']);
      await idOf({ reference: '8', identifiers: [number('8')] });
      const other = await claimed({ safeguard: none });
      await subject.store.settle(other.token, settleAll(other, resolved), start);
      expect(await subject.store.claim(claimRequest({ safeguard: none }))).toBeNull();
    });

    it('schedules for the day that was looked up, which a later event replaces', async () => {
      const told = { reference: '7', subject: '7', identifiers: [email('ada@example.com')] };
      const id = await idOf(told);
      const batch = await claimed();
      const effectiveAt = start + hour;
      const resolution = { identifiers: told.identifiers, effectiveAt, settled: false };
      const resolved: Settlement = { kind: 'resolved', resolution, dueAt: effectiveAt };
      const bringKick = told.identifiers;
      await subject.store.settle(batch.token, settleAll(batch, resolved, { bringKick }), start);
      expect(await statusOf(id)).toBe('scheduled');
      expect(await outcomeTypes()).toEqual(['user.resign.scheduled']);
      expect((await claimed()).action).toBe('kick');
      expect((await subject.store.findIntent(id))?.intent).toMatchObject({ effectiveAt, kickBrought: true });
      await idOf(told);
      expect([await statusOf(id), await failureOf(id)]).toEqual(['canceled', 'superseded']);
    });

    describe('of a look-up that tells a name under which there is a withdraw', () => {
      const resign = { reference: '7', subject: '7', identifiers: [number('7')] };
      const operator = { source: 'api', actor: 'api:ada' };
      const ada = email('ada@example.com');

      /** Lets a look-up tell that it is Ada, who leaves by and by and is signed out. */
      async function tellName(): Promise<void> {
        const batch = await claimed();
        const resolution = { identifiers: [ada], effectiveAt: start + hour, settled: false };
        const resolved: Settlement = { kind: 'resolved', resolution, dueAt: start + hour };
        await subject.store.settle(batch.token, settleAll(batch, resolved, { bringKick: [ada] }), start);
      }

      it.each([
        ['by an operator, that came later', operator],
        ['by its source, that came later', {}],
        ['by its source, that happened later', { occurredAt: start + 1 }],
      ])('cancels the resign: %s', async (_which, told) => {
        const id = await idOf({ ...resign, occurredAt: start });
        await idOf({ action: 'withdraw', ...told });
        await tellName();
        expect([await statusOf(id), await failureOf(id)]).toEqual(['canceled', 'withdrawn']);
        expect(await outcomeTypes()).toEqual(['user.withdraw.succeeded', 'user.resign.canceled']);
        expect(await subject.store.claim(claimRequest({ now: start + hour }))).toBeNull();
      });

      it('cancels the resign that came after what happened later', async () => {
        await idOf({ action: 'withdraw', occurredAt: start });
        const id = await idOf({ ...resign, occurredAt: start - 1 });
        await tellName();
        expect(await failureOf(id)).toBe('withdrawn');
      });

      it.each([
        ['by another source', { source: 'payroll' }],
        ['that happened before', { occurredAt: start - 1, ...operator }],
        ['of another person', { identifiers: [email('grace@example.com')], ...operator }],
      ])('leaves the resign alone: %s', async (_which, told) => {
        const id = await idOf({ ...resign, occurredAt: start });
        await idOf({ action: 'withdraw', ...told });
        await tellName();
        expect(await statusOf(id)).toBe('scheduled');
      });

      it.each([
        ['the withdraw', {}],
        ['a withdraw that is told to happen in the future', { occurredAt: start + 1_000 * hour }],
      ])('leaves the resign alone that came after %s', async (_which, told) => {
        await idOf({ action: 'withdraw', ...operator, ...told });
        const id = await idOf({ ...resign, occurredAt: start });
        await tellName();
        expect(await statusOf(id)).toBe('scheduled');
      });
    });

    it('says by which intent the work was done that another source asks for again', async () => {
      const seenUserId = 'b'.repeat(24);
      const resign = async (told: Told, acts: boolean): Promise<unknown> => {
        const id = await idOf(told);
        const batch = await claimed();
        if (acts)
          await subject.store.beginAct(batch.token, [{ intentId: id, userId: seenUserId }], {
            now: start,
            lookAgeMs: 0,
          });
        await subject.store.settle(batch.token, settleAll(batch, succeeded, { seenUserId }), start);
        await outcomeTypes();
        const data = (await subject.store.findIntent(id))?.outcomes[0]?.data;
        return data && 'mergedWith' in data ? data.mergedWith : id;
      };
      const before = await resign({ source: 'hr', identifiers: [email('x@example.com')] }, false);
      const first = await resign({ source: 'hr' }, true);
      const external = [number('1001')];
      const merged = [
        await resign({ source: 'directory', identifiers: external }, false),
        await resign({ source: 'payroll', identifiers: external }, false),
      ];
      expect([merged, before === first]).toEqual([[first, first], false]);
    });

    it('says that a withdraw came too late for a call that was under way', async () => {
      const id = await idOf({});
      const batch = await claimed();
      await idOf({ action: 'withdraw' });
      await subject.store.settle(batch.token, settleAll(batch, succeeded), start);
      expect([await statusOf(id), await failureOf(id)]).toEqual(['succeeded', 'withdrawn_too_late']);
    });

    it('cancels a withdrawn intent whose call was not carried out', async () => {
      const id = await idOf({});
      const batch = await claimed();
      await idOf({ action: 'withdraw' });
      await subject.store.settle(batch.token, settleAll(batch, again()), start);
      expect([await statusOf(id), await failureOf(id)]).toEqual(['canceled', 'withdrawn']);
    });

    it('goes on looking at a withdrawn intent whose call may have been carried out', async () => {
      const id = await idOf({});
      const batch = await claimed();
      await idOf({ action: 'withdraw' });
      await subject.store.settle(batch.token, settleAll(batch, again({ acted: true })), start);
      expect((await claimed()).intents[0]).toMatchObject({ id, voided: { code: 'withdrawn' } });
    });
  });
}

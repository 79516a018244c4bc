import { describe, expect, it } from '@jest/globals';
import type { Acceptance } from '../../../src/store/contract.ts';
import { acceptanceOf, claimRequest, email, start } from '../fixtures.ts';
import type { Subject } from '../subject.ts';

const second = 1_000;
const hour = 3_600_000;

/** How deliveries come in. */
export function testAccept(subject: Subject): void {
  const { accept, idOf, claimed, outcomeTypes, statusOf, failureOf } = subject;

  describe('accept', () => {
    it('gives every intent an id of its own that starts with the id of the store', async () => {
      const ids = [await idOf({}), await idOf({})];
      expect(new Set(ids).size).toBe(2);
      for (const id of ids) expect(id.startsWith(`${subject.store.id}-`)).toBe(true);
    });

    it('answers a repeated event id with the ids of the first time, also after a restart', async () => {
      const first = await accept({ eventId: 'msg-1' });
      await subject.reopen();
      expect(await accept({ eventId: 'msg-1' })).toEqual({ ...first, kind: 'duplicate' });
    });

    it('accepts the same event id from another source', async () => {
      await accept({ eventId: 'msg-1' });
      expect((await accept({ eventId: 'msg-1', source: 'payroll' })).kind).toBe('accepted');
    });

    it('accepts an event once however many copies arrive at the same time', async () => {
      const receipts = await Promise.all(Array.from({ length: 20 }, () => accept({ eventId: 'msg-1' })));
      expect(receipts.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
      expect(new Set(receipts.flatMap(({ intents }) => intents)).size).toBe(1);
    });

    it('takes the same bytes without an event id for a repeat only within the retry span', async () => {
      const told = { eventId: 'sha256:1', subject: '1001', retrySpanMs: hour };
      await accept(told);
      expect((await accept({ ...told, at: start + hour })).kind).toBe('duplicate');
      expect((await accept({ ...told, at: start + hour + 1 })).kind).toBe('accepted');
    });

    it('takes the same bytes for a new event once something newer came about that subject', async () => {
      const told = { eventId: 'sha256:1', subject: '1001', retrySpanMs: hour };
      await accept(told);
      await accept({ action: 'withdraw', subject: '1001', at: start + second });
      expect((await accept({ ...told, at: start + 2 * second })).kind).toBe('accepted');
    });

    it('does not fail a delivery because another of its group fails', async () => {
      const broken = { ...acceptanceOf({}), receivedAt: {} as number };
      const [bad, good] = await Promise.allSettled([subject.store.accept(broken), accept({})]);
      expect(bad.status).toBe('rejected');
      expect(good.status).toBe('fulfilled');
    });

    it('keeps the unreadable part of a delivery as a dead letter beside the intents of the others', async () => {
      const delivery = acceptanceOf({ eventId: 'mixed' });
      const payload = {
        method: 'POST',
        query: {},
        headers: { a: 'b' },
        body: Buffer.from([0, 255]),
        position: null,
      };
      const receipt = await subject.store.accept({
        ...delivery,
        parts: [...delivery.parts, { kind: 'unreadable', faults: ['employees[1].id: is missing'] }],
        payload,
      });
      expect(receipt.intents).toHaveLength(1);
      const letter = await subject.store.findDeadLetter(receipt.deadLetters[0] ?? '');
      expect(letter).toMatchObject({
        part: 1,
        faults: ['employees[1].id: is missing'],
        status: 'open',
        payload,
      });
      expect(await outcomeTypes()).toEqual(['delivery.dead_lettered']);
    });

    it('keeps a bounded number of dead letters of one delivery, of which the last speaks for the rest', async () => {
      const parts = Array.from({ length: 13 }, (_, n) => ({
        kind: 'unreadable' as const,
        faults: [`employees[${n}].id: is missing`],
      }));
      const payload = { method: 'POST', query: {}, headers: {}, body: Buffer.from('?'), position: null };
      const delivery = acceptanceOf({ eventId: 'bulk' });
      const bulk: Acceptance = { ...delivery, parts: [...parts, ...delivery.parts], payload };
      const receipt = await subject.store.accept(bulk);
      expect(receipt.intents).toHaveLength(1);
      expect(receipt.deadLetters).toHaveLength(10);
      const { items } = await subject.store.listDeadLetters({ cursor: null, limit: 20 });
      expect(items.map(({ part, faults }) => [part, ...faults]).at(0)).toEqual([
        9,
        'employees[9].id: is missing',
        'and 3 more parts that cannot be read',
      ]);
      expect(await subject.store.accept(bulk)).toMatchObject({ ...receipt, kind: 'duplicate' });
    });

    it('keeps one dead letter for an event that stays unreadable, and resolves it when it can be read', async () => {
      const told = {
        ...acceptanceOf({ eventId: 'odd' }),
        parts: [{ kind: 'unreadable', faults: ['body: is empty'] }],
      } as const;
      const [first, second] = [await subject.store.accept(told), await subject.store.accept(told)];
      expect(second).toMatchObject({ kind: 'duplicate', deadLetters: first.deadLetters });
      expect((await accept({ eventId: 'odd' })).kind).toBe('accepted');
      expect((await subject.store.listDeadLetters({ cursor: null, limit: 10 })).items).toEqual([]);
      expect((await subject.store.findDeadLetter(first.deadLetters[0] ?? ''))?.status).toBe('resolved');
    });

    it('keeps a dead letter open that comes right after the same event was read', async () => {
      const readable = acceptanceOf({ eventId: 'event-r' });
      const unreadable: Acceptance = {
        ...readable,
        payload: { method: 'POST', query: {}, headers: {}, body: Buffer.from('?'), position: null },
        parts: [{ kind: 'unreadable', faults: ['body: is odd'] }],
      };
      const { store } = subject;
      const [, receipt] = await Promise.all([store.accept(readable), store.accept(unreadable)]);
      const { items } = await store.listDeadLetters({ cursor: null, limit: 10 });
      expect(items.map(({ id }) => id)).toEqual(receipt.deadLetters);
    });

    it('schedules what lies ahead and says so', async () => {
      const id = await idOf({ effectiveAt: start + hour });
      expect(await statusOf(id)).toBe('scheduled');
      expect(await subject.store.claim(claimRequest())).toBeNull();
      expect(await outcomeTypes()).toEqual(['user.resign.scheduled']);
      expect((await claimed({ now: start + hour })).intents.map((one) => one.id)).toEqual([id]);
    });

    it('replaces a scheduled resign by a later event of the same source and subject', async () => {
      const first = await idOf({ subject: '1001', effectiveAt: start + hour });
      const second = await idOf({
        subject: '1001',
        identifiers: [email('new@example.com')],
        effectiveAt: start + 2 * hour,
      });
      expect([await statusOf(first), await failureOf(first)]).toEqual(['canceled', 'superseded']);
      expect(await statusOf(second)).toBe('scheduled');
    });

    it('replaces by an identifier in common, too', async () => {
      const first = await idOf({ effectiveAt: start + hour });
      await idOf({ effectiveAt: start + 2 * hour });
      expect(await failureOf(first)).toBe('superseded');
    });

    it('lets the event that happened later win when it arrives first', async () => {
      const later = await idOf({ subject: '1001', occurredAt: start, effectiveAt: start + hour });
      const earlier = await idOf({
        subject: '1001',
        occurredAt: start - hour,
        effectiveAt: start + 2 * hour,
      });
      expect(await statusOf(later)).toBe('scheduled');
      expect([await statusOf(earlier), await failureOf(earlier)]).toEqual(['canceled', 'superseded']);
    });

    it('leaves the scheduled resigns of other sources alone', async () => {
      const first = await idOf({ effectiveAt: start + hour });
      await idOf({ source: 'payroll', effectiveAt: start + 2 * hour });
      expect(await statusOf(first)).toBe('scheduled');
    });

    it('voids what is pending of a source when that source withdraws it', async () => {
      const pending = await idOf({ subject: '1001' });
      const scheduled = await idOf({
        subject: '1001',
        identifiers: [email('b@example.com')],
        effectiveAt: start + hour,
      });
      const other = await idOf({ source: 'payroll', subject: '1001' });
      const withdraw = await idOf({
        action: 'withdraw',
        subject: '1001',
        identifiers: [email('c@example.com')],
      });
      expect(await statusOf(withdraw)).toBe('succeeded');
      expect(await failureOf(scheduled)).toBe('withdrawn');
      expect([await statusOf(pending), await statusOf(other)]).toEqual(['canceled', 'pending']);
    });

    it('voids what any source asked for when an operator withdraws it', async () => {
      const ids = [await idOf({}), await idOf({ source: 'payroll' })];
      await idOf({ action: 'withdraw', source: 'api', actor: 'api:ada' });
      expect(await Promise.all(ids.map(failureOf))).toEqual(['withdrawn', 'withdrawn']);
    });

    it('voids an older resign that arrives after its withdraw, and no newer one', async () => {
      await idOf({ action: 'withdraw', occurredAt: start });
      const older = await idOf({ occurredAt: start - second });
      const newer = await idOf({ occurredAt: start + second });
      expect([await failureOf(older), await statusOf(newer)]).toEqual(['withdrawn', 'pending']);
    });

    it('takes what is told to happen in the future for what happens as it arrives', async () => {
      const future = Date.parse('2099-01-01T00:00:00Z');
      await idOf({ action: 'withdraw', occurredAt: future });
      const next = await idOf({ occurredAt: start + second, at: start + second });
      expect([await statusOf(next), await failureOf(next)]).toEqual(['pending', null]);
      const bob = { identifiers: [email('bob@example.com')] };
      const mistaken = await idOf({ ...bob, occurredAt: future });
      await idOf({ ...bob, action: 'withdraw', occurredAt: start + second, at: start + second });
      expect(await failureOf(mistaken)).toBe('withdrawn');
      expect((await subject.store.findIntent(mistaken))?.intent.occurredAt).toBe(future);
    });

    it('leaves kicks that no resign brought alone when a resign is withdrawn', async () => {
      const kick = await idOf({ action: 'kick' });
      await idOf({ action: 'withdraw' });
      expect(await statusOf(kick)).toBe('pending');
    });
  });
}

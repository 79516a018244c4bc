import { describe, expect, it } from '@jest/globals';
import { email, settleAll, start, succeeded } from '../fixtures.ts';
import type { Subject } from '../subject.ts';

const hour = 3_600_000;

/** What there is to see. */
export function testReading(subject: Subject): void {
  const { idOf, claimed, statusOf } = subject;

  describe('reading', () => {
    it('lists intents newest first, page by page, by status, person and source', async () => {
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.unshift(await idOf({ identifiers: [email(`u${n}@example.com`)] }));
      const held = await idOf({ source: 'payroll', occurredAt: start - 30 * 24 * hour });
      const query = { cursor: null, limit: 2, statuses: null, person: null, source: 'hr' };
      const first = await subject.store.listIntents(query);
      const second = await subject.store.listIntents({ ...query, cursor: first.next });
      const third = await subject.store.listIntents({ ...query, cursor: second.next });
      expect([...first.items, ...second.items, ...third.items].map(({ id }) => id)).toEqual(ids);
      expect(third.next).toBeNull();
      const heldOnes = await subject.store.listIntents({ ...query, source: null, statuses: ['held'] });
      expect(heldOnes.items.map(({ id }) => id)).toEqual([held]);
      const person = heldOnes.items[0]?.person ?? '';
      expect(
        (await subject.store.listIntents({ ...query, source: null, person })).items.map(({ id }) => id),
      ).toEqual([held]);
    });

    it('lists an intent once, however often it names the same person', async () => {
      const ada = email('ada@example.com');
      const id = await idOf({ identifiers: [ada, ada] });
      const { person = '' } = (await subject.store.findIntent(id))?.intent ?? {};
      const listed = async () => {
        const query = { cursor: null, limit: 10, statuses: null, person, source: null };
        return (await subject.store.listIntents(query)).items.map((one) => one.id);
      };
      expect(await listed()).toEqual([id]);
      const batch = await claimed();
      const resolution = { identifiers: [ada, ada], effectiveAt: null, settled: true };
      await subject.store.settle(
        batch.token,
        settleAll(batch, { kind: 'resolved', resolution, dueAt: start }),
        start,
      );
      expect(await listed()).toEqual([id]);
    });

    it('says how much is waiting', async () => {
      await idOf({});
      await idOf({ source: 'a', effectiveAt: start + hour });
      await idOf({ source: 'b', occurredAt: start - 30 * 24 * hour });
      expect(await subject.store.figures(start)).toMatchObject({
        due: 1,
        scheduled: 1,
        held: 1,
        deadLetters: 0,
        oldestDueAt: start,
        unsequenced: 2,
      });
      expect([
        await subject.store.oldestDueAt(start - 1),
        await subject.store.oldestDueAt(start),
        await subject.store.oldestDueAt(start + 2 * hour),
      ]).toEqual([null, start, start]);
      expect([
        await subject.store.isBacklogged(1, start),
        await subject.store.isBacklogged(2, start),
      ]).toEqual([true, false]);
    });

    it('deletes what is past its retention, and never what is unsettled or unpublished', async () => {
      const settledId = await idOf({ eventId: 'old' });
      const batch = await claimed();
      await subject.store.settle(batch.token, settleAll(batch, succeeded), start);
      const waiting = await idOf({ effectiveAt: start + hour });
      await subject.store.sequence(10);
      await subject.store.claimOutcomes('log', { now: start, token: 't', leaseMs: 0, limit: 10 });
      const before = { settled: start + 1, outcomes: start + 1, deadLetters: start + 1 };
      await subject.store.prune(before, 100, start + hour);
      expect([await statusOf(settledId), await statusOf(waiting)]).toEqual([undefined, 'scheduled']);
      expect(await subject.store.outcomesAfter(0, 10)).toHaveLength(2);
      await subject.store.settleOutcomes('log', 't', 2);
      await subject.store.prune(before, 100, start + hour);
      await subject.store.sequence(10);
      expect((await subject.store.outcomesAfter(0, 10)).map(({ type }) => type)).toEqual([
        'audit.checkpoint',
      ]);
    });
  });
}

import { describe, expect, it } from '@jest/globals';
import { createAudit } from '../../../src/core/audit.ts';
import { personKey } from '../../../src/core/identifier.ts';
import { outcomeSchema, recordOutcome } from '../../../src/core/outcome.ts';
import type { DeadLetterPayload, Erasure } from '../../../src/store/contract.ts';
import { acceptanceOf, claimRequest, email, settleAll, start, succeeded } from '../fixtures.ts';
import type { Subject } from '../subject.ts';

const second = 1_000;
const hour = 3_600_000;
const ada = { userId: 'Ada.Lovelace@example.com', seen: 'a'.repeat(24) };

/** How outcomes get their places, and are told, proven, pruned and erased. */
export function testTrail(subject: Subject): void {
  const { idOf, placeAll } = subject;
  const record = (reference: string, time = start) =>
    subject.store.record(recordOutcome({ type: 'operator.decided', source: 'api', time, reference }));
  const audit = async () => {
    await placeAll();
    const following = createAudit();
    for (const entry of await subject.store.entriesAfter(0, 1_000)) following.add(entry);
    return following.end();
  };

  describe('outcomes', () => {
    it('are read only once they have their place, in one order, each with the hash of the one before', async () => {
      await Promise.all(['a', 'b', 'c', 'd', 'e'].map((reference) => record(reference)));
      expect(await subject.store.outcomesAfter(0, 10)).toEqual([]);
      expect([
        await subject.store.sequence(2),
        await subject.store.sequence(2),
        await subject.store.sequence(2),
      ]).toEqual([2, 2, 1]);
      const outcomes = await subject.store.outcomesAfter(0, 10);
      expect(outcomes.map(({ data }) => data.position)).toEqual([1, 2, 3, 4, 5]);
      for (const outcome of outcomes) expect(outcomeSchema.safeParse(outcome).success).toBe(true);
      expect(await audit()).toMatchObject({ count: 5, fault: null });
    });

    it('go to each publisher from its own cursor, under a lease', async () => {
      await record('a');
      await record('b');
      await subject.store.sequence(10);
      const claim = (token: string, now = start) => ({ now, token, leaseMs: second, limit: 1 });
      expect(await subject.store.claimOutcomes('log', claim('one'))).toHaveLength(1);
      expect(await subject.store.claimOutcomes('log', claim('two'))).toBeNull();
      expect(await subject.store.claimOutcomes('kafka', claim('three'))).toHaveLength(1);
      expect(await subject.store.claimOutcomes('log', claim('two', start + second))).toHaveLength(1);
      expect(await subject.store.settleOutcomes('log', 'one', 1)).toBe(false);
      expect(await subject.store.settleOutcomes('log', 'two', 1)).toBe(true);
      const [next] = (await subject.store.claimOutcomes('log', claim('four'))) ?? [];
      expect(next?.data.position).toBe(2);
    });

    it('belong to their intent', async () => {
      const id = await idOf({ effectiveAt: start + hour });
      await idOf({ source: 'payroll', effectiveAt: start + hour });
      await subject.store.sequence(10);
      expect((await subject.store.findIntent(id))?.outcomes.map(({ type }) => type)).toEqual([
        'user.resign.scheduled',
      ]);
    });
  });

  describe('trail', () => {
    /** Everything that the store tells of anybody. */
    const told = async (): Promise<string> => {
      await placeAll();
      const query = { cursor: null, limit: 1_000, statuses: null, person: null, source: null };
      const { items } = await subject.store.listIntents(query);
      return JSON.stringify([items, await subject.store.entriesAfter(0, 1_000)]);
    };
    /** A leaver whose resign, and the kick it brought, are done. */
    const leave = async (): Promise<string> => {
      const identifiers = [{ userIdType: 'external_id', userId: '1001-AL' } as const, email(ada.userId)];
      const draft = {
        identifiers,
        subject: '1001-AL',
        reason: 'goes to Turin',
        requestedBy: 'hr@example.com',
      };
      const { intents } = await subject.store.accept(acceptanceOf(draft));
      const answer = { statusCode: 200, apiCode: null, requestId: 'r', message: `bye ${ada.userId}` };
      const bringKick = [{ userIdType: 'user_id', userId: ada.seen } as const];
      for (const brought of [bringKick, null]) {
        const batch = await subject.store.claim(claimRequest());
        if (!batch) throw new Error('nothing to claim');
        const change = { answer, seenUserId: ada.seen, bringKick: brought };
        await subject.store.settle(batch.token, settleAll(batch, succeeded, change), start);
      }
      return intents[0] ?? '';
    };
    const erasure = (change: Partial<Erasure> = {}): Erasure => ({
      person: personKey(email(ada.userId)),
      userId: ada.userId,
      by: 'api:anna',
      at: start + hour,
      ...change,
    });
    const personal = /lovelace|1001-AL|Turin|hr@|aaaaaaaa/i;

    it('holds after a person was erased, who is then nowhere in it', async () => {
      const id = await leave();
      await subject.store.accept(
        acceptanceOf({ identifiers: [email('grace@example.com')], effectiveAt: start + hour }),
      );
      expect(await told()).toMatch(personal);
      expect(await subject.store.erase(erasure())).toEqual({
        kind: 'erased',
        intents: 2,
        outcomes: 2,
        deadLetters: 0,
        unsealed: 0,
        openDeadLetters: [],
      });
      await subject.reopen();
      expect(await audit()).toMatchObject({ count: 4, erased: 2, fault: null });
      const text = await told();
      expect(text).not.toMatch(personal);
      expect(text).not.toContain(personKey(email(ada.userId)));
      expect(text).toContain('grace@example.com');
      const found = await subject.store.findIntent(id);
      expect(found?.intent).toMatchObject({ status: 'succeeded', person: 'erased', subject: null });
      expect(found?.outcomes[0]).not.toHaveProperty('subject');
      expect(found?.outcomes[0]?.data).toMatchObject({ intentId: id, userId: 'erased', status: 'succeeded' });
      const [last] = await subject.store.outcomesAfter(3, 1);
      expect(last).toMatchObject({
        type: 'operator.decided',
        data: { actor: 'api:anna', verdict: 'erased' },
      });
      expect(await subject.store.erase(erasure())).toMatchObject({ intents: 0, outcomes: 0 });
    });

    it('shows salts to nobody but an audit', async () => {
      await leave();
      await placeAll();
      const [entry] = await subject.store.entriesAfter(0, 1);
      expect(entry?.seal).toEqual({ salt: expect.stringMatching(/^[0-9a-f]{32}$/) });
      const claim = { now: start, token: 't', leaseMs: 0, limit: 10 };
      const shown = [
        await subject.store.outcomesAfter(0, 10),
        await subject.store.claimOutcomes('log', claim),
      ];
      expect(JSON.stringify(shown)).not.toMatch(/salt|sealed/);
      expect(entry?.outcome).toEqual(shown[0]?.[0]);
    });

    it('erases what has no place yet before anybody is told', async () => {
      await leave();
      expect(await subject.store.erase(erasure())).toMatchObject({ kind: 'erased', outcomes: 2 });
      expect(await audit()).toMatchObject({ count: 3, fault: null });
      expect(await told()).not.toMatch(personal);
    });

    it('erases the outcomes of intents that were pruned long ago', async () => {
      await leave();
      await placeAll();
      await subject.store.prune({ settled: start + 1, outcomes: 0, deadLetters: 0 }, 100, start);
      const person = personKey({ userIdType: 'external_id', userId: '1001-AL' });
      expect(await subject.store.erase(erasure({ person, userId: null }))).toMatchObject({
        intents: 0,
        outcomes: 2,
      });
      expect(await audit()).toMatchObject({ erased: 2, fault: null });
      expect(await told()).not.toMatch(personal);
    });

    it('erases nothing while something about the person is open', async () => {
      const { intents } = await subject.store.accept(acceptanceOf({ identifiers: [email(ada.userId)] }));
      expect(await subject.store.erase(erasure())).toEqual({ kind: 'open', intents });
      expect(await told()).toMatch(personal);
    });

    it('erases resolved dead letters that name the person, and says which open ones seem to', async () => {
      const bury = async (eventId: string, body: string): Promise<string> => {
        const payload: DeadLetterPayload = {
          method: 'POST',
          query: {},
          headers: {},
          body: Buffer.from(body),
          position: null,
        };
        const parts = [{ kind: 'unreadable', faults: ['body: is odd'] }] as const;
        return (
          (await subject.store.accept({ ...acceptanceOf({ eventId }), parts, payload })).deadLetters[0] ?? ''
        );
      };
      const named = await bury('one', '{"who":"ada.lovelace@example.com"}');
      const open = await bury('two', `<${ada.userId}>`);
      const other = await bury('three', '{"who":"nada.lovelace@example.com"}');
      for (const eventId of ['one', 'three']) {
        await subject.store.accept(acceptanceOf({ eventId, identifiers: [email('grace@example.com')] }));
      }
      expect(await subject.store.erase(erasure())).toMatchObject({ deadLetters: 1, openDeadLetters: [open] });
      await subject.store.resolveDeadLetter(open);
      expect((await subject.store.findDeadLetter(open))?.status).toBe('resolved');
      const bodies = [named, open, other].map(
        async (id) => (await subject.store.findDeadLetter(id))?.payload.body.length,
      );
      expect(await Promise.all(bodies)).toEqual([0, ada.userId.length + 2, 35]);
    });

    it('does not wait for a publisher that nobody has had for long', async () => {
      await record('a', 0);
      await placeAll();
      const claim = (token: string) => ({ now: start, token, leaseMs: 0, limit: 10 });
      for (const publisher of ['log', 'kafka']) await subject.store.claimOutcomes(publisher, claim('t'));
      await subject.store.settleOutcomes('log', 't', 1);
      const before = { settled: 0, outcomes: 1, deadLetters: 0 };
      expect(await subject.store.keepPublishers(['log'], start - hour, start)).toEqual([]);
      expect(await subject.store.keepPublishers(['log'], start, start + hour)).toEqual([]);
      expect(await subject.store.prune(before, 100, start)).toBe(0);
      await subject.reopen();
      expect(await subject.store.keepPublishers(['log'], start + 1, start + hour)).toEqual(['kafka']);
      expect(await subject.store.prune(before, 100, start)).toBe(1);
      await placeAll();
      const told = await subject.store.claimOutcomes('kafka', claim('u'));
      expect(told?.map(({ data }) => data.position)).toEqual([2]);
    });

    it('says where it begins after pruning, and only what is oldest and told is pruned', async () => {
      for (const [reference, time] of [
        ['a', 0],
        ['b', 0],
        ['c', start],
        ['d', 0],
      ] as const) {
        await record(reference, time);
      }
      await placeAll();
      await subject.store.claimOutcomes('log', { now: start, token: 't', leaseMs: 0, limit: 10 });
      await subject.store.settleOutcomes('log', 't', 1);
      const before = { settled: 0, outcomes: 1, deadLetters: 0 };
      expect(await subject.store.prune(before, 100, start)).toBe(1);
      expect(await audit()).toMatchObject({ first: 2, prunedBy: 5, fault: null });
      await subject.store.claimOutcomes('log', { now: start, token: 't', leaseMs: 0, limit: 10 });
      await subject.store.settleOutcomes('log', 't', 5);
      expect(await subject.store.prune(before, 100, start)).toBe(1);
      expect(await subject.store.prune(before, 100, start)).toBe(0);
      await subject.reopen();
      expect(await audit()).toMatchObject({ first: 3, count: 4, prunedBy: 6, fault: null });
    });
  });
}

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAudit } from '../../src/core/audit.ts';
import { personKey } from '../../src/core/identifier.ts';
import { recordOutcome } from '../../src/core/outcome.ts';
import type { DeadLetterPayload, Erasure, Store } from '../../src/store/contract.ts';
import {
  claimRequest,
  deliveryOf,
  email,
  type StoreUnderTest,
  settleAll,
  start,
  succeeded,
} from './store-suite.ts';

const hour = 3_600_000;
const ada = { userId: 'Ada.Lovelace@example.com', seen: 'a'.repeat(24) };

/** What every store must do for its trail to be proven, pruned and erased. */
export function testTrail(name: string, make: () => StoreUnderTest): void {
  describe(`the trail of ${name}`, () => {
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

    const placeAll = async (): Promise<void> => {
      while ((await store.sequence(100)) > 0);
    };
    const record = (reference: string, time = start) =>
      store.record(recordOutcome({ type: 'operator.decided', source: 'api', time, reference }));
    const audit = async () => {
      await placeAll();
      const following = createAudit();
      for (const entry of await store.entriesAfter(0, 1_000)) following.add(entry);
      return following.end();
    };
    /** Everything that the store tells of anybody. */
    const told = async (): Promise<string> => {
      await placeAll();
      const query = { cursor: null, limit: 1_000, statuses: null, person: null, source: null };
      const { items } = await store.listIntents(query);
      return JSON.stringify([items, await store.entriesAfter(0, 1_000)]);
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
      const { intents } = await store.accept(deliveryOf(draft));
      const answer = { statusCode: 200, apiCode: null, requestId: 'r', message: `bye ${ada.userId}` };
      const bringKick = [{ userIdType: 'user_id', userId: ada.seen } as const];
      for (const brought of [bringKick, null]) {
        const batch = await store.claim(claimRequest());
        if (!batch) throw new Error('nothing to claim');
        const change = { answer, seenUserId: ada.seen, bringKick: brought };
        await store.settle(batch.token, settleAll(batch, succeeded, change), start);
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
      await store.accept(
        deliveryOf({ identifiers: [email('grace@example.com')], effectiveAt: start + hour }),
      );
      expect(await told()).toMatch(personal);
      expect(await store.erase(erasure())).toEqual({
        kind: 'erased',
        intents: 2,
        outcomes: 2,
        deadLetters: 0,
        unsealed: 0,
        openDeadLetters: [],
      });
      store = await subject.reopen(store);
      expect(await audit()).toMatchObject({ count: 4, erased: 2, fault: null });
      const text = await told();
      expect(text).not.toMatch(personal);
      expect(text).not.toContain(personKey(email(ada.userId)));
      expect(text).toContain('grace@example.com');
      const found = await store.findIntent(id);
      expect(found?.intent).toMatchObject({ status: 'succeeded', person: 'erased', subject: null });
      expect(found?.outcomes[0]).not.toHaveProperty('subject');
      expect(found?.outcomes[0]?.data).toMatchObject({ intentId: id, userId: 'erased', status: 'succeeded' });
      const [last] = await store.outcomesAfter(3, 1);
      expect(last).toMatchObject({
        type: 'operator.decided',
        data: { actor: 'api:anna', verdict: 'erased' },
      });
      expect(await store.erase(erasure())).toMatchObject({ intents: 0, outcomes: 0 });
    });

    it('shows salts to nobody but an audit', async () => {
      await leave();
      await placeAll();
      const [entry] = await store.entriesAfter(0, 1);
      expect(entry?.seal).toEqual({ salt: expect.stringMatching(/^[0-9a-f]{32}$/) });
      const claim = { now: start, token: 't', leaseMs: 0, limit: 10 };
      const shown = [await store.outcomesAfter(0, 10), await store.claimOutcomes('log', claim)];
      expect(JSON.stringify(shown)).not.toMatch(/salt|sealed/);
      expect(entry?.outcome).toEqual(shown[0]?.[0]);
    });

    it('erases what has no place yet before anybody is told', async () => {
      await leave();
      expect(await store.erase(erasure())).toMatchObject({ kind: 'erased', outcomes: 2 });
      expect(await audit()).toMatchObject({ count: 3, fault: null });
      expect(await told()).not.toMatch(personal);
    });

    it('erases the outcomes of intents that were pruned long ago', async () => {
      await leave();
      await placeAll();
      await store.prune({ settled: start + 1, outcomes: 0, deadLetters: 0 }, 100, start);
      const person = personKey({ userIdType: 'external_id', userId: '1001-AL' });
      expect(await store.erase(erasure({ person, userId: null }))).toMatchObject({ intents: 0, outcomes: 2 });
      expect(await audit()).toMatchObject({ erased: 2, fault: null });
      expect(await told()).not.toMatch(personal);
    });

    it('erases nothing while something about the person is open', async () => {
      const { intents } = await store.accept(deliveryOf({ identifiers: [email(ada.userId)] }));
      expect(await store.erase(erasure())).toEqual({ kind: 'open', intents });
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
        return (await store.accept({ ...deliveryOf({ eventId }), parts, payload })).deadLetters[0] ?? '';
      };
      const named = await bury('one', '{"who":"ada.lovelace@example.com"}');
      const open = await bury('two', `<${ada.userId}>`);
      const other = await bury('three', '{"who":"nada.lovelace@example.com"}');
      for (const eventId of ['one', 'three']) {
        await store.accept(deliveryOf({ eventId, identifiers: [email('grace@example.com')] }));
      }
      expect(await store.erase(erasure())).toMatchObject({ deadLetters: 1, openDeadLetters: [open] });
      const bodies = [named, open, other].map(
        async (id) => (await store.findDeadLetter(id))?.payload.body.length,
      );
      expect(await Promise.all(bodies)).toEqual([0, ada.userId.length + 2, 35]);
    });

    it('does not wait for a publisher that nobody has had for long', async () => {
      await record('a', 0);
      await placeAll();
      const claim = (token: string) => ({ now: start, token, leaseMs: 0, limit: 10 });
      for (const publisher of ['log', 'kafka']) await store.claimOutcomes(publisher, claim('t'));
      await store.settleOutcomes('log', 't', 1);
      const before = { settled: 0, outcomes: 1, deadLetters: 0 };
      expect(await store.keepPublishers(['log'], start - hour, start)).toEqual([]);
      expect(await store.keepPublishers(['log'], start, start + hour)).toEqual([]);
      expect(await store.prune(before, 100, start)).toBe(0);
      store = await subject.reopen(store);
      expect(await store.keepPublishers(['log'], start + 1, start + hour)).toEqual(['kafka']);
      expect(await store.prune(before, 100, start)).toBe(1);
      await placeAll();
      const told = await store.claimOutcomes('kafka', claim('u'));
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
      await store.claimOutcomes('log', { now: start, token: 't', leaseMs: 0, limit: 10 });
      await store.settleOutcomes('log', 't', 1);
      const before = { settled: 0, outcomes: 1, deadLetters: 0 };
      expect(await store.prune(before, 100, start)).toBe(1);
      expect(await audit()).toMatchObject({ first: 2, prunedBy: 5, fault: null });
      await store.claimOutcomes('log', { now: start, token: 't', leaseMs: 0, limit: 10 });
      await store.settleOutcomes('log', 't', 5);
      expect(await store.prune(before, 100, start)).toBe(1);
      expect(await store.prune(before, 100, start)).toBe(0);
      store = await subject.reopen(store);
      expect(await audit()).toMatchObject({ first: 3, count: 4, prunedBy: 6, fault: null });
    });
  });
}

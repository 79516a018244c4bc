import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { admit } from '../../src/core/admission.ts';
import { createAudit } from '../../src/core/audit.ts';
import type { Identifier } from '../../src/core/identifier.ts';
import type { IntentDraft } from '../../src/core/intent.ts';
import { outcomeSchema, recordOutcome } from '../../src/core/outcome.ts';
import type { IntentSettlement, Settlement } from '../../src/core/settlement.ts';
import type { Acceptance, AcceptReceipt, Batch, ClaimRequest, Store } from '../../src/store/contract.ts';

export interface StoreUnderTest {
  open(): Promise<Store>;
  /** Closes it and opens the same data again. */
  reopen(store: Store): Promise<Store>;
  remove(): Promise<void>;
}

const second = 1_000;
const hour = 3_600_000;
export const start = Date.parse('2026-11-20T08:00:00Z');
const policy = {
  actions: ['kick', 'resign', 'withdraw'],
  maxEventAgeMs: 7 * 24 * hour,
  fourEyes: true,
  graceMs: 0,
} as const;

export const email = (userId: string): Identifier => ({ userIdType: 'email', userId });

export interface Told extends Partial<IntentDraft> {
  readonly source?: string;
  readonly eventId?: string;
  readonly at?: number;
  readonly actor?: string | null;
  readonly retrySpanMs?: number | null;
}

let events = 0;

/** A delivery of one intent, admitted as the door would. */
export function deliveryOf(told: Told): Acceptance {
  const { source = 'hr', at = start, actor = null, retrySpanMs = null } = told;
  events += 1;
  const draft = { action: 'resign' as const, identifiers: [email('ada@example.com')], ...told };
  const facts = {
    action: draft.action,
    identifiers: draft.identifiers,
    subject: draft.subject ?? null,
    appIds: draft.appIds ?? [],
    reason: draft.reason ?? null,
    requestedBy: draft.requestedBy ?? null,
    actor,
    occurredAt: draft.occurredAt ?? null,
    effectiveAt: draft.effectiveAt ?? null,
    retryOf: null,
    broughtBy: null,
    reference: draft.reference,
    traceparent: null,
  };
  const admission = admit({ draft, byPerson: actor !== null, waived: [] }, policy, at);
  const personKick = draft.action === 'kick' && actor !== null;
  return {
    source,
    eventId: told.eventId ?? `event-${events}`,
    retrySpanMs,
    contentDigest: `digest-of-${told.eventId ?? events}`,
    receivedAt: at,
    parts: [
      {
        kind: 'intent',
        facts,
        admission,
        urgent: personKick,
        exempt: personKick || draft.reference !== undefined,
        allSources: actor !== null,
      },
    ],
    payload: null,
  };
}

export const claimRequest = (change: Partial<ClaimRequest> = {}): ClaimRequest => ({
  now: start,
  token: `token-${Math.random()}`,
  leaseMs: 30 * second,
  limits: { resign: 50, kick: 1 },
  safeguard: [],
  ...change,
});

export const succeeded: Settlement = {
  kind: 'final',
  status: 'succeeded',
  confirmed: true,
  dryRun: false,
  failure: null,
};
export const again = (change: Partial<Settlement & { kind: 'again' }> = {}): Settlement => ({
  kind: 'again',
  dueAt: start,
  cap: 50,
  identifierIndex: 0,
  attempts: 0,
  acted: false,
  ...change,
});

export const settleAll = (
  batch: Batch,
  settlement: Settlement,
  change: Partial<IntentSettlement> = {},
): IntentSettlement[] =>
  batch.intents.map(({ id }) => ({
    intentId: id,
    settlement,
    seenUserId: null,
    answer: null,
    bringKick: null,
    ...change,
  }));

/** What every store must do, whatever it is made of. */
export function testStore(name: string, make: () => StoreUnderTest): void {
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

    const accept = (told: Told): Promise<AcceptReceipt> => store.accept(deliveryOf(told));
    const idOf = async (told: Told): Promise<string> => (await accept(told)).intents[0] ?? '';
    const claimed = async (change?: Partial<ClaimRequest>): Promise<Batch> => {
      const batch = await store.claim(claimRequest(change));
      if (!batch) throw new Error('nothing was claimed');
      return batch;
    };
    const statusOf = async (id: string) => (await store.findIntent(id))?.intent.status;
    const failureOf = async (id: string) => (await store.findIntent(id))?.intent.failure?.code ?? null;
    const outcomeTypes = async (): Promise<string[]> => {
      while ((await store.sequence(100)) > 0);
      return (await store.outcomesAfter(0, 1_000)).map(({ type }) => type);
    };

    describe('accept', () => {
      it('gives every intent an id of its own that starts with the id of the store', async () => {
        const ids = [await idOf({}), await idOf({})];
        expect(new Set(ids).size).toBe(2);
        for (const id of ids) expect(id.startsWith(`${store.id}-`)).toBe(true);
      });

      it('answers a repeated event id with the ids of the first time, also after a restart', async () => {
        const first = await accept({ eventId: 'msg-1' });
        store = await subject.reopen(store);
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
        const broken = { ...deliveryOf({}), receivedAt: {} as number };
        const [bad, good] = await Promise.allSettled([store.accept(broken), accept({})]);
        expect(bad.status).toBe('rejected');
        expect(good.status).toBe('fulfilled');
      });

      it('keeps the unreadable part of a delivery as a dead letter beside the intents of the others', async () => {
        const delivery = deliveryOf({ eventId: 'mixed' });
        const payload = {
          method: 'POST',
          query: {},
          headers: { a: 'b' },
          body: Buffer.from([0, 255]),
          position: null,
        };
        const receipt = await store.accept({
          ...delivery,
          parts: [...delivery.parts, { kind: 'unreadable', faults: ['employees[1].id: is missing'] }],
          payload,
        });
        expect(receipt.intents).toHaveLength(1);
        const letter = await store.findDeadLetter(receipt.deadLetters[0] ?? '');
        expect(letter).toMatchObject({
          part: 1,
          faults: ['employees[1].id: is missing'],
          status: 'open',
          payload,
        });
        expect(await outcomeTypes()).toEqual(['delivery.dead_lettered']);
      });

      it('keeps one dead letter for an event that stays unreadable, and resolves it when it can be read', async () => {
        const told = {
          ...deliveryOf({ eventId: 'odd' }),
          parts: [{ kind: 'unreadable', faults: ['body: is empty'] }],
        } as const;
        const [first, second] = [await store.accept(told), await store.accept(told)];
        expect(second).toMatchObject({ kind: 'duplicate', deadLetters: first.deadLetters });
        expect((await accept({ eventId: 'odd' })).kind).toBe('accepted');
        expect((await store.listDeadLetters({ cursor: null, limit: 10 })).items).toEqual([]);
        expect((await store.findDeadLetter(first.deadLetters[0] ?? ''))?.status).toBe('resolved');
      });

      it('schedules what lies ahead and says so', async () => {
        const id = await idOf({ effectiveAt: start + hour });
        expect(await statusOf(id)).toBe('scheduled');
        expect(await store.claim(claimRequest())).toBeNull();
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

      it('leaves kicks that no resign brought alone when a resign is withdrawn', async () => {
        const kick = await idOf({ action: 'kick' });
        await idOf({ action: 'withdraw' });
        expect(await statusOf(kick)).toBe('pending');
      });
    });

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
        const batches = await Promise.all([store.claim(claimRequest()), store.claim(claimRequest())]);
        expect(batches.filter(Boolean)).toHaveLength(1);
      });

      it('claims what a lapsed lease left behind, a kick as acted on; not a moment before', async () => {
        const id = await idOf({ action: 'kick' });
        await claimed();
        store = await subject.reopen(store);
        expect(await store.claim(claimRequest({ now: start + 30 * second - 1 }))).toBeNull();
        const batch = await claimed({ now: start + 30 * second });
        expect(batch.acted).toBe(true);
        expect(batch.intents[0]).toMatchObject({ id, acted: true });
      });

      it('does not take over its own lease when the wall clock jumps ahead', async () => {
        await idOf({});
        await claimed();
        expect(await store.claim(claimRequest({ now: start + 24 * hour }))).toBeNull();
      });

      it('has at most one intent of a person in flight', async () => {
        await idOf({ action: 'kick' });
        await idOf({});
        expect((await claimed()).action).toBe('kick');
        expect(await store.claim(claimRequest())).toBeNull();
      });

      it('is not held up by a scheduled, a held or a backing-off intent of the same person', async () => {
        await idOf({ source: 'a', effectiveAt: start + hour });
        await idOf({ source: 'b', occurredAt: start - 30 * 24 * hour });
        const backingOff = await idOf({ source: 'c' });
        const batch = await claimed();
        expect(batch.intents[0]?.id).toBe(backingOff);
        await store.settle(batch.token, settleAll(batch, again({ dueAt: start + hour })), start);
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
        await store.settle(
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
        await store.setPause('resign', pause);
        await store.setPause('payroll', pause);
        store = await subject.reopen(store);
        expect(await store.pauses()).toEqual([
          { scope: 'payroll', ...pause },
          { scope: 'resign', ...pause },
        ]);
        const batch = await claimed();
        expect(batch.intents.map(({ id }) => id)).toEqual([kick]);
        await store.settle(batch.token, settleAll(batch, succeeded), start);
        expect(await store.claim(claimRequest())).toBeNull();
        await store.setPause('resign', null);
        expect((await claimed()).action).toBe('resign');
      });

      it('claims nothing of an action whose limit is 0', async () => {
        await idOf({});
        expect(await store.claim(claimRequest({ limits: { resign: 0, kick: 1 } }))).toBeNull();
        expect((await claimed({ limits: { resign: 1, kick: 0 } })).intents).toHaveLength(1);
      });
    });

    describe('beginAct', () => {
      const userId = 'a'.repeat(24);

      it('notes whom a resign is sent about, so that a lapsed lease is followed by a look at that user', async () => {
        await idOf({});
        const batch = await claimed();
        const ids = batch.intents.map(({ id }) => id);
        expect(await store.beginAct(batch.token, [{ intentId: ids[0] ?? '', userId }])).toEqual(ids);
        store = await subject.reopen(store);
        const next = await claimed({ now: start + 30 * second });
        expect(next.intents[0]).toMatchObject({ acted: true, seenUserId: userId });
      });

      it('leaves a resign that was never sent as it was when its lease lapses', async () => {
        await idOf({});
        await claimed();
        store = await subject.reopen(store);
        expect(await claimed({ now: start + 30 * second })).toMatchObject({ acted: false });
      });

      it('lets nothing be sent once the lease has passed, or once it is withdrawn', async () => {
        const id = await idOf({});
        const batch = await claimed();
        expect(await store.beginAct('another', [{ intentId: id, userId }])).toEqual([]);
        await idOf({ action: 'withdraw' });
        expect(await store.beginAct(batch.token, [{ intentId: id, userId }])).toEqual([]);
      });
    });

    describe('safeguard', () => {
      const limit = { source: null, maxResigns: 3, maxKicks: 1, perMs: hour };
      const safeguard = [limit];
      const burst = (count: number) =>
        Promise.all(
          Array.from({ length: count }, (_, n) => idOf({ identifiers: [email(`u${n}@example.com`)] })),
        );

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
          await store.settle(batch.token, settleAll(batch, again()), start);
        }
        store = await subject.reopen(store);
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
        await store.settle(batch.token, settleAll(batch, succeeded), start);
        const decision = { by: 'api:ada', at: start, verdict: 'approved', reason: 'checked' } as const;
        const admission = { status: 'pending', dueAt: start } as const;
        expect(await store.decide({ intentId: ids[3] ?? '', decision, admission })).toBe('done');
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
    });

    describe('settle', () => {
      const none = [{ source: null, maxResigns: 0, maxKicks: 0, perMs: hour }];

      it('writes the final outcome, and changes nothing twice', async () => {
        const id = await idOf({});
        const batch = await claimed();
        expect(await store.settle(batch.token, settleAll(batch, succeeded), start)).toBe(true);
        expect(await store.settle(batch.token, settleAll(batch, succeeded), start)).toBe(false);
        expect(await statusOf(id)).toBe('succeeded');
        expect(await outcomeTypes()).toEqual(['user.resign.succeeded']);
      });

      it('changes nothing once the lease has passed to another', async () => {
        const id = await idOf({});
        const late = await claimed();
        store = await subject.reopen(store);
        await claimed({ now: start + hour });
        expect(await store.settle(late.token, settleAll(late, succeeded), start)).toBe(false);
        expect(await statusOf(id)).toBe('pending');
      });

      it('keeps what was learnt for the next try', async () => {
        await idOf({ identifiers: [email('a@example.com'), { userIdType: 'external_id', userId: '1' }] });
        const batch = await claimed();
        const settlement = again({ identifierIndex: 1, attempts: 2, cap: 13, acted: true });
        const answer = { statusCode: 500, apiCode: null, requestId: 'r1', message: 'oops' };
        await store.settle(batch.token, settleAll(batch, settlement, { seenUserId: 'x', answer }), start);
        const next = await claimed();
        expect(next).toMatchObject({ userIdType: 'external_id', cap: 13, acted: true });
        expect(next.intents[0]).toMatchObject({ identifierIndex: 1, attempts: 2, seenUserId: 'x', answer });
      });

      it('creates the kick that a resign brings, for the same person, beside its settlement', async () => {
        const id = await idOf({ subject: '1001' });
        const batch = await claimed();
        const bringKick: Identifier[] = [{ userIdType: 'user_id', userId: 'a'.repeat(24) }];
        await store.settle(batch.token, settleAll(batch, succeeded, { bringKick }), start);
        const kick = await claimed({ safeguard: none });
        expect(kick).toMatchObject({ action: 'kick', userIdType: 'user_id' });
        expect(kick.intents[0]).toMatchObject({
          broughtBy: id,
          person: batch.intents[0]?.person,
          subject: '1001',
        });
      });

      it('goes by what was looked up, finds the intent by it, and counts it only then', async () => {
        const id = await idOf({ reference: '7', identifiers: [{ userIdType: 'external_id', userId: '7' }] });
        const batch = await claimed({ safeguard: none });
        const resolution = { identifiers: [email('ada@example.com')], effectiveAt: null, settled: true };
        const resolved: Settlement = { kind: 'resolved', resolution, dueAt: start };
        await store.settle(batch.token, settleAll(batch, resolved), start);
        store = await subject.reopen(store);
        const next = await claimed();
        expect(next).toMatchObject({ userIdType: 'email', acted: false });
        expect(next.intents[0]).toMatchObject({ id, identifiers: resolution.identifiers, resolution });
        await store.settle(next.token, settleAll(next, again()), start);
        await idOf({ action: 'withdraw' });
        expect([await statusOf(id), await failureOf(id)]).toEqual(['canceled', 'withdrawn']);
        await idOf({ reference: '8', identifiers: [{ userIdType: 'external_id', userId: '8' }] });
        const other = await claimed({ safeguard: none });
        await store.settle(other.token, settleAll(other, resolved), start);
        expect(await store.claim(claimRequest({ safeguard: none }))).toBeNull();
      });

      it('schedules for the day that was looked up, which a later event replaces', async () => {
        const told = { reference: '7', subject: '7', identifiers: [email('ada@example.com')] };
        const id = await idOf(told);
        const batch = await claimed();
        const effectiveAt = start + hour;
        const resolution = { identifiers: told.identifiers, effectiveAt, settled: false };
        const resolved: Settlement = { kind: 'resolved', resolution, dueAt: effectiveAt };
        const bringKick = told.identifiers;
        await store.settle(batch.token, settleAll(batch, resolved, { bringKick }), start);
        expect(await statusOf(id)).toBe('scheduled');
        expect(await outcomeTypes()).toEqual(['user.resign.scheduled']);
        expect((await claimed()).action).toBe('kick');
        expect((await store.findIntent(id))?.intent).toMatchObject({ effectiveAt, kickBrought: true });
        await idOf(told);
        expect([await statusOf(id), await failureOf(id)]).toEqual(['canceled', 'superseded']);
      });

      it('says by which intent the work was done that another source asks for again', async () => {
        const seenUserId = 'b'.repeat(24);
        const resign = async (told: Told, acts: boolean): Promise<unknown> => {
          const id = await idOf(told);
          const batch = await claimed();
          if (acts) await store.beginAct(batch.token, [{ intentId: id, userId: seenUserId }]);
          await store.settle(batch.token, settleAll(batch, succeeded, { seenUserId }), start);
          await outcomeTypes();
          const data = (await store.findIntent(id))?.outcomes[0]?.data;
          return data && 'mergedWith' in data ? data.mergedWith : id;
        };
        const before = await resign({ source: 'hr', identifiers: [email('x@example.com')] }, false);
        const first = await resign({ source: 'hr' }, true);
        const external: Identifier[] = [{ userIdType: 'external_id', userId: '1001' }];
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
        await store.settle(batch.token, settleAll(batch, succeeded), start);
        expect([await statusOf(id), await failureOf(id)]).toEqual(['succeeded', 'withdrawn_too_late']);
      });

      it('cancels a withdrawn intent whose call was not carried out', async () => {
        const id = await idOf({});
        const batch = await claimed();
        await idOf({ action: 'withdraw' });
        await store.settle(batch.token, settleAll(batch, again()), start);
        expect([await statusOf(id), await failureOf(id)]).toEqual(['canceled', 'withdrawn']);
      });

      it('goes on looking at a withdrawn intent whose call may have been carried out', async () => {
        const id = await idOf({});
        const batch = await claimed();
        await idOf({ action: 'withdraw' });
        await store.settle(batch.token, settleAll(batch, again({ acted: true })), start);
        expect((await claimed()).intents[0]).toMatchObject({ id, voided: { code: 'withdrawn' } });
      });
    });

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
        expect(await store.decide(request)).toBe('done');
        expect(await store.decide(request)).toBe('wrong_state');
        expect((await store.findIntent(id))?.intent).toMatchObject({
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
        expect(await store.decide(await request({ effectiveAt: start + hour, source: 'a' }))).toBe('done');
        const inFlight = await request({});
        const batch = await claimed();
        expect(await store.decide(inFlight)).toBe('wrong_state');
        await store.settle(batch.token, settleAll(batch, again({ acted: true })), start);
        expect(await store.decide(inFlight)).toBe('wrong_state');
        expect(await store.decide({ ...inFlight, intentId: 'nobody-1' })).toBe('not_found');
      });
    });

    describe('decide, with a reason in mind', () => {
      const decision = { by: 'slack:U1', at: start, verdict: 'approved', reason: null } as const;
      const again = { code: 'needs_approval', message: 'another has to approve' } as const;

      it('does nothing once the intent is held for another reason', async () => {
        const hold = { code: 'needs_confirmation', message: 'not confirmed' } as const;
        const id = await idOf({ actor: 'slack:U1', hold });
        const admission = { status: 'held', dueAt: start, failure: again } as const;
        const request = { intentId: id, decision, admission, heldFor: 'needs_confirmation' } as const;
        expect(await store.decide({ ...request, heldFor: 'stale' })).toBe('wrong_state');
        expect(await store.decide(request)).toBe('done');
        expect(await store.decide(request)).toBe('wrong_state');
        expect([await statusOf(id), await failureOf(id)]).toEqual(['held', 'needs_approval']);
      });

      it('cancels with the failure that it is given', async () => {
        const id = await idOf({ actor: 'slack:U1' });
        const failure = { code: 'expired', message: 'nobody approved it' } as const;
        const admission = { status: 'canceled', failure } as const;
        await store.decide({ intentId: id, decision: { ...decision, verdict: 'canceled' }, admission });
        expect([await statusOf(id), await failureOf(id)]).toEqual(['canceled', 'expired']);
      });
    });

    it('is closed once, however often it is asked to', async () => {
      await Promise.all([store.close(), store.close()]);
      await store.close();
      store = await subject.reopen(store);
      expect((await accept({})).kind).toBe('accepted');
    });

    describe('notes', () => {
      const note = (text: string, expiresAt = start + hour) => ({ key: 'slack:a', text, expiresAt });

      it('are kept under their key, in the place of the one before, until they expire', async () => {
        await store.keepNote(note('one'), start);
        await store.keepNote(note('two'), start);
        expect(await store.findNote('slack:a', start)).toBe('two');
        expect(await store.findNote('slack:b', start)).toBeNull();
        expect(await store.findNote('slack:a', start + hour)).toBeNull();
      });

      it('outlive a restart', async () => {
        await store.keepNote(note('one'), start);
        store = await subject.reopen(store);
        expect(await store.findNote('slack:a', start)).toBe('one');
      });

      it('are cleared away once they have expired, by the next one', async () => {
        await store.keepNote(note('one'), start);
        await store.keepNote({ ...note('two'), key: 'slack:b' }, start + hour);
        expect(await store.findNote('slack:a', start)).toBeNull();
      });
    });

    it('gives each slice of turns a time of its own, unless whoever asks is alone anyway', async () => {
      const slice = { turns: 10, intervalMs: 50, burstMs: 100 };
      const waits = [
        await store.leaseTurns(slice),
        await store.leaseTurns(slice),
        await store.leaseTurns(slice),
      ];
      if (waits[0] === null) return expect(waits).toEqual([null, null, null]);
      const [first = 0, second = 0, third = 0] = waits.map(Number);
      expect(first).toBeLessThanOrEqual(-50);
      for (const gap of [second - first, third - second]) {
        expect(gap).toBeGreaterThan(0);
        expect(gap).toBeLessThanOrEqual(500);
      }
    });

    describe('outcomes', () => {
      const record = (reference: string) =>
        store.record(recordOutcome({ type: 'operator.decided', source: 'api', time: start, reference }));

      it('are read only once they have their place, in one order, each with the hash of the one before', async () => {
        await Promise.all(['a', 'b', 'c', 'd', 'e'].map(record));
        expect(await store.outcomesAfter(0, 10)).toEqual([]);
        expect([await store.sequence(2), await store.sequence(2), await store.sequence(2)]).toEqual([
          2, 2, 1,
        ]);
        const outcomes = await store.outcomesAfter(0, 10);
        expect(outcomes.map(({ data }) => data.position)).toEqual([1, 2, 3, 4, 5]);
        for (const outcome of outcomes) expect(outcomeSchema.safeParse(outcome).success).toBe(true);
        const audit = createAudit();
        for (const entry of await store.entriesAfter(0, 10)) audit.add(entry);
        expect(audit.end()).toMatchObject({ count: 5, fault: null });
      });

      it('go to each publisher from its own cursor, under a lease', async () => {
        await record('a');
        await record('b');
        await store.sequence(10);
        const claim = (token: string, now = start) => ({ now, token, leaseMs: second, limit: 1 });
        expect(await store.claimOutcomes('log', claim('one'))).toHaveLength(1);
        expect(await store.claimOutcomes('log', claim('two'))).toBeNull();
        expect(await store.claimOutcomes('kafka', claim('three'))).toHaveLength(1);
        expect(await store.claimOutcomes('log', claim('two', start + second))).toHaveLength(1);
        expect(await store.settleOutcomes('log', 'one', 1)).toBe(false);
        expect(await store.settleOutcomes('log', 'two', 1)).toBe(true);
        const [next] = (await store.claimOutcomes('log', claim('four'))) ?? [];
        expect(next?.data.position).toBe(2);
      });

      it('belong to their intent', async () => {
        const id = await idOf({ effectiveAt: start + hour });
        await idOf({ source: 'payroll', effectiveAt: start + hour });
        await store.sequence(10);
        expect((await store.findIntent(id))?.outcomes.map(({ type }) => type)).toEqual([
          'user.resign.scheduled',
        ]);
      });
    });

    describe('reading', () => {
      it('lists intents newest first, page by page, by status, person and source', async () => {
        const ids: string[] = [];
        for (let n = 0; n < 5; n += 1) ids.unshift(await idOf({ identifiers: [email(`u${n}@example.com`)] }));
        const held = await idOf({ source: 'payroll', occurredAt: start - 30 * 24 * hour });
        const query = { cursor: null, limit: 2, statuses: null, person: null, source: 'hr' };
        const first = await store.listIntents(query);
        const second = await store.listIntents({ ...query, cursor: first.next });
        const third = await store.listIntents({ ...query, cursor: second.next });
        expect([...first.items, ...second.items, ...third.items].map(({ id }) => id)).toEqual(ids);
        expect(third.next).toBeNull();
        const heldOnes = await store.listIntents({ ...query, source: null, statuses: ['held'] });
        expect(heldOnes.items.map(({ id }) => id)).toEqual([held]);
        const person = heldOnes.items[0]?.person ?? '';
        expect(
          (await store.listIntents({ ...query, source: null, person })).items.map(({ id }) => id),
        ).toEqual([held]);
      });

      it('says how much is waiting', async () => {
        await idOf({});
        await idOf({ source: 'a', effectiveAt: start + hour });
        await idOf({ source: 'b', occurredAt: start - 30 * 24 * hour });
        expect(await store.figures(start)).toMatchObject({
          due: 1,
          scheduled: 1,
          held: 1,
          deadLetters: 0,
          oldestDueAt: start,
          unsequenced: 2,
        });
        expect([await store.isBacklogged(1, start), await store.isBacklogged(2, start)]).toEqual([
          true,
          false,
        ]);
      });

      it('deletes what is past its retention, and never what is unsettled or unpublished', async () => {
        const settledId = await idOf({ eventId: 'old' });
        const batch = await claimed();
        await store.settle(batch.token, settleAll(batch, succeeded), start);
        const waiting = await idOf({ effectiveAt: start + hour });
        await store.sequence(10);
        await store.claimOutcomes('log', { now: start, token: 't', leaseMs: 0, limit: 10 });
        const before = { settled: start + 1, outcomes: start + 1, deadLetters: start + 1 };
        await store.prune(before, 100, start + hour);
        expect([await statusOf(settledId), await statusOf(waiting)]).toEqual([undefined, 'scheduled']);
        expect(await store.outcomesAfter(0, 10)).toHaveLength(2);
        await store.settleOutcomes('log', 't', 2);
        await store.prune(before, 100, start + hour);
        await store.sequence(10);
        expect((await store.outcomesAfter(0, 10)).map(({ type }) => type)).toEqual(['audit.checkpoint']);
      });
    });
  });
}

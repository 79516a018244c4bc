import { personKey } from '../../../src/core/identifier.ts';
import type { Intent } from '../../../src/core/intent.ts';
import type { Settlement } from '../../../src/core/settlement.ts';
import type { Acceptance, Batch, DecisionRequest, Store } from '../../../src/store/contract.ts';
import { acceptanceOf, claimRequest, limitOf, settleAll, start } from '../fixtures.ts';
import { day, minute, people, type Step, type Telling, toldOf } from './steps.ts';

const safeguard = [limitOf({ maxResigns: 3, maxKicks: 4 }), limitOf({ source: 'payroll', maxResigns: 1 })];
const [first, second] = people.map(({ email, number }) => [email, number]);
const approval = { by: 'api:grace', verdict: 'approved', reason: null } as const;

/** What can become of a batch. */
const settlements = (now: number): readonly Settlement[] => [
  { kind: 'final', status: 'succeeded', confirmed: true, dryRun: false, failure: null },
  { kind: 'final', status: 'succeeded', confirmed: null, dryRun: false, failure: null },
  {
    kind: 'final',
    status: 'failed',
    confirmed: null,
    dryRun: false,
    failure: { code: 'user_not_found', message: '' },
  },
  { kind: 'final', status: 'simulated', confirmed: null, dryRun: true, failure: null },
  { kind: 'hold', failure: { code: 'identity_conflict', message: 'two people' } },
  { kind: 'again', dueAt: now, cap: 25, identifierIndex: 0, attempts: 1, acted: false },
  { kind: 'again', dueAt: now + minute, cap: 50, identifierIndex: 0, attempts: 0, acted: true },
  {
    kind: 'resolved',
    dueAt: now,
    resolution: { identifiers: first ?? [], effectiveAt: null, settled: true },
  },
  {
    kind: 'resolved',
    dueAt: now + day,
    resolution: { identifiers: second ?? [], effectiveAt: now + day, settled: false },
  },
];

/** A store, and what was done to it so far. */
export interface Course {
  take(step: Step): Promise<unknown>;
  /** All that there is to see, with the numbers of the store in the place of its ids. */
  view(result: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export async function createCourse(open: () => Promise<Store>): Promise<Course> {
  let store = await open();
  let now = start;
  let tokens = 0;
  const batches: Batch[] = [];

  /** All intents, oldest first. */
  async function intents(): Promise<readonly Intent[]> {
    const query = { cursor: null, limit: 1_000, statuses: null, person: null, source: null };
    return [...(await store.listIntents(query)).items].reverse();
  }

  async function claim({ limit, isGuarded }: Extract<Step, { kind: 'claim' }>) {
    tokens += 1;
    const guards = isGuarded ? safeguard : [];
    const limits = { resign: limit, kick: 1 };
    const batch = await store.claim(claimRequest({ now, token: `t${tokens}`, limits, safeguard: guards }));
    if (batch) batches.push(batch);
    return batch;
  }

  async function settle({ which, how, bringsKick }: Extract<Step, { kind: 'settle' }>) {
    const [batch] = batches.splice(which % Math.max(1, batches.length), 1);
    const settlement = pick(settlements(now), how);
    if (!batch || !settlement) return null;
    const isSeen = settlement.kind === 'final' && settlement.status === 'succeeded';
    const settled = batch.intents.flatMap((intent) =>
      settleAll({ ...batch, intents: [intent] }, settlement, {
        seenUserId: isSeen ? `user-of-${intent.person}` : null,
        bringKick: bringsKick && batch.action === 'resign' ? intent.identifiers : null,
      }),
    );
    return store.settle(batch.token, settled, now);
  }

  async function publish({ limit, settles }: Extract<Step, { kind: 'publish' }>) {
    tokens += 1;
    const token = `p${tokens}`;
    const outcomes = await store.claimOutcomes('log', { now, token, leaseMs: minute, limit });
    if (outcomes && settles) await store.settleOutcomes('log', token, outcomes.length);
    return outcomes?.length;
  }

  async function take(step: Step): Promise<unknown> {
    switch (step.kind) {
      case 'tell':
        return Promise.all(step.tellings.map((telling) => store.accept(deliveryOf(telling, now))));
      case 'claim':
        return claim(step);
      case 'begin': {
        const batch = pick(batches, step.which);
        if (batch?.action !== 'resign') return null;
        const seen = batch.intents.map(({ id, person }) => ({ intentId: id, userId: `user-of-${person}` }));
        return store.beginAct(batch.token, seen, { now, lookAgeMs: 0 });
      }
      case 'settle':
        return settle(step);
      case 'decide': {
        const intent = pick(await intents(), step.which);
        return intent && store.decide(decisionOf(intent, step.isRelease, now));
      }
      case 'decide set': {
        const set = pick((await store.listHeldSets({ cursor: null, limit: 10 })).items, step.which);
        return set && store.decideHeldSet(set.id, { ...approval, at: now }, step.waiting);
      }
      case 'pause':
        return store.setPause({
          scope: step.scope,
          by: 'api:ada',
          at: now,
          reason: null,
          verdict: step.isOn ? 'paused' : 'resumed',
        });
      case 'tend':
        return store.tendHeld({ now, safeguard, askAgainBefore: now - day });
      case 'sequence':
        return store.sequence(step.limit);
      case 'publish':
        return publish(step);
      case 'pass':
        now += step.ms;
        return null;
      case 'prune': {
        const before = now - day;
        return store.prune({ settled: before, outcomes: before, deadLetters: before }, 100, now);
      }
      case 'erase': {
        const { email } = step.person;
        return store.erase({ person: personKey(email), userId: email.userId, by: 'api:ada', at: now });
      }
      case 'reopen':
        await store.close();
        store = await open();
        return null;
    }
  }

  return {
    take,
    async view(result) {
      const { bytes: _, ...figures } = await store.figures(now);
      const page = { cursor: null, limit: 1_000 };
      const all = {
        result,
        intents: await intents(),
        figures,
        outcomes: (await store.outcomesAfter(0, 1_000)).map(({ type, time, data }) => [type, time, data]),
        heldSets: (await store.listHeldSets(page)).items,
        deadLetters: (await store.listDeadLetters(page)).items,
      };
      return byNumbers(store.id, all);
    },
    close: () => store.close(),
  };
}

function pick<T>(all: readonly T[], which: number): T | undefined {
  return all[which % Math.max(1, all.length)];
}

function deliveryOf(telling: Telling, now: number): Acceptance {
  const read = acceptanceOf(toldOf(telling, now));
  if (telling.unread === 'nothing') return read;
  const body = Buffer.from(telling.person.email.userId);
  const payload = { method: 'POST', query: {}, headers: {}, body, position: null };
  const unread = { kind: 'unreadable', faults: ['it is odd'] } as const;
  return { ...read, payload, parts: telling.unread === 'all' ? [unread] : [...read.parts, unread] };
}

function decisionOf(intent: Intent, isRelease: boolean, now: number): DecisionRequest {
  if (!isRelease) {
    const failure = { code: 'canceled_by_operator', message: 'by hand' } as const;
    const decision = { ...approval, at: now, verdict: 'canceled' } as const;
    return { intentId: intent.id, decision, admission: { status: 'canceled', failure } };
  }
  const dueAt = Math.max(now, intent.effectiveAt ?? 0);
  const admission = { status: dueAt > now ? 'scheduled' : 'pending', dueAt } as const;
  return { intentId: intent.id, decision: { ...approval, at: now }, admission };
}

/**
 * Each id by the place that it has among those of its kind: a store may leave numbers out. What hangs on a store's own
 * ids, such as the hashes of its trail, is left out.
 */
function byNumbers(storeId: string, view: object): unknown {
  const text = JSON.stringify(view, (key, value) =>
    key === 'previousHash' || key === 'hash' ? undefined : value,
  );
  const numbers = new Map<string, number[]>();
  for (const [, kind = '', digits] of text.matchAll(idsOf(storeId)))
    numbers.set(kind, [...(numbers.get(kind) ?? []), Number(digits)]);
  const placeOf = (kind: string, number: number): number =>
    [...new Set(numbers.get(kind))].sort((a, b) => a - b).indexOf(number);
  return JSON.parse(
    text.replaceAll(
      idsOf(storeId),
      (_, kind: string, digits: string) => `#${kind}${placeOf(kind, Number(digits))}`,
    ),
  );
}

function idsOf(storeId: string): RegExp {
  return new RegExp(`${storeId}-([a-z]?)(\\d+)`, 'g');
}

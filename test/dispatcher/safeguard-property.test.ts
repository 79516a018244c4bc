import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { limitsNow } from '../../src/core/safeguard.ts';
import { emailOf, minute, type Rig, useRigs, userIdOf, usersUpTo } from './rig.ts';

const openRig = useRigs();
const perMs = 60 * minute;
const rule = { source: null, maxResigns: 3, maxPercent: null, maxKicks: null, perMs };
const own = { ...rule, source: 'payroll', maxResigns: 1 };
const rules = [rule, own];
const people = 24;
const protectedPeople = [emailOf(1), emailOf(2)];

type Step =
  | { readonly kind: 'tell'; readonly n: number; readonly source: string; readonly inMinutes: number }
  | { readonly kind: 'withdraw'; readonly n: number }
  | { readonly kind: 'release'; readonly which: number }
  | { readonly kind: 'pass'; readonly minutes: number }
  | { readonly kind: 'restart' };

const anybody = fc.integer({ min: 1, max: people });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('tell' as const),
      n: anybody,
      source: fc.constantFrom('hr', 'payroll'),
      inMinutes: fc.constantFrom(0, 0, 0, 20, 59, 60, 61, 240),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), n: anybody }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), minutes: fc.constantFrom(1, 19, 40, 60, 90) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

/** What was let through by a person's release, and so counts for nothing. */
interface Seen {
  readonly released: Set<string>;
  readonly ids: string[];
}

async function tend({ store, clock }: Rig): Promise<void> {
  const request = { now: clock.now, safeguard: limitsNow(rules, null), askAgainBefore: 0 };
  while ((await store.tendHeld(request)) > 0);
}

async function release(rig: Rig, which: number, { released, ids }: Seen): Promise<void> {
  const intents = await Promise.all(ids.map(rig.intent));
  const held = intents.filter(({ status, failure }) => status === 'held' && failure?.code === 'safeguard');
  const one = held[which % Math.max(1, held.length)];
  if (!one) return;
  const at = rig.clock.now;
  const dueAt = Math.max(at, one.effectiveAt ?? 0);
  const admission = { status: dueAt > at ? 'scheduled' : 'pending', dueAt } as const;
  const decision = { by: 'api:ada', at, verdict: 'approved', reason: null } as const;
  expect(await rig.store.decide({ intentId: one.id, decision, admission })).toBe('done');
  released.add(one.id);
}

async function take(rig: Rig, one: Step, seen: Seen): Promise<void> {
  switch (one.kind) {
    case 'tell': {
      const ahead = one.inMinutes > 0 ? { effectiveAt: rig.clock.now + one.inMinutes * minute } : {};
      seen.ids.push(await rig.tell({ identifiers: [emailOf(one.n)], source: one.source, ...ahead }));
      break;
    }
    case 'withdraw':
      await rig.tell({ action: 'withdraw', identifiers: [emailOf(one.n)] });
      break;
    case 'release':
      await release(rig, one.which, seen);
      break;
    case 'pass':
      rig.clock.now += one.minutes * minute;
      break;
    case 'restart':
      await rig.restart();
      break;
  }
}

interface Sent {
  readonly id: string;
  readonly source: string;
  readonly at: number;
}

/** The most of these that lie in one window. */
function mostInWindow(sent: readonly Sent[]): number {
  const inWindow = sent.map(({ at }) => sent.filter((one) => one.at <= at && one.at > at - perMs).length);
  return Math.max(0, ...inWindow);
}

describe('whatever comes, is released, withdrawn or interrupted', () => {
  it('never more than a limit of resigns begins in any window, and nobody who is protected is called', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const rig = await openRig({
          users: usersUpTo(people),
          policy: { safeguard: rules },
          protectedPeople,
        });
        await rig.protection.refresh();
        const seen: Seen = { released: new Set(), ids: [] };
        const sent: Sent[] = [];
        rig.before('resignUsers', async (userIds) => {
          for (const id of seen.ids) {
            const { status, acted, identifiers, source } = await rig.intent(id);
            const isSent = status === 'pending' && acted && userIds.includes(identifiers[0]?.userId ?? '');
            if (isSent) sent.push({ id, source, at: rig.clock.now });
          }
        });
        for (const one of steps) {
          await take(rig, one, seen);
          await tend(rig);
          await rig.work();
        }
        const counted = sent.filter(({ id }) => !seen.released.has(id));
        expect(mostInWindow(counted)).toBeLessThanOrEqual(rule.maxResigns);
        expect(mostInWindow(counted.filter(({ source }) => source === 'payroll'))).toBeLessThanOrEqual(
          own.maxResigns,
        );
        const calls = rig.emulator.calls().filter(({ endpoint }) => endpoint.startsWith('resign'));
        const called = new Set(calls.flatMap(({ input }) => Object(input).userIds as string[]));
        expect(called.size).toBe(new Set(sent.map(({ id }) => id)).size);
        for (const { userId } of protectedPeople) expect(called.has(userId)).toBe(false);
        const resigned = rig.emulator.users().filter(({ status }) => status === 'Resigned');
        expect(resigned.map(({ userId }) => userId)).not.toContain(userIdOf(1));
      }),
      { numRuns: 25, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false, verbose: 1 },
    );
  }, 60_000);
});

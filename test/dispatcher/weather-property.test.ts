import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Identifier } from '../../src/core/identifier.ts';
import { type Action, actions, type Intent } from '../../src/core/intent.ts';
import { type FaultsInput, faultsSchema } from '../../src/emulator/faults.ts';
import { blindResigns } from './blind-resigns.ts';
import { emailOf, externalIdOf, minute, type Rig, useRigs, userIdOf, usersUpTo } from './rig.ts';

const openRig = useRigs();

/** `RUNS=1000 SEED=7 npm test -- test/dispatcher/weather` looks longer, and elsewhere. */
const numRuns = Number(process.env.RUNS ?? 40);
const seed = Number(process.env.SEED ?? 5);

const people = 8;
/** Nobody has the first and the last of these numbers. */
const anybody = fc.nat(people + 1);

/** How a sender names somebody, and in the last way the next one as well. */
const namings: readonly ((n: number) => readonly Identifier[])[] = [
  (n) => [emailOf(n)],
  (n) => [externalIdOf(n)],
  (n) => [{ userIdType: 'user_id', userId: userIdOf(n) }],
  (n) => [{ userIdType: 'email', userId: `old${n}@example.com` }, externalIdOf(n)],
  (n) => [emailOf(n), externalIdOf(n + 1)],
];

const struck = fc.constantFrom(
  undefined,
  'resign-user-batch',
  'get-user-batch',
  'get-user',
  'kick-users',
  'get-user-loggedin-apps',
  'check-session-status',
  'list-applications',
);

const trouble = fc.oneof(
  fc.record({ kind: fc.constant('http5xx'), status: fc.constantFrom(500, 502, 503) }),
  fc.record({ kind: fc.constant('rateLimit'), retryAfterSeconds: fc.constantFrom(1, 30) }),
  fc.record({ kind: fc.constantFrom('forbidden', 'html', 'redirect', 'halfClosed', 'timeout') }),
  fc.record({
    kind: fc.constant('envelope'),
    statusCode: fc.constantFrom(200, 400, 403, 404, 429, 499, 500, 501),
    apiCode: fc.constantFrom(undefined, 1300, 1306, 2004, 2011, 2020),
  }),
);

const extent = fc.record({
  endpoint: struck,
  probability: fc.constantFrom(0.2, 0.5, 1),
  times: fc.constantFrom(undefined, 1, 3),
  applied: fc.boolean(),
});

const faults: fc.Arbitrary<FaultsInput> = fc
  .record({
    calls: fc.array(
      fc.tuple(trouble, extent).map(([what, where]) => ({ ...where, ...what })),
      { minLength: 1, maxLength: 3 },
    ),
    batchUnknown: fc.constantFrom('refuse', 'partial', 'skip'),
    lookUnknown: fc.constantFrom('omit', 'refuse'),
    poisonedUserIds: fc.constantFrom([], [], [userIdOf(3)]),
  })
  .map((drawn) => faultsSchema.parse(drawn));

type Step =
  | {
      readonly kind: 'tell';
      readonly action: Action;
      readonly n: number;
      readonly naming: number;
      readonly source: string;
      readonly aheadMs: number;
    }
  | { readonly kind: 'fail'; readonly faults: FaultsInput }
  | { readonly kind: 'calm' }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'tick'; readonly atOnce: number }
  | { readonly kind: 'restart' }
  /** Instead of the next call of that kind, with a lease held, and after whatever was sent before. */
  | { readonly kind: 'crash'; readonly at: 'getUser' | 'getUsers' | 'resignUsers' | 'kickUsers' }
  /** Just before the next resign is sent. */
  | { readonly kind: 'withdraw at the act'; readonly n: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('tell'),
      action: fc.constantFrom('resign', 'resign', ...actions),
      n: anybody,
      naming: fc.nat(namings.length - 1),
      source: fc.constantFrom('hr', 'hr', 'payroll'),
      aheadMs: fc.constantFrom(0, 0, 0, 30 * minute),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('fail'), faults }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'calm' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('pass'),
      ms: fc.constantFrom(1, minute, 20 * minute, 60 * minute),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('tick'), atOnce: fc.constantFrom(1, 2, 4) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash'),
      at: fc.constantFrom('getUser', 'getUsers', 'resignUsers', 'kickUsers'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw at the act'), n: anybody }) },
);

async function take(rig: Rig, one: Step): Promise<void> {
  const { clock } = rig;
  switch (one.kind) {
    case 'tell': {
      const { action, source, aheadMs } = one;
      const identifiers = namings[one.naming]?.(one.n) ?? [];
      const ahead = aheadMs > 0 ? { effectiveAt: clock.now + aheadMs } : {};
      await rig.tell({ action, source, identifiers, occurredAt: clock.now, ...ahead });
      break;
    }
    case 'fail':
      rig.emulator.setFaults(one.faults);
      break;
    case 'calm':
      rig.emulator.setFaults({});
      break;
    case 'pass':
      clock.now += one.ms;
      await tickAtOnce(rig, 2);
      break;
    case 'tick':
      await tickAtOnce(rig, one.atOnce);
      break;
    case 'restart':
      await rig.restart();
      break;
    case 'crash':
      rig.before(one.at, () => {
        rig.before(one.at, () => undefined);
        throw new Crash();
      });
      break;
    case 'withdraw at the act': {
      let isOver = false;
      rig.before('resignUsers', async () => {
        if (!isOver) await rig.tell({ action: 'withdraw', identifiers: [emailOf(one.n)] });
        isOver = true;
      });
    }
  }
}

class Crash extends Error {}

/** The process ends where it crashes, and another begins. @returns whether there was something to do */
async function tickAtOnce(rig: Rig, count: number): Promise<boolean> {
  const done = await Promise.all(
    Array.from({ length: count }, () =>
      rig.tick().catch((error: unknown) => {
        if (error instanceof Crash) return error;
        throw error;
      }),
    ),
  );
  if (done.some((one) => one instanceof Crash)) await rig.restart();
  return done.some((one) => one instanceof Crash || one > 0);
}

async function intentsOf({ store }: Rig): Promise<readonly Intent[]> {
  const query = { cursor: null, limit: 1_000, statuses: null, person: null, source: null };
  return (await store.listIntents(query)).items;
}

const isOpen = ({ status }: Intent): boolean => status === 'pending' || status === 'scheduled';

/** Lets GenAuth be well for two days, at most, until everything has come to its end. */
async function clearUp(rig: Rig): Promise<readonly Intent[]> {
  rig.emulator.setFaults({});
  for (let thirds = 0; thirds < 144 && (await intentsOf(rig)).some(isOpen); thirds += 1) {
    rig.clock.now += 20 * minute;
    while (await tickAtOnce(rig, 2));
  }
  return intentsOf(rig);
}

/** How many outcomes say that an intent has come to its end, for each. */
async function endsTold(rig: Rig): Promise<Map<string, number>> {
  const told = new Map<string, number>();
  for (const { data } of await rig.outcomes()) {
    if (!('intentId' in data) || data.intentId === null) continue;
    if (['succeeded', 'failed', 'canceled', 'simulated'].includes(data.status))
      told.set(data.intentId, (told.get(data.intentId) ?? 0) + 1);
  }
  return told;
}

/** What is told of somebody's resigns that is not so. */
function liesAbout(n: number, rig: Rig, intents: readonly Intent[]): string[] {
  const names = new Set([userIdOf(n), emailOf(n).userId, externalIdOf(n).userId]);
  const resigns = intents.filter(
    ({ action, identifiers }) => action === 'resign' && identifiers.some(({ userId }) => names.has(userId)),
  );
  const isResigned = rig.emulator.user(userIdOf(n))?.status === 'Resigned';
  const saysSo = resigns.some(
    ({ status, seenUserId }) => status === 'succeeded' && seenUserId === userIdOf(n),
  );
  return saysSo === isResigned ? [] : [`user ${n} is ${isResigned ? '' : 'not '}resigned`];
}

describe('whatever GenAuth answers, whoever is named how, and wherever the bridge crashes', () => {
  it('nobody is resigned blindly, everything comes to one end, and what is told of it is true', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const rig = await openRig({ users: usersUpTo(people), policy: { endSessions: true }, timeoutMs: 60 });
        for (const one of steps) await take(rig, one);
        const intents = await clearUp(rig);
        expect(intents.filter(isOpen)).toEqual([]);
        expect(blindResigns(rig.emulator)).toEqual([]);
        const ended = intents.filter(({ action, status }) => action !== 'withdraw' && status !== 'held');
        const told = await endsTold(rig);
        expect(ended.filter(({ id }) => told.get(id) !== 1)).toEqual([]);
        const users = Array.from({ length: people }, (_, index) => index + 1);
        expect(users.flatMap((n) => liesAbout(n, rig, intents))).toEqual([]);
      }),
      { numRuns, seed, verbose: 1 },
    );
  }, 600_000);
});

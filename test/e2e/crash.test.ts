import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { SignedDelivery } from '../../src/cli/demo-deliveries.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { EmulatedCall } from '../../src/emulator/calls.ts';
import type { FaultsInput } from '../../src/emulator/faults.ts';
import { until } from '../support/until.ts';
import { event, type House, inactive, inHouse, intentsOf, person } from './house.ts';
import { endProcesses } from './process.ts';

afterEach(endProcesses);

const seed = 20_261_120;
const kills = 6;
const senders = 32;
const numbers = Array.from({ length: 1_000 }, (_, index) => index + 1);
/** People with whom every resign is refused; the others of their batches must not suffer for it. */
const poisoned = [6, 333, 502, 870];

/** These are named first by an id that GenAuth does not know; none that it has of theirs may contradict that. */
const isHalfKnown = (number: number): boolean => number % 25 === 3;
const people = numbers.map((number) => ({
  ...person(number),
  ...(isHalfKnown(number) ? { externalId: null } : {}),
  sessions: number % 4 === 0 ? ['app-mail'] : [],
}));

const faults: FaultsInput = {
  calls: [
    { kind: 'latency', ms: 2 },
    { kind: 'timeout', endpoint: 'resign-user-batch', applied: true, probability: 0.06 },
    { kind: 'halfClosed', endpoint: 'resign-user-batch', applied: true, probability: 0.06 },
    { kind: 'http5xx', endpoint: 'resign-user-batch', applied: true, probability: 0.06 },
    { kind: 'timeout', probability: 0.01 },
    { kind: 'halfClosed', applied: true, probability: 0.01 },
    { kind: 'http5xx', probability: 0.02 },
    { kind: 'rateLimit', probability: 0.02 },
  ],
  batchUnknown: 'partial',
  lookUnknown: 'refuse',
  poisonedUserIds: poisoned.map((number) => person(number).userId),
};

/** Three of five are told of by scripts, one by one; the others by BambooHR, four at a time. */
function listDeliveries(): SignedDelivery[] {
  const byScript = numbers.filter((number) => [1, 2, 3].includes(number % 5));
  const byHr = numbers.filter((number) => [4, 0].includes(number % 5)).map(person);
  const fours = byHr.flatMap((_, index) => (index % 4 === 0 ? [byHr.slice(index, index + 4)] : []));
  return shuffle([...byScript.map(tellByScript), ...fours.map(inactive)]);
}

function tellByScript(number: number): SignedDelivery {
  const { email, username } = person(number);
  const byEmail = { userIdType: 'email', userId: email };
  if (number % 5 === 1) return event('user.resign', byEmail);
  if (!isHalfKnown(number)) return event('user.resign', { userIdType: 'username', userId: username });
  const unknown = { userIdType: 'external_id', userId: `unknown-${number}` };
  return event('user.resign', { identifiers: [unknown, byEmail] });
}

/** Numbers in [0, 1), the same ones in every run: Lehmer's generator. */
let state = seed;
function random(): number {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
}

function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

interface Acknowledged {
  readonly delivery: SignedDelivery;
  readonly ids: readonly string[];
}

/** Sends a delivery, as a vendor does, until it is acknowledged. */
async function send(house: House, delivery: SignedDelivery, stopped: AbortSignal): Promise<Acknowledged> {
  for (;;) {
    stopped.throwIfAborted();
    const answer = await house.deliver(delivery).catch(() => null);
    if (answer && answer.status !== 503) return { delivery, ids: intentsOf(answer) };
    await delay(20);
  }
}

/** Sends all of them, so many at a time, and each once more as soon as it is acknowledged. */
async function sendAll(
  house: House,
  deliveries: readonly SignedDelivery[],
  { acknowledged, stopped }: { acknowledged: Acknowledged[]; stopped: AbortSignal },
): Promise<void> {
  const waiting = deliveries.values();
  const sender = async (): Promise<void> => {
    for (const delivery of waiting) {
      const first = await send(house, delivery, stopped);
      acknowledged.push(first);
      expect((await send(house, delivery, stopped)).ids).toEqual(first.ids);
    }
  };
  await Promise.all(Array.from({ length: senders }, sender));
}

/** Ends the bridge without a warning, again and again, each time after it got some way further. */
async function killAgainAndAgain(house: House, progress: () => number): Promise<void> {
  for (let kill = 1; kill <= kills; kill += 1) {
    const goal = progress() + Math.ceil(random() * 600);
    await until(() => progress() >= goal, `kill ${kill}: more progress`);
    expect(await house.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    await house.start();
  }
}

/** By whatever a resign call names somebody, the `user_id`. */
const userIds = new Map(
  people.flatMap(({ userId, email, username, externalId }) => [
    [`email:${email}`, userId],
    [`username:${username}`, userId],
    [`external_id:${externalId}`, userId],
  ]),
);

interface Act {
  readonly call: EmulatedCall;
  readonly users: readonly string[];
}

function actsOf(calls: readonly EmulatedCall[]): Act[] {
  return calls
    .filter(({ endpoint }) => endpoint === 'resign-user-batch')
    .map((call) => {
      const input = call.input as { userIdType: string; userIds: string[] };
      return { call, users: input.userIds.map((id) => userIds.get(`${input.userIdType}:${id}`) ?? id) };
    });
}

/** What is wrong with the order of looks and acts, by what the emulator saw. */
function judgeOrder(calls: readonly EmulatedCall[]): string[] {
  const looks = new Map<string, EmulatedCall[]>();
  for (const call of calls)
    for (const userId of Object.keys(call.looks ?? {}))
      looks.set(userId, [...(looks.get(userId) ?? []), call]);
  const lastActs = new Map<string, number>();
  return actsOf(calls).flatMap(({ call: { seq }, users }) =>
    users.flatMap((userId) => {
      // Only what had been answered when this call was made could be known to whoever made it.
      const known = (looks.get(userId) ?? []).filter(({ answeredAfter }) => (answeredAfter ?? seq) < seq);
      const lastAct = lastActs.get(userId) ?? 0;
      lastActs.set(userId, seq);
      if (known.some((look) => look.looks?.[userId] === 'Resigned'))
        return [`call ${seq}: ${userId} had been seen Resigned`];
      return known.some((look) => look.seq > lastAct)
        ? []
        : [`call ${seq}: ${userId} was not looked at since call ${lastAct}`];
    }),
  );
}

/** The final outcomes of each intent: its action, status and the code of its failure. */
function finalsOf(outcomes: readonly Outcome[]): Map<string, string[]> {
  const finals = new Map<string, string[]>();
  for (const { data } of outcomes) {
    if (!('intentId' in data) || ['scheduled', 'held', 'released'].includes(data.status)) continue;
    const { intentId, action, status, confirmed, failure } = data;
    const told = `${action} ${status}${confirmed ? ' confirmed' : ''}${failure ? ` ${failure.code}` : ''}`;
    finals.set(intentId, [...(finals.get(intentId) ?? []), told]);
  }
  return finals;
}

async function checkTrail(house: House, outcomes: readonly Outcome[]): Promise<void> {
  expect(await house.audit()).toMatchObject({ first: 1, count: outcomes.length, fault: null });
  expect(new Set(outcomes.map(({ id }) => id)).size).toBe(outcomes.length);
}

async function figures(house: House): Promise<Readonly<Record<string, unknown>>> {
  return ((await house.ask('/status')).body as { figures: Record<string, unknown> }).figures;
}

describe('a bridge that is killed', () => {
  it(
    'again and again while 1,000 people leave loses nobody, and resigns nobody twice or unseen',
    inHouse(
      async (house) => {
        const { emulator } = house;
        emulator.addUsers(people);
        emulator.setFaults(faults);
        await house.start();
        const acknowledged: Acknowledged[] = [];
        const stopping = new AbortController();
        const sending = { acknowledged, stopped: stopping.signal };
        try {
          await Promise.all([
            sendAll(house, listDeliveries(), sending),
            killAgainAndAgain(house, () => acknowledged.length + emulator.calls().length),
          ]);
        } finally {
          stopping.abort();
        }
        const isDone = async (): Promise<boolean> => {
          const { due, held, unsequenced } = await figures(house);
          return due === 0 && held === 0 && unsequenced === 0;
        };
        await until(isDone, 'everything is done', { patienceMs: 40_000, intervalMs: 200 });
        const sample = acknowledged.filter((_, index) => index % 10 === 0);
        for (const { delivery, ids } of sample) expect(intentsOf(await house.deliver(delivery))).toEqual(ids);
        const outcomes = await house.outcomes();
        await checkTrail(house, outcomes);
        expect(await house.stop()).toEqual({ code: 0, signal: null });

        const leavers = emulator.users().filter(({ userId }) => !faults.poisonedUserIds?.includes(userId));
        expect(leavers.filter(({ status }) => status !== 'Resigned')).toEqual([]);
        expect(leavers.flatMap(({ sessions }) => sessions)).toEqual([]);

        const calls = emulator.calls();
        expect(judgeOrder(calls)).toEqual([]);
        const applied = actsOf(calls).filter(({ call }) => call.applied);
        expect(applied.flatMap(({ users }) => users).sort()).toEqual(leavers.map(({ userId }) => userId));
        expect(applied.some(({ call }) => call.answeredAfter === null)).toBe(true);

        const finals = finalsOf(outcomes);
        const ids = acknowledged.flatMap((one) => one.ids);
        expect(ids.filter((id) => finals.get(id)?.length !== 1)).toEqual([]);
        expect(ids.map((id) => finals.get(id)?.[0]).sort()).toEqual([
          ...poisoned.map(() => 'resign failed refused'),
          ...leavers.map(() => 'resign succeeded confirmed'),
        ]);
        // All others are the kicks that the resigns brought.
        const asked = new Set(ids);
        const others = [...finals].filter(([id]) => !asked.has(id)).map(([, ends]) => ends.join());
        expect(others.filter((end) => !/^kick succeeded( confirmed)?$/.test(end))).toEqual([]);
      },
      { genauth: { timeout: '300ms', concurrency: 8 }, leavers: { safeguard: 'off' } },
    ),
    150_000,
  );

  it.each([
    { type: 'user.resign', endpoint: 'get-user' },
    { type: 'user.kick', endpoint: 'kick-users' },
  ] as const)('while it tries the first of two names still finds a person by the second: $type', (one) =>
    inHouse(
      async (house) => {
        const { emulator } = house;
        const { email } = person(1);
        emulator.addUsers([{ ...person(1), externalId: null }]);
        emulator.setFaults({ calls: [{ kind: 'latency', ms: 60_000, endpoint: one.endpoint }] });
        await house.start();
        const identifiers = [
          { userIdType: 'external_id', userId: 'unknown' },
          { userIdType: 'email', userId: email },
        ];
        await house.deliver(event(one.type, { identifiers }));
        await until(() => emulator.calls().some(({ endpoint }) => endpoint === one.endpoint), one.endpoint);
        await house.stop('SIGKILL');
        emulator.setFaults({});
        await house.start();
        await house.untilOutcomes({ [`${one.type}.succeeded`]: 1 });
      },
      { genauth: { timeout: '300ms' } },
    )(),
  );
});

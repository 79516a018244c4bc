import { afterEach, describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Emulator } from '../../src/emulator/emulator.ts';
import { until } from '../support/until.ts';
import { event, type House, inactive, inHouse, intentsOf, person } from './house.ts';
import { endProcesses } from './process.ts';

afterEach(endProcesses);

const everyone = (count: number) => Array.from({ length: count }, (_, index) => person(index + 1));
const byEmail = (number: number) => ({ userIdType: 'email', userId: person(number).email });

function resignCalls(emulator: Emulator): unknown[] {
  return emulator
    .calls()
    .filter(({ endpoint }) => endpoint === 'resign-user-batch')
    .map(({ input }) => input);
}

function resigned(emulator: Emulator): string[] {
  return emulator
    .users()
    .filter(({ status }) => status === 'Resigned')
    .map(({ userId }) => userId);
}

/** What became of an intent: its outcomes in order, each with the code of its failure. */
async function storyOf(house: House, id: string | undefined): Promise<string[]> {
  const { outcomes } = (await house.ask(`/intents/${id}`)).body as { outcomes: Outcome[] };
  return outcomes.map(({ type, data }) => {
    const code = 'intentId' in data ? data.failure?.code : undefined;
    return code ? `${type} ${code}` : type;
  });
}

describe('the bridge as a whole', () => {
  it(
    'obeys a withdraw that arrives before the resign it takes back',
    inHouse(async (house) => {
      house.emulator.addUsers(everyone(2));
      await house.start();
      const [announced, takenBack] = [new Date(Date.now() - 60_000), new Date()];
      const leaver = { ...byEmail(1), subject: '1' };
      await house.deliver(event('user.withdraw', leaver, takenBack));
      const [late] = intentsOf(await house.deliver(event('user.resign', leaver, announced)));
      await house.deliver(event('user.resign', byEmail(2)));
      await house.untilOutcomes({ 'user.resign.succeeded': 1 });
      expect(await storyOf(house, late)).toEqual(['user.resign.canceled withdrawn']);
      expect(resigned(house.emulator)).toEqual([person(2).userId]);
    }),
  );

  it(
    'lets no date that lies ahead block what is due for the same person',
    inHouse(async (house) => {
      const { emulator } = house;
      emulator.addUsers(everyone(1));
      await house.start();
      const effectiveAt = new Date(Date.now() + 86_400_000).toISOString();
      const [later] = intentsOf(await house.deliver(event('user.resign', { ...byEmail(1), effectiveAt })));
      await house.deliver(event('user.kick', byEmail(1)));
      await house.untilOutcomes({ 'user.resign.scheduled': 1, 'user.kick.succeeded': 1 });
      expect(resigned(emulator)).toEqual([]);

      await house.deliver(inactive([person(1)]));
      await house.untilOutcomes({ 'user.resign.succeeded': 1 });
      expect(resigned(emulator)).toEqual([person(1).userId]);
      expect((await house.ask(`/intents/${later}`)).body).toMatchObject({ status: 'scheduled', effectiveAt });
    }),
  );

  it(
    'does what was scheduled when its time has come, also when it was not running in between',
    inHouse(async (house) => {
      house.emulator.addUsers(everyone(1));
      await house.start();
      const effectiveAt = new Date(Date.now() + 1_500).toISOString();
      const [id] = intentsOf(await house.deliver(event('user.resign', { ...byEmail(1), effectiveAt })));
      await house.stop();
      await house.start();
      await house.untilOutcomes({ 'user.resign.succeeded': 1 });
      expect(await storyOf(house, id)).toEqual(['user.resign.scheduled', 'user.resign.succeeded']);
      const { settledAt } = (await house.ask(`/intents/${id}`)).body as { settledAt: string };
      expect(Date.parse(settledAt)).toBeGreaterThanOrEqual(Date.parse(effectiveAt));
    }),
  );

  it(
    'holds what is past the safeguard, across a restart, until an approver releases it',
    inHouse(
      async (house) => {
        const { emulator } = house;
        emulator.addUsers(everyone(26));
        await house.start();
        await house.deliver(inactive(everyone(25)));
        await house.untilOutcomes({ 'user.resign.succeeded': 20, 'user.resign.held': 5 });
        expect(resigned(emulator)).toHaveLength(20);

        await house.stop();
        await house.start();
        // The window is remembered too: there is no room for one more.
        const [oneMore] = intentsOf(await house.deliver(event('user.resign', byEmail(26))));
        await house.untilOutcomes({ 'user.resign.held': 6 });
        expect(await storyOf(house, oneMore)).toEqual(['user.resign.held safeguard']);
        const held = (await house.ask('/intents?status=held')).body as { intents: { id: string }[] };
        expect(held.intents).toHaveLength(6);
        expect(resigned(emulator)).toHaveLength(20);

        const released = held.intents.find(({ id }) => id !== oneMore)?.id;
        const approve = `/intents/${released}/approve`;
        expect((await house.ask(approve, { as: 'olaf', body: {} })).status).toBe(403);
        expect((await house.ask(approve, { as: 'anna', body: { reason: 'on the list' } })).status).toBe(200);
        await house.untilOutcomes({ 'user.resign.succeeded': 21, 'user.kick.succeeded': 21 });
        expect(await storyOf(house, released)).toEqual([
          'user.resign.held safeguard',
          'user.resign.released',
          'user.resign.succeeded',
        ]);
        expect((await house.ask(approve, { as: 'anna', body: {} })).status).toBe(409);
        expect(resigned(emulator)).toHaveLength(21);
      },
      { leavers: { safeguard: { maxResigns: 20, grace: '200ms' } } },
    ),
  );

  it(
    'holds what would be done to a protected person, by whatever identifier the event names them',
    inHouse(
      async (house) => {
        house.emulator.addUsers(everyone(2));
        await house.start();
        const names = [
          { userIdType: 'external_id', userId: person(1).externalId },
          { userIdType: 'username', userId: person(1).username },
        ];
        const ids: string[] = [];
        for (const type of ['user.resign', 'user.kick']) {
          for (const name of names) ids.push(...intentsOf(await house.deliver(event(type, name))));
        }
        await house.deliver(event('user.resign', byEmail(2)));
        await house.untilOutcomes({ 'user.resign.succeeded': 1, 'user.resign.held': 2, 'user.kick.held': 2 });
        expect(await Promise.all(ids.map((id) => storyOf(house, id)))).toEqual([
          ...Array(2).fill(['user.resign.held protected']),
          ...Array(2).fill(['user.kick.held protected']),
        ]);
        expect(resignCalls(house.emulator)).toEqual([{ userIds: [person(2).email], userIdType: 'email' }]);
        expect(house.emulator.user(person(1).userId)).toMatchObject({
          status: 'Activated',
          sessions: person(1).sessions,
        });
      },
      { leavers: { protected: [byEmail(1)] } },
    ),
  );

  it(
    'keeps what comes in while GenAuth is away, stays ready, and does it all when GenAuth is back',
    inHouse(
      async (house) => {
        const { emulator } = house;
        const { port } = new URL(emulator.url);
        emulator.addUsers(everyone(60));
        await house.start();
        await emulator.close();
        await house.deliver(inactive(everyone(59)));
        await house.deliver(event('user.kick', byEmail(60)));
        await until(async () => {
          const { degraded } = (await house.ask('/status')).body as { degraded: { code: string }[] };
          return degraded.some(({ code }) => code === 'calls_paused');
        }, 'the status says that calls are paused');
        expect((await fetch(`${house.url}/readyz`)).status).toBe(200);

        await emulator.start(Number(port));
        const outcomes = await house.untilOutcomes({
          'user.resign.succeeded': 59,
          'user.kick.succeeded': 60,
        });
        expect(outcomes).toHaveLength(119);
        expect(resigned(emulator)).toHaveLength(59);
        expect(emulator.users().flatMap(({ sessions }) => sessions)).toEqual([]);
        await until(
          async () => ((await house.ask('/status')).body as { status: string }).status === 'ok',
          'the status is ok again',
        );
      },
      { leavers: { safeguard: 'off' } },
    ),
  );

  it(
    'stays paused across a restart, goes on accepting, and does what waited once it is resumed',
    inHouse(async (house) => {
      const { emulator } = house;
      emulator.addUsers(everyone(2));
      await house.start();
      const scope = 'resign';
      expect((await house.ask('/pause', { as: 'vera', body: { scope } })).status).toBe(403);
      await house.ask('/pause', { as: 'olaf', body: { scope, reason: 'the payroll run' } });
      await house.stop('SIGKILL');
      await house.start();
      expect((await house.ask('/status')).body).toMatchObject({
        pauses: [{ scope, by: 'api:olaf', reason: 'the payroll run' }],
      });
      const [waiting] = intentsOf(await house.deliver(event('user.resign', byEmail(1))));
      await house.deliver(event('user.kick', byEmail(2)));
      await house.untilOutcomes({ 'user.kick.succeeded': 1 });
      expect((await house.ask(`/intents/${waiting}`)).body).toMatchObject({ status: 'pending' });
      expect(resignCalls(emulator)).toEqual([]);

      await house.ask('/resume', { as: 'olaf', body: { scope } });
      await house.untilOutcomes({ 'user.resign.succeeded': 1 });
      expect(resigned(emulator)).toEqual([person(1).userId]);
    }),
  );
});

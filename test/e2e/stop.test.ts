import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.ts';
import { event, type House, inHouse, intentsOf, person, secrets } from './house.ts';
import { endProcesses } from './process.ts';

afterEach(endProcesses);

/** Delivers, and resolves once so many calls of the endpoint are at the emulator and wait for their answers. */
async function holdUp(house: House, { leavers, kicked }: { leavers: object[]; kicked: object[] }) {
  const ids = [];
  for (const data of leavers) ids.push(...intentsOf(await house.deliver(event('user.resign', data))));
  for (const data of kicked) ids.push(...intentsOf(await house.deliver(event('user.kick', data))));
  const arrived = (endpoint: string): number =>
    house.emulator.calls().filter((call) => call.endpoint === endpoint).length;
  await until(
    () => arrived('resign-user-batch') === leavers.length && arrived('kick-users') === kicked.length,
    'every call is under way',
  );
  return ids;
}

/** The messages of the log, and the types of the outcomes in it, in the order in which they were written. */
function story(house: House): unknown[] {
  return house.bridge.log().map((line) => (line.msg === 'outcome' ? line.type : line.msg));
}

describe('stopping the bridge', () => {
  it(
    'finishes and publishes what is in flight, takes nothing in, and leaves nothing leased',
    inHouse(
      async (house) => {
        const { emulator } = house;
        emulator.addUsers([1, 2, 3, 4].map(person));
        emulator.setFaults({
          calls: [
            { kind: 'latency', ms: 2_000, endpoint: 'resign-user-batch' },
            { kind: 'latency', ms: 2_000, endpoint: 'kick-users' },
          ],
        });
        await house.start();
        await holdUp(house, {
          leavers: [
            { userIdType: 'email', userId: person(1).email },
            { userIdType: 'external_id', userId: person(2).externalId },
            { userIdType: 'username', userId: person(3).username },
          ],
          kicked: [{ userIdType: 'email', userId: person(4).email }],
        });
        const ended = house.stop();
        await until(
          () =>
            fetch(`${house.url}/readyz`).then(
              () => false,
              () => true,
            ),
          'nothing is taken in any more',
        );
        expect(await ended).toEqual({ code: 0, signal: null });
        const told = story(house);
        expect(told.slice(0, 3)).toEqual(['starting', 'ready', 'stopping']);
        expect(told.slice(3, -1).sort()).toEqual([
          'user.kick.succeeded',
          ...Array(3).fill('user.resign.succeeded'),
        ]);
        expect(told.at(-1)).toBe('stopped');
        expect([1, 2, 3].map((one) => emulator.user(person(one).userId)?.status)).toEqual(
          Array(3).fill('Resigned'),
        );

        // A lease would last for more than a minute: what the resigns brought is free to be taken up at once.
        emulator.setFaults({});
        await house.start();
        await house.untilOutcomes({ 'user.kick.succeeded': 4 });
        expect(emulator.users().flatMap(({ sessions }) => sessions)).toEqual([]);
      },
      { genauth: { timeout: '5s' } },
    ),
  );

  it(
    'ends at once at a second signal, and still has what was not finished when it starts again',
    inHouse(
      async (house) => {
        const { emulator } = house;
        emulator.addUsers([person(1)]);
        emulator.setFaults({ calls: [{ kind: 'latency', ms: 60_000, endpoint: 'resign-user-batch' }] });
        await house.start();
        const [id] = await holdUp(house, {
          leavers: [{ userIdType: 'email', userId: person(1).email }],
          kicked: [],
        });
        const ended = house.stop();
        await house.bridge.logged('stopping');
        house.bridge.signal('SIGTERM');
        expect(await ended).toEqual({ code: 1, signal: null });
        expect(house.bridge.log().at(-1)).toMatchObject({ msg: 'stopped', finished: false });
        expect(emulator.calls().at(-1)).toMatchObject({ endpoint: 'resign-user-batch', answeredAfter: null });

        await house.start();
        expect((await house.ask(`/intents/${id}`)).body).toMatchObject({ status: 'pending' });
      },
      { genauth: { timeout: '60s' } },
    ),
  );

  it.each(['SIGTERM', 'SIGINT'] as const)('does not wait for a live stream at %s', (signal) =>
    inHouse(async (house) => {
      await house.start();
      const stream = await fetch(`${house.adminUrl}/v1/outcomes`, {
        headers: { authorization: `Bearer ${secrets.VERA_TOKEN}`, accept: 'text/event-stream' },
      });
      expect(stream.headers.get('content-type')).toMatch('text/event-stream');
      const read = stream.text();
      expect(await house.stop(signal)).toEqual({ code: 0, signal: null });
      expect(await read).toMatch(/^: the trail begins here/);
    })(),
  );
});

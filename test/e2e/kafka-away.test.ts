import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.ts';
import { event, inHouse, person } from './house.ts';
import { endProcesses } from './process.ts';

afterEach(endProcesses);

/** A port of loopback at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = Object(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01';

const broker = `127.0.0.1:${await closedPort()}`;

describe('the bridge, when Kafka is away', () => {
  const kafka = {
    brokers: [broker],
    consume: [{ topic: 'hr.events', source: 'topic', from: 'latest' }],
    outcomes: { topic: 'outcomes' },
  };

  it(
    'is ready, says in its status what is wrong, and does its work for everybody else',
    inHouse(
      async (house) => {
        house.emulator.addUsers([person(1)]);
        await house.start();
        expect((await fetch(`${house.url}/readyz`)).status).toBe(200);
        expect((await fetch(`${house.url}/hooks/topic`, { method: 'POST', body: '{}' })).status).toBe(404);
        const kick = event('user.kick', { userIdType: 'email', userId: person(1).email });
        await house.deliver({ ...kick, headers: { ...kick.headers, traceparent } });
        const [told] = await house.untilOutcomes({ 'user.kick.succeeded': 1 });
        expect(told?.traceparent).toBe(traceparent);

        const message = `Kafka cannot be reached at ${broker} (ECONNREFUSED)`;
        await until(async () => {
          const { degraded } = Object((await house.ask('/status')).body);
          const seen = JSON.stringify(degraded);
          return ['topics', 'outcomes'].every((where) => seen.includes(`${where}: ${message}`));
        }, 'both are told of in the status');
        expect(
          await house.bridge.logged('Kafka is not being consumed; the next try is under way'),
        ).toMatchObject({
          code: 'unreachable',
          reason: message,
        });
        const metrics = await (await fetch(`${house.adminUrl}/metrics`)).text();
        expect(metrics).toMatch(/^offboard_bridge_kafka_contact_age_seconds \d/m);
        expect((await fetch(`${house.url}/readyz`)).status).toBe(200);
        expect(await house.stop()).toEqual({ code: 0, signal: null });
      },
      { kafka, sources: { topic: { handler: 'events' } } },
    ),
  );

  it(
    'shows no age of a contact where no topic is consumed',
    inHouse(async (house) => {
      await house.start();
      expect(await (await fetch(`${house.adminUrl}/metrics`)).text()).not.toContain('kafka');
    }),
  );
});

import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.ts';
import { event, inHouse, intentsOf, person, secrets } from './house.ts';
import { endProcesses } from './process.ts';

afterEach(endProcesses);

const admin = { admin: { host: '127.0.0.1', port: 0 } };
const asVera = { headers: { authorization: `Bearer ${secrets.VERA_TOKEN}` } };
const statusOf = async (url: string): Promise<number> => (await fetch(url, asVera)).status;

const megabyte = Buffer.alloc(1024 * 1024, ' ');

/** Posts so many megabytes, with or without saying how many there will be, and gives the status of the answer. */
async function post(url: string, megabytes: number, announced: boolean): Promise<number | undefined> {
  const length = announced ? { 'content-length': megabytes * megabyte.length } : {};
  const sent = request(url, { method: 'POST', headers: length });
  // It may be cut off while it still sends.
  sent.on('error', () => {});
  Readable.from(Array(megabytes).fill(megabyte)).pipe(sent);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe('the listeners', () => {
  it(
    "keep the operator's side off the main port and deliveries off the operator's, both ready without GenAuth",
    inHouse(
      async (house) => {
        const { emulator } = house;
        const { port } = new URL(emulator.url);
        emulator.addUsers([person(1)]);
        await emulator.close();
        await house.start();
        const { url, adminUrl } = house;
        expect(new URL(url).port).not.toBe(new URL(adminUrl).port);

        for (const path of ['/v1/status', '/v1/outcomes', '/v1/intents', '/metrics']) {
          expect([path, await statusOf(url + path)]).toEqual([path, 404]);
          expect([path, await statusOf(adminUrl + path)]).toEqual([path, 200]);
        }
        for (const path of ['/healthz', '/readyz']) {
          expect([path, await statusOf(url + path)]).toEqual([path, 200]);
          expect([path, await statusOf(adminUrl + path)]).toEqual([path, 200]);
        }
        const kick = event('user.kick', { userIdType: 'email', userId: person(1).email });
        const { headers, body } = kick;
        const stray = await fetch(`${adminUrl}/hooks/scripts`, { method: 'POST', headers, body });
        expect(stray.status).toBe(404);
        expect(intentsOf(await house.deliver(kick))).toHaveLength(1);

        await emulator.start(Number(port));
        await house.untilOutcomes({ 'user.kick.succeeded': 1 });
        await until(
          async () => (await (await fetch(`${adminUrl}/metrics`)).text()).includes('user.kick.succeeded'),
          'the metrics count the outcome',
        );
      },
      { server: admin },
    ),
  );

  it.each([
    { how: 'announced', announced: true },
    { how: 'in chunks without an end in sight', announced: false },
  ])('refuse a body of 50 MB, $how, and go on', ({ announced }) =>
    inHouse(async (house) => {
      house.emulator.addUsers([person(1)]);
      await house.start();
      expect(await post(`${house.url}/hooks/scripts`, 50, announced)).toBe(413);
      const kick = event('user.kick', { userIdType: 'email', userId: person(1).email });
      expect(intentsOf(await house.deliver(kick))).toHaveLength(1);
      await house.untilOutcomes({ 'user.kick.succeeded': 1 });
      const warnings = house.bridge.log().filter(({ level }) => level > 30);
      expect(warnings).toMatchObject([{ source: 'scripts', reason: 'the body has more than 4194304 bytes' }]);
    })(),
  );

  it(
    'cut off who never comes to an end, after half a minute, and serve everyone else meanwhile',
    inHouse(async (house) => {
      house.emulator.addUsers([person(1)]);
      await house.start();
      const { hostname, port } = new URL(house.url);
      const halves = Array.from({ length: 100 }, () => {
        const socket = connect(Number(port), hostname);
        socket.write('POST /hooks/hr HTTP/1.1\r\nhost: bridge\r\ncontent-length: 1000\r\n\r\nhalf of it');
        return text(socket);
      });
      // One that sends, but a byte at a time, is no better.
      const slow = connect(Number(port), hostname);
      slow.on('error', () => {});
      slow.write('POST /hooks/hr HTTP/1.1\r\nhost: bridge\r\ncontent-length: 1000000\r\n\r\n');
      const drip = setInterval(() => slow.write(' '), 100);
      const slowEnd = text(slow).finally(() => clearInterval(drip));

      const kick = event('user.kick', { userIdType: 'email', userId: person(1).email });
      const [id] = intentsOf(await house.deliver(kick));
      await house.untilOutcomes({ 'user.kick.succeeded': 1 });
      for (const answer of await Promise.all(halves)) expect(answer).toMatch(/^HTTP\/1.1 408 /);
      await slowEnd.catch(() => {});
      expect(intentsOf(await house.deliver(kick))).toEqual([id]);
      expect(house.bridge.log().filter(({ level }) => level > 30)).toEqual([]);
    }),
    45_000,
  );
});

import { STATUS_CODES } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import request, { type Response } from 'supertest';
import { as, deliveryOf, type House, inHouse } from './house.ts';

const event = {
  type: 'user.resign',
  timestamp: '2026-11-20T07:59:00Z',
  data: { userIdType: 'email', userId: 'ada@example.com' },
};
const kick = { ...event, type: 'user.kick' };
const large = 'x'.repeat(20_000);
const fromConsole = { 'x-offboard-console': '1' };

const get = ({ url }: House, path: string, name = 'vera') => request(url).get(path).set(as(name));
const post = ({ url }: House, path: string, name = 'anna') => request(url).post(path).set(as(name));

/** A resign that Anna asked for, which is held. */
async function hold(house: House): Promise<string> {
  const { body } = await post(house, '/v1/intents').send(event);
  return body.intents[0];
}

/** Everything that the bridge turns away, on every door that speaks HTTP. */
const refusals: readonly [number, string, (house: House) => PromiseLike<Response>][] = [
  [400, 'a parameter that is not there', (house) => get(house, '/v1/intents?no=such')],
  [400, 'a path that cannot be decoded', (house) => get(house, '/v1/intents/%zz')],
  [400, 'a body that is not JSON', (house) => post(house, '/v1/pause').send('{')],
  [400, 'an event that cannot be read', (house) => post(house, '/v1/intents').send({ type: 'user.kick' })],
  [401, 'nobody', ({ url }) => request(url).get('/v1/status')],
  [401, 'a stranger', ({ url }) => request(url).get('/v1/nothing').set('authorization', 'Bearer x')],
  [401, 'an unsigned delivery', ({ url }) => request(url).post('/hooks/hr').send('{}')],
  [
    401,
    'a wrong token at the console',
    ({ url }) => request(url).post('/console/session').set(fromConsole).send({ token: 'x' }),
  ],
  [403, 'too low a role', (house) => post(house, '/v1/pause', 'vera').send({ scope: 'all' })],
  [
    403,
    'the approval of what one asked for',
    async (house) => post(house, `/v1/intents/${await hold(house)}/approve`),
  ],
  [403, 'another site at the console', ({ url }) => request(url).get('/console/session')],
  [404, 'an id that is not there', (house) => get(house, '/v1/intents/x')],
  [404, 'a route that is not there', (house) => get(house, '/v1/nothing')],
  [404, 'a source that is not there', ({ url }) => request(url).post('/hooks/none').send('{}')],
  [404, 'a file that is not there', ({ url }) => request(url).get('/console/none.js')],
  [405, 'another method', ({ url }) => request(url).delete('/v1/intents').set(as('vera'))],
  [405, 'another method of a source', ({ url }) => request(url).put('/hooks/hr').send('{}')],
  [
    409,
    'a decision too late',
    async (house) => {
      const path = `/v1/intents/${await hold(house)}/cancel`;
      await post(house, path);
      return post(house, path);
    },
  ],
  [
    409,
    'a set that has changed',
    async (house) => {
      await hold(house);
      await house.tend();
      const [{ id }] = (await get(house, '/v1/held')).body.held;
      return post(house, `/v1/held/${id}/release`, 'abel').send({ count: 7 });
    },
  ],
  [
    409,
    'a person of whom something is open',
    async (house) => {
      await hold(house);
      return post(house, '/v1/people/email%3Aada%40example.com/erase');
    },
  ],
  [413, 'a large request', (house) => post(house, '/v1/intents').send(large)],
  [413, 'a large delivery', ({ url }) => request(url).post('/hooks/hr').send(large)],
  [415, 'an encoded body', (house) => post(house, '/v1/intents').set('content-encoding', 'gzip').send('x')],
  [
    422,
    'a key that was used for another body',
    async (house) => {
      const send = (body: object) => post(house, '/v1/intents').set('idempotency-key', 'k').send(body);
      await send(event);
      return send(kick);
    },
  ],
  [
    429,
    'who comes too often',
    async (house) => {
      for (let n = 0; n < 4; n += 1) await get(house, '/v1/sources');
      return get(house, '/v1/sources');
    },
  ],
  [
    503,
    'what cannot be kept',
    async (house) => {
      await house.closeStore();
      return post(house, '/v1/intents').send(event);
    },
  ],
  [
    503,
    'a delivery that cannot be kept',
    async (house) => {
      await house.closeStore();
      const { headers, body } = deliveryOf({ people: [{ action: 'kick', email: 'ada@example.com' }] });
      return request(house.url).post('/hooks/hr').set(headers).send(body.toString());
    },
  ],
];

describe('an error', () => {
  it.each(refusals)('is problem+json with %i for %s', (status, _title, send) =>
    inHouse(
      async (house) => {
        const answer = await send(house);
        expect([answer.status, answer.type]).toEqual([status, 'application/problem+json']);
        expect(answer.body).toMatchObject({ type: 'about:blank', title: STATUS_CODES[status], status });
        expect(answer.headers).toMatchObject({
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          'x-request-id': expect.any(String),
        });
      },
      { pace: { requests: 4, perMs: 5_000 } },
    )(),
  );
});

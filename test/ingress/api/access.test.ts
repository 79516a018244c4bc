import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { as, inHouse, tokens } from '../house.ts';
import { fetchDocument, type Operation } from './document.ts';

/** Every operation, and the role it needs; `/openapi.json` has the same ones, which is checked below. */
const routes: readonly [Operation['method'], string, string][] = [
  ['get', '/v1/outcomes', 'viewer'],
  ['get', '/v1/trail', 'viewer'],
  ['get', '/v1/intents', 'viewer'],
  ['get', '/v1/intents/x', 'viewer'],
  ['get', '/v1/held', 'viewer'],
  ['get', '/v1/held/x', 'viewer'],
  ['get', '/v1/dead-letters', 'viewer'],
  ['get', '/v1/status', 'viewer'],
  ['get', '/v1/sources', 'viewer'],
  ['post', '/v1/intents', 'operator'],
  ['post', '/v1/intents/x/cancel', 'operator'],
  ['post', '/v1/intents/x/retry', 'operator'],
  ['post', '/v1/dead-letters/x/replay', 'operator'],
  ['post', '/v1/pause', 'operator'],
  ['post', '/v1/resume', 'operator'],
  ['post', '/v1/intents/x/approve', 'approver'],
  ['post', '/v1/held/x/release', 'approver'],
  ['post', '/v1/held/x/cancel', 'approver'],
  ['get', '/v1/dead-letters/x/payload', 'approver'],
  ['post', '/v1/people/x/erase', 'approver'],
];
const people = { viewer: 'vera', operator: 'olaf', approver: 'anna' };
const order = Object.keys(people);

describe('the operator API', () => {
  it(
    'has these routes for these roles, and no others',
    inHouse(async (house) => {
      const { operations } = await fetchDocument(house);
      const documented = operations.map(({ method, path, role }) => [
        method,
        path.replace(/\{\w+\}/, 'x'),
        role,
      ]);
      expect(documented.map(String).sort()).toEqual(routes.map(String).sort());
    }),
  );

  it.each(routes)('lets nobody below its role use %s %s (%s)', (method, path, role) =>
    inHouse(async ({ url }) => {
      for (const [own, name] of Object.entries(people)) {
        const { status } = await request(url)[method](path).set(as(name));
        expect([own, status === 403]).toEqual([own, order.indexOf(own) < order.indexOf(role)]);
      }
    })(),
  );

  it.each(routes)('asks for a token before it says anything about %s %s', (method, path) =>
    inHouse(async ({ url }) => {
      const none = await request(url)[method](path);
      expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer']);
      const wrong = await request(url)
        [method](path)
        .set('authorization', `Bearer ${'w'.repeat(32)}`);
      expect([wrong.status, wrong.headers['www-authenticate']]).toEqual([
        401,
        'Bearer error="invalid_token"',
      ]);
      expect(wrong.type).toBe('application/problem+json');
    })(),
  );

  it(
    'is not there at all without tokens',
    inHouse(
      async ({ url }) => {
        for (const [method, path] of routes)
          expect((await request(url)[method](path).set(as('anna'))).status).toBe(404);
      },
      { tokens: [] },
    ),
  );

  it(
    'answers 404 to routes that are not there and 405 to methods that are not, but not to strangers',
    inHouse(async ({ url }) => {
      const unknown = await request(url).get('/v1/nothing').set(as('vera'));
      expect([unknown.status, unknown.type]).toEqual([404, 'application/problem+json']);
      expect((await request(url).get('/v1/nothing')).status).toBe(401);
      const deleted = await request(url).delete('/v1/intents').set(as('vera'));
      expect([deleted.status, deleted.headers.allow]).toEqual([405, 'GET, POST']);
      expect((await request(url).delete('/v1/intents')).status).toBe(401);
    }),
  );

  it.each([
    'Basic dmVyYTp4',
    'Bearer',
    'Bearer ',
    `Bearer ${tokens[0]?.token} x`,
    `Bearer x${tokens[0]?.token}`,
  ])('does not take %j for a token', (authorization) =>
    inHouse(async ({ url }) => {
      expect((await request(url).get('/v1/status').set({ authorization })).status).toBe(401);
    })(),
  );

  it(
    'records whom it refused, and does not let them fill the trail',
    inHouse(async (house) => {
      for (let i = 0; i < 15; i += 1) await request(house.url).post('/v1/pause').set(as('vera'));
      const outcomes = await house.outcomes();
      expect(outcomes).toHaveLength(10);
      expect(outcomes[0]).toMatchObject({
        type: 'request.refused',
        data: { actor: 'api:vera', source: 'api', reason: 'POST /v1/pause: this needs the role operator' },
      });
      house.clock.now += 60_000;
      await request(house.url).post('/v1/pause').set(as('vera'));
      expect(await house.outcomes()).toHaveLength(11);
    }),
  );

  it(
    'asks those who come too often to wait, each for themselves',
    inHouse(
      async (house) => {
        const get = (name: string) => request(house.url).get('/v1/sources').set(as(name));
        house.clock.now += 1_500;
        for (let i = 0; i < 3; i += 1) expect((await get('vera')).status).toBe(200);
        const refused = await get('vera');
        expect([refused.status, refused.type]).toEqual([429, 'application/problem+json']);
        expect(refused.headers['retry-after']).toBe('4');
        expect((await get('olaf')).status).toBe(200);
        house.clock.now += Number(refused.headers['retry-after']) * 1_000;
        expect((await get('vera')).status).toBe(200);
      },
      { pace: { requests: 3, perMs: 5_000 } },
    ),
  );

  it(
    'says that it may be tried again when the store is down, and nothing of what failed inside',
    inHouse(async ({ url, lines, closeStore }) => {
      await closeStore();
      const data = { userIdType: 'email', userId: 'ada@example.com' };
      const event = { type: 'user.kick', timestamp: '2026-11-20T08:00:00Z', data };
      const ask = await request(url).post('/v1/intents').set(as('olaf')).send(event);
      expect([ask.status, ask.headers['retry-after']]).toEqual([503, '5']);
      const status = await request(url).get('/v1/status').set(as('vera'));
      expect(status.status).toBeGreaterThanOrEqual(500);
      expect(status.type).toBe('application/problem+json');
      expect(status.text).not.toContain('database');
      expect(lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'a request failed' }));
    }),
  );

  it(
    'counts wrong tokens, here and at the console, and has the log say from where, sixty times a minute at most',
    inHouse(
      async ({ url, lines, wrongTokens, clock }) => {
        const guess = `Bearer ${'x'.repeat(32)}`;
        const ask = () => request(url).get('/v1/status').set('x-forwarded-for', '203.0.113.9');
        const console = { 'x-offboard-console': '1', 'x-forwarded-for': '203.0.113.9' };
        await ask();
        await request(url).get('/console/session').set(console);
        expect([wrongTokens.count, lines]).toEqual([0, []]);
        await ask().set('authorization', guess);
        await request(url).post('/console/session').set(console).send({ token: 'wrong' });
        const line = {
          level: 'warn',
          message: 'a token of the operator API is wrong',
          facts: { sender: '203.0.113.9' },
        };
        expect([wrongTokens.count, lines]).toEqual([2, [line, line]]);
        for (let n = 0; n < 60; n += 1) await ask().set('authorization', guess);
        expect([wrongTokens.count, lines.length]).toEqual([62, 60]);
        clock.now += 60_000;
        await ask().set('authorization', guess);
        expect(lines).toHaveLength(61);
      },
      { trustProxy: 1 },
    ),
  );
});

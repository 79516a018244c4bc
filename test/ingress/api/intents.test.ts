import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { as, deliveryOf, type House, inHouse } from '../house.ts';

function event(type: string, userId = 'ada@example.com', extra: object = {}): object {
  return { type, timestamp: '2026-11-20T07:59:00Z', data: { userIdType: 'email', userId, ...extra } };
}

function ask({ url }: House, body: object | string, headers: Record<string, string> = as('olaf')) {
  return request(url).post('/v1/intents').set(headers).set('content-type', 'application/json').send(body);
}

const get = ({ url }: House, path: string) => request(url).get(path).set(as('vera'));

/** An intent of the machine `hr` that is held, because its event is eight days old. */
async function holdStale(house: House, action = 'resign'): Promise<string> {
  const occurredAt = house.clock.now - 8 * 86_400_000;
  const people = [{ action, email: 'ada@example.com', occurredAt }];
  const reception = await house.receiver.receive('hr', deliveryOf({ people }));
  if (reception.kind !== 'receipt' || reception.receipt.kind !== 'accepted') throw new Error(reception.kind);
  return String(reception.receipt.intents[0]);
}

describe('POST /v1/intents', () => {
  it(
    'accepts what a person asks for, in their name, and says where to look',
    inHouse(async (house) => {
      const answer = await ask(house, event('user.kick'));
      expect(answer.status).toBe(202);
      expect(answer.body).toEqual({ status: 'accepted', intents: [expect.any(String)] });
      const { body } = await get(house, String(answer.headers.location));
      expect(body).toMatchObject({
        id: answer.body.intents[0],
        action: 'kick',
        status: 'pending',
        source: 'api',
        actor: 'api:olaf',
        userIdType: 'email',
        userId: 'ada@example.com',
        occurredAt: '2026-11-20T07:59:00.000Z',
        receivedAt: '2026-11-20T08:00:00.000Z',
        outcomes: [],
      });
    }),
  );

  it(
    'gives the same ids to the same key with the same body, and 422 to another body',
    inHouse(async (house) => {
      const headers = { ...as('olaf'), 'idempotency-key': 'k1' };
      const first = await ask(house, event('user.kick'), headers);
      const again = await ask(house, event('user.kick'), headers);
      expect(again.status).toBe(202);
      expect(again.body).toEqual({ status: 'duplicate', intents: first.body.intents });
      expect(again.headers.location).toBe(first.headers.location);
      const other = await ask(house, event('user.kick', 'bob@example.com'), headers);
      expect([other.status, other.type]).toEqual([422, 'application/problem+json']);
    }),
  );

  it(
    'keeps the keys of different people apart, and takes a request without a key for a new one',
    inHouse(async (house) => {
      const ids = new Set<string>();
      for (const headers of [
        { ...as('olaf'), 'idempotency-key': 'k1' },
        { ...as('anna'), 'idempotency-key': 'k1' },
        as('olaf'),
        as('olaf'),
      ])
        ids.add((await ask(house, event('user.kick'), headers)).body.intents[0]);
      expect(ids.size).toBe(4);
    }),
  );

  it(
    'lists every fault of a body that cannot be read, keeps it, and leaves the key for a better one',
    inHouse(async (house) => {
      const headers = { ...as('olaf'), 'idempotency-key': 'k1' };
      const answer = await ask(house, { type: 'user.fire', data: { userId: 'x', extra: 1 } }, headers);
      expect([answer.status, answer.type]).toEqual([400, 'application/problem+json']);
      expect(answer.body.faults).toHaveLength(4);
      expect(answer.body.faults.map((fault: string) => fault.split(':')[0])).toEqual(
        expect.arrayContaining(['type', 'timestamp', 'data', 'data.userIdType']),
      );
      const { body } = await get(house, '/v1/dead-letters');
      expect(body.deadLetters).toMatchObject([{ id: answer.body.deadLetter, source: 'api' }]);
      expect((await ask(house, event('user.kick'), headers)).status).toBe(202);
      expect((await ask(house, event('user.kick'), headers)).body.status).toBe('duplicate');
      expect((await get(house, '/v1/dead-letters')).body.deadLetters).toEqual([]);
    }),
  );

  it(
    'keeps a mistake that is repeated without a key once',
    inHouse(async (house) => {
      const first = await ask(house, '{"type":');
      const again = await ask(house, '{"type":');
      expect(again.body.deadLetter).toBe(first.body.deadLetter);
    }),
  );

  it.each([
    ['truncated JSON', '{"type":'],
    ['an empty body', ''],
  ])('answers 400 to %s', (_what, body) =>
    inHouse(async (house) => {
      expect((await ask(house, body)).status).toBe(400);
    })(),
  );

  it(
    'answers 413 and 415 like every other route, and 400 to an odd key',
    inHouse(
      async (house) => {
        const large = event('user.kick', 'ada@example.com', { reason: 'x'.repeat(500) });
        expect((await ask(house, large)).status).toBe(413);
        expect((await ask(house, 'x').set('content-encoding', 'br')).status).toBe(415);
        const key = { ...as('olaf'), 'idempotency-key': 'x'.repeat(201) };
        expect((await ask(house, event('user.kick'), key)).status).toBe(400);
      },
      { maxBodyBytes: 300 },
    ),
  );

  it(
    'lets an operator’s withdraw void what another source has asked for',
    inHouse(async (house) => {
      const id = await holdStale(house);
      expect((await ask(house, event('user.withdraw'))).status).toBe(202);
      expect((await get(house, `/v1/intents/${id}`)).body).toMatchObject({
        status: 'canceled',
        failure: { code: 'withdrawn' },
      });
    }),
  );
});

describe('GET /v1/intents', () => {
  it(
    'finds a person by any identifier of theirs',
    inHouse(async (house) => {
      const identifiers = [
        { userIdType: 'external_id', userId: '1001' },
        { userIdType: 'email', userId: 'ada@example.com' },
      ];
      await ask(house, { type: 'user.kick', timestamp: '2026-11-20T07:59:00Z', data: { identifiers } });
      await ask(house, event('user.kick', 'bob@example.com'));
      const found = async (person: string) =>
        (await get(house, `/v1/intents?person=${encodeURIComponent(person)}`)).body.intents.length;
      expect(await found('external_id:1001')).toBe(1);
      expect(await found('email:Ada@Example.com')).toBe(1);
      expect(await found('email:eve@example.com')).toBe(0);
      expect(await found('username:ada@example.com')).toBe(0);
    }),
  );

  it(
    'pages through what there is, newest first, and filters it',
    inHouse(async (house) => {
      for (let i = 0; i < 5; i += 1) await ask(house, event('user.kick', `p${i}@example.com`));
      await ask(house, event('user.resign', 'held@example.com'));
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await get(house, `/v1/intents?limit=2&status=pending${cursor}`);
        seen.push(...body.intents.map((one: { userId: string }) => one.userId));
        cursor = body.next === null ? '' : `&cursor=${body.next}`;
      } while (cursor !== '');
      expect(seen).toEqual([4, 3, 2, 1, 0].map((i) => `p${i}@example.com`));
      const held = await get(house, '/v1/intents?status=held,failed&source=api');
      expect(held.body.intents).toMatchObject([
        { userId: 'held@example.com', failure: { code: 'needs_approval' } },
      ]);
      expect(held.body.next).toBeNull();
      expect((await get(house, '/v1/intents?status=settled')).body.intents).toEqual([]);
      await request(house.url).post(`/v1/intents/${held.body.intents[0].id}/cancel`).set(as('olaf'));
      expect((await get(house, '/v1/intents?status=settled')).body.intents).toMatchObject([
        { userId: 'held@example.com', status: 'canceled' },
      ]);
      const { person } = held.body.intents[0];
      expect((await get(house, `/v1/intents?person=${person}`)).body.intents).toHaveLength(1);
      expect((await get(house, '/v1/intents?source=hr')).body.intents).toEqual([]);
    }),
  );

  it.each([
    'cursor=x',
    'cursor=-1',
    'limit=0',
    'limit=1001',
    'limit=',
    'status=gone',
    'statu=held',
    'limit=1&limit=2',
  ])('answers 400 to ?%s, and says what is wrong', (query) =>
    inHouse(async (house) => {
      const { status, body } = await get(house, `/v1/intents?${query}`);
      expect([status, body.faults.length]).toEqual([400, 1]);
    })(),
  );

  it(
    'answers 404 to an id that is not there',
    inHouse(async (house) => {
      expect((await get(house, '/v1/intents/nothing')).status).toBe(404);
    }),
  );
});

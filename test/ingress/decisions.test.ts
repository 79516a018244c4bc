import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { acceptanceOf } from '../store/fixtures.ts';
import { as, deliveryOf, type House, inHouse, leaver, sourceOf } from './house.ts';

function event(type: string, userId = 'ada@example.com', extra: object = {}): object {
  return { type, timestamp: '2026-11-20T07:59:00Z', data: { userIdType: 'email', userId, ...extra } };
}

function ask({ url }: House, body: object | string, headers: Record<string, string> = as('olaf')) {
  return request(url).post('/v1/intents').set(headers).set('content-type', 'application/json').send(body);
}

const get = ({ url }: House, path: string) => request(url).get(path).set(as('vera'));
const post = ({ url }: House, path: string, name: string) => request(url).post(path).set(as(name));
const typesOf = async (house: House) => (await house.outcomes()).map(({ type }) => type);

/** An intent of the machine `hr` that is held, because its event is eight days old. */
async function holdStale(house: House, action = 'resign'): Promise<string> {
  const occurredAt = house.clock.now - 8 * 86_400_000;
  const people = [{ action, email: 'ada@example.com', occurredAt }];
  const reception = await house.receiver.receive('hr', deliveryOf({ people }));
  if (reception.kind !== 'receipt' || reception.receipt.kind !== 'accepted') throw new Error(reception.kind);
  return String(reception.receipt.intents[0]);
}

describe('decisions', () => {
  it(
    'need another person than the one who asked, and the attempt is recorded',
    inHouse(async (house) => {
      const { body } = await ask(house, event('user.resign'), as('anna'));
      const path = `/v1/intents/${body.intents[0]}/approve`;
      const own = await post(house, path, 'anna');
      expect([own.status, own.body.detail]).toEqual([403, 'nobody approves what they asked for']);
      const other = await post(house, path, 'abel').send({ reason: 'I have seen the letter' });
      expect(other.status).toBe(200);
      expect(other.body).toMatchObject({
        status: 'pending',
        failure: null,
        decisions: [{ by: 'api:abel', verdict: 'approved', reason: 'I have seen the letter' }],
      });
      expect(await typesOf(house)).toEqual(['user.resign.held', 'request.refused', 'user.resign.released']);
      expect((await post(house, path, 'abel')).status).toBe(409);
    }),
  );

  it(
    'release a held machine intent at once, without the grace of a burst',
    inHouse(async (house) => {
      const id = await holdStale(house);
      const { body } = await post(house, `/v1/intents/${id}/approve`, 'anna');
      expect(body).toMatchObject({ status: 'pending', dueAt: '2026-11-20T08:00:00.000Z' });
    }),
  );

  it(
    'need one approval of what is held as both stale and asked for by a person',
    inHouse(async (house) => {
      const timestamp = '2026-11-01T00:00:00Z';
      const { body } = await ask(house, { ...event('user.resign'), timestamp });
      const approved = await post(house, `/v1/intents/${body.intents[0]}/approve`, 'anna');
      expect(approved.body.status).toBe('pending');
    }),
  );

  it(
    'cancel what waits, once',
    inHouse(async (house) => {
      const id = await holdStale(house);
      const canceled = await post(house, `/v1/intents/${id}/cancel`, 'olaf');
      expect(canceled.body).toMatchObject({ status: 'canceled', failure: { code: 'canceled_by_operator' } });
      expect((await post(house, `/v1/intents/${id}/cancel`, 'olaf')).status).toBe(409);
      expect((await post(house, `/v1/intents/${id}/approve`, 'anna')).status).toBe(409);
    }),
  );

  it(
    'retry what ended undone as a new intent of that person’s asking, once',
    inHouse(async (house) => {
      const id = await holdStale(house, 'kick');
      const path = `/v1/intents/${id}/retry`;
      const early = await post(house, path, 'olaf');
      expect([early.status, early.body.detail]).toEqual([
        409,
        'it is held; only what ended undone can be retried',
      ]);
      await post(house, `/v1/intents/${id}/cancel`, 'olaf');
      const first = await post(house, path, 'olaf');
      const again = await post(house, path, 'anna');
      expect([first.status, again.status]).toEqual([202, 202]);
      expect(again.body).toEqual({ status: 'duplicate', intents: first.body.intents });
      expect((await get(house, String(first.headers.location))).body).toMatchObject({
        retryOf: id,
        source: 'hr',
        eventId: `retry:${id}`,
        actor: 'api:olaf',
        status: 'held',
        failure: { code: 'stale' },
      });
    }),
  );

  it(
    'hold the retry of a resign until another has approved it',
    inHouse(async (house) => {
      const reception = await house.receiver.receive('hr', deliveryOf({ people: [leaver()] }));
      if (reception.kind !== 'receipt' || reception.receipt.kind !== 'accepted')
        throw new Error(reception.kind);
      const [id] = reception.receipt.intents;
      await post(house, `/v1/intents/${id}/cancel`, 'anna');
      const { body } = await post(house, `/v1/intents/${id}/retry`, 'anna');
      const approve = `/v1/intents/${body.intents[0]}/approve`;
      expect((await post(house, approve, 'anna')).status).toBe(403);
      expect((await post(house, approve, 'abel')).status).toBe(200);
    }),
  );

  it(
    'do not count as a sign of life of the source whose intent they retry',
    inHouse(async (house) => {
      const id = await holdStale(house);
      await post(house, `/v1/intents/${id}/cancel`, 'olaf');
      await post(house, `/v1/intents/${id}/retry`, 'olaf');
      expect(house.receipts).toEqual([['hr', 'accepted']]);
    }),
  );

  it(
    'do not let go on what its source may not cause any more',
    inHouse(
      async (house) => {
        const hold = { code: 'status_unknown', message: 'unclear' } as const;
        const { intents } = await house.store.accept(acceptanceOf({ hold, at: house.clock.now }));
        const answer = await post(house, `/v1/intents/${intents[0]}/approve`, 'anna');
        expect([answer.status, answer.body.detail]).toEqual([409, 'this source may not resign']);
      },
      { sources: [sourceOf({ actions: ['kick'] })] },
    ),
  );

  it.each(['approve', 'cancel', 'retry'])(
    'answer 404 to %s of what is not there, 400 to an odd body',
    (verb) =>
      inHouse(async (house) => {
        expect((await post(house, `/v1/intents/x/${verb}`, 'anna')).status).toBe(404);
        expect((await post(house, `/v1/intents/x/${verb}`, 'anna').send({ why: 1 })).status).toBe(400);
      })(),
  );
});

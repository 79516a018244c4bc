import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { acceptanceOf } from '../store/fixtures.ts';
import { as, deliveryOf, type House, inHouse, sourceOf } from './house.ts';

const day = 86_400_000;
const get = ({ url }: House, path: string) => request(url).get(path).set(as('vera'));
const post = ({ url }: House, path: string, name = 'anna') => request(url).post(path).set(as(name));

/** So many intents of `hr` that are held, because their events are eight days old. @returns their set */
async function holdStale(house: House, count: number, extra: object = {}): Promise<string> {
  const occurredAt = house.clock.now - 8 * day;
  const people = Array.from({ length: count }, (_, n) => ({
    ...{ action: 'resign', email: `u${n}@example.com`, occurredAt },
    ...extra,
  }));
  await house.receiver.receive('hr', deliveryOf({ id: 'export', people }));
  await house.tend();
  return (await get(house, '/v1/held')).body.held[0].id;
}

const askFor = (name: string) => ({
  type: 'user.resign',
  timestamp: '2026-11-20T07:59:00Z',
  data: { userIdType: 'email', userId: `${name}@example.com` },
});

/** As a command in Slack does, once whoever typed it has confirmed it. */
async function askInSlack({ receiver }: House, slackUser: string, name: string) {
  const identifiers = [{ userIdType: 'email', userId: `${name}@example.com` } as const];
  const taken = await receiver.request({
    source: 'slack',
    eventId: name,
    actor: `slack:${slackUser}`,
    parts: [{ action: 'resign', identifiers }],
    delivery: deliveryOf({ name }),
  });
  if (taken.kind !== 'receipt' || taken.receipt.kind !== 'accepted') throw new Error(taken.kind);
  return taken.receipt;
}

const statuses = async ({ store }: House) => {
  const query = { statuses: null, person: null, source: null, cursor: null, limit: 1_000 };
  return (await store.listIntents(query)).items.map(({ status }) => status);
};

describe('sets of what is held', () => {
  it(
    'are listed with what they are, and are released as one, with who and why on each',
    inHouse(async (house) => {
      const id = await holdStale(house, 250);
      const { body } = await get(house, `/v1/held/${id}`);
      const facts = { source: 'hr', action: 'resign', code: 'stale', actor: null, day: null, decision: null };
      expect(body).toMatchObject({ id, ...facts, waiting: 250, size: 250 });
      expect(body.sample).toHaveLength(10);
      const released = await post(house, `/v1/held/${id}/release`).send({ reason: 'a replay', count: 250 });
      expect([released.status, released.body.waiting, released.body.decision]).toEqual([
        200,
        0,
        { by: 'api:anna', at: '2026-11-20T08:00:00.000Z', verdict: 'approved', reason: 'a replay' },
      ]);
      expect(new Set(await statuses(house))).toEqual(new Set(['pending']));
      const { intents } = (await get(house, `/v1/intents?set=${id}&limit=1000`)).body;
      expect(intents).toHaveLength(250);
      for (const { decisions } of intents) expect(decisions).toEqual([released.body.decision]);
      expect((await get(house, '/v1/held')).body).toEqual({ held: [], next: null });
      const decided = (await house.outcomes()).find(({ type }) => type === 'operator.decided');
      expect(decided?.data).toMatchObject({ reference: id, verdict: 'approved', actor: 'api:anna' });
    }),
  );

  it(
    'are canceled as one, and decided once',
    inHouse(async (house) => {
      const id = await holdStale(house, 3);
      expect((await post(house, `/v1/held/${id}/cancel`).send({ reason: 'a mistake' })).status).toBe(200);
      expect(await statuses(house)).toEqual(['canceled', 'canceled', 'canceled']);
      const again = await post(house, `/v1/held/${id}/release`, 'abel');
      expect([again.status, again.body.detail]).toEqual([409, 'api:anna has decided it already']);
      expect((await post(house, '/v1/held/nothing-h1/release')).status).toBe(404);
    }),
  );

  it(
    'are not released when there are others than whoever decides has seen',
    inHouse(async (house) => {
      const id = await holdStale(house, 3);
      const { status, body } = await post(house, `/v1/held/${id}/release`).send({ count: 2 });
      expect([status, body.detail]).toEqual([409, '3 wait now, not 2; look again']);
      expect((await post(house, `/v1/held/${id}/release`).send({ count: 0 })).status).toBe(400);
      expect(await statuses(house)).toEqual(['held', 'held', 'held']);
    }),
  );

  it(
    'are not released by whoever asked for them',
    inHouse(async (house) => {
      for (const name of ['ada', 'bob']) await post(house, '/v1/intents', 'anna').send(askFor(name));
      await house.tend();
      const [{ id, waiting, actor }] = (await get(house, '/v1/held')).body.held;
      expect([waiting, actor]).toEqual([2, 'api:anna']);
      expect((await post(house, `/v1/held/${id}/release`, 'anna')).status).toBe(403);
      expect((await post(house, `/v1/held/${id}/release`, 'abel')).status).toBe(200);
      expect(await statuses(house)).toEqual(['pending', 'pending']);
    }),
  );

  it(
    'are not released by whoever asked for them another way',
    inHouse(async (house) => {
      await post(house, '/v1/intents', 'anna').send(askFor('ada'));
      const { intents, ...asked } = await askInSlack(house, 'U0ANNA', 'bob');
      expect(asked).toEqual({ kind: 'accepted' });
      await house.tend();
      const { held } = (await get(house, '/v1/held')).body;
      expect(held.map(({ actor }: { actor: string }) => actor)).toEqual(['slack:U0ANNA', 'api:anna']);
      const [inSlack, byApi] = held;
      expect((await post(house, `/v1/held/${inSlack.id}/release`, 'anna')).status).toBe(403);
      expect((await post(house, `/v1/intents/${intents[0]}/approve`, 'anna')).status).toBe(403);
      const decision = { verdict: 'approved', reason: null, count: null } as const;
      expect(await house.heldSets.decide(byApi.id, { ...decision, actor: 'slack:U0ANNA' })).toEqual({
        kind: 'own-request',
      });
      expect(await statuses(house)).toEqual(['held', 'held']);
      expect(await house.heldSets.decide(byApi.id, { ...decision, actor: 'slack:U0ABEL' })).toEqual({
        kind: 'done',
      });
      expect((await post(house, `/v1/held/${inSlack.id}/cancel`, 'anna')).status).toBe(200);
    }),
  );

  it(
    'keep their dates, and pass every other check again',
    inHouse(async (house) => {
      const id = await holdStale(house, 2, { effectiveAt: house.clock.now + 400 * day });
      await post(house, `/v1/held/${id}/release`);
      await house.tend();
      const [{ code, waiting, sample }] = (await get(house, '/v1/held')).body.held;
      expect([code, waiting]).toEqual(['far_future', 2]);
      expect(sample[0].decisions).toHaveLength(1);
    }),
  );

  it(
    'are canceled where their source may not do that any more',
    inHouse(
      async (house) => {
        const hold = { code: 'status_unknown', message: 'unclear' } as const;
        await house.store.accept(acceptanceOf({ hold, at: house.clock.now }));
        await house.tend();
        const [{ id }] = (await get(house, '/v1/held')).body.held;
        expect((await post(house, `/v1/held/${id}/release`)).status).toBe(200);
        expect(await statuses(house)).toEqual(['canceled']);
      },
      { sources: [sourceOf({ actions: ['kick'] })] },
    ),
  );

  it(
    'are finished by the next who comes when a process ended half-way',
    inHouse(async (house) => {
      const id = await holdStale(house, 300);
      const decision = { by: 'api:anna', at: house.clock.now, verdict: 'approved', reason: null } as const;
      await house.store.decideHeldSet(id, decision, null);
      expect(await house.heldSets.finish()).toBe(300);
      expect(await house.heldSets.finish()).toBe(0);
      expect(new Set(await statuses(house))).toEqual(new Set(['pending']));
      const decisions = (await house.outcomes()).filter(({ type }) => type === 'operator.decided');
      expect(decisions.map(({ data }) => data)).toMatchObject([
        { actor: 'api:anna', reference: id, verdict: 'approved' },
      ]);
    }),
  );

  it(
    'have to be asked about anew after a while, one by one and as a whole',
    inHouse(async (house) => {
      const id = await holdStale(house, 2);
      house.clock.now += 7 * day + 1;
      const late = await post(house, `/v1/held/${id}/release`);
      expect([late.status, late.body.detail]).toEqual([409, expect.stringContaining('asked about anew')]);
      const [{ id: intent }] = (await get(house, '/v1/intents')).body.intents;
      expect((await post(house, `/v1/intents/${intent}/approve`)).status).toBe(409);
      await house.tend();
      const [fresh] = (await get(house, '/v1/held')).body.held;
      expect(fresh.id).not.toBe(id);
      expect(fresh.sample[0].failure.message).toMatch(/^held since 2026-11-20T08:00:00.000Z: /);
      expect((await post(house, `/v1/held/${id}/release`)).body.detail).toBe('nothing of it waits any more');
      expect((await post(house, `/v1/held/${fresh.id}/release`)).status).toBe(200);
      expect(await statuses(house)).toEqual(['pending', 'pending']);
    }),
  );
});

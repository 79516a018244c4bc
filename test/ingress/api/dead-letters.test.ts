import { rm } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { as, deliveryOf, type House, inHouse, leaver, openHouse, sourceOf, toyHandler } from '../house.ts';

const get = ({ url }: House, path: string, name = 'vera') => request(url).get(path).set(as(name));
const post = ({ url }: House, path: string, name = 'olaf') => request(url).post(path).set(as(name));

async function bury(house: House, content: unknown = '{"people": "Ada"}'): Promise<string> {
  const reception = await house.receiver.receive('hr', deliveryOf(content));
  if (reception.kind !== 'receipt' || reception.receipt.kind !== 'dead-letter')
    throw new Error(JSON.stringify(reception));
  return reception.receipt.id;
}

describe('dead letters', () => {
  it(
    'are listed newest first, in pages, without their payloads',
    inHouse(async (house) => {
      const ids = [await bury(house, '1'), await bury(house, '2'), await bury(house, '3')];
      const first = await get(house, '/v1/dead-letters?limit=2');
      const second = await get(house, `/v1/dead-letters?limit=2&cursor=${first.body.next}`);
      const listed = [...first.body.deadLetters, ...second.body.deadLetters];
      expect(listed.map(({ id }) => id)).toEqual(ids.toReversed());
      expect(second.body.next).toBeNull();
      expect(listed[0]).toEqual({
        id: ids[2],
        source: 'hr',
        eventId: expect.any(String),
        part: 0,
        receivedAt: '2026-11-20T08:00:00.000Z',
        faults: ['body: has no people'],
        tries: 1,
        status: 'open',
      });
      expect((await get(house, '/v1/dead-letters?cursor=zz')).status).toBe(400);
    }),
  );

  it(
    'show their payload to an approver, who is recorded first',
    inHouse(async (house) => {
      const id = await bury(house);
      const { status, body } = await get(house, `/v1/dead-letters/${id}/payload`, 'anna');
      expect(status).toBe(200);
      expect(body).toMatchObject({ method: 'POST', query: {}, headers: {}, text: '{"people": "Ada"}' });
      expect(Buffer.from(body.body, 'base64').toString()).toBe('{"people": "Ada"}');
      const { type, data } = (await house.outcomes()).at(-1) ?? {};
      expect(type).toBe('operator.decided');
      expect(data).toMatchObject({ actor: 'api:anna', reference: id, verdict: 'payload_viewed' });
      expect((await get(house, '/v1/dead-letters/x/payload', 'anna')).status).toBe(404);
    }),
  );

  it('are read again when they are replayed, after the handler has learned to', async () => {
    const before = await openHouse();
    const id = await bury(before, { persons: [leaver()] }).finally(before.stop);
    const handler = {
      ...toyHandler,
      normalize: (delivery: Parameters<typeof toyHandler.normalize>[0]) =>
        toyHandler.normalize(
          { ...delivery, body: Buffer.from(String(delivery.body).replace('persons', 'people')) },
          {},
        ),
    };
    const after = await openHouse({ folder: before.folder, sources: [sourceOf({ handler })] });
    try {
      const replayed = await post(after, `/v1/dead-letters/${id}/replay`);
      expect(replayed.status).toBe(200);
      expect(replayed.body).toEqual({ status: 'accepted', intents: [expect.any(String)] });
      expect((await post(after, `/v1/dead-letters/${id}/replay`)).status).toBe(409);
      expect((await get(after, '/v1/dead-letters')).body.deadLetters).toEqual([]);
      expect((await after.outcomes()).map(({ type }) => type)).toEqual([
        'delivery.dead_lettered',
        'operator.decided',
      ]);
    } finally {
      await after.stop();
      await rm(after.folder, { recursive: true });
    }
  });

  it('are resolved when it turns out that they are about nobody', async () => {
    const before = await openHouse();
    const id = await bury(before).finally(before.stop);
    const handler = { ...toyHandler, normalize: () => [] };
    const after = await openHouse({ folder: before.folder, sources: [sourceOf({ handler })] });
    try {
      expect((await post(after, `/v1/dead-letters/${id}/replay`)).body).toEqual({ status: 'ignored' });
      expect((await get(after, '/v1/dead-letters')).body.deadLetters).toEqual([]);
      expect((await post(after, `/v1/dead-letters/${id}/replay`)).status).toBe(409);
    } finally {
      await after.stop();
      await rm(after.folder, { recursive: true });
    }
  });

  it(
    'stay, with what is wrong, when they still cannot be read',
    inHouse(async (house) => {
      const id = await bury(house);
      const { body } = await post(house, `/v1/dead-letters/${id}/replay`);
      expect(body).toEqual({ status: 'dead-letter', id, faults: ['body: has no people'] });
      expect((await get(house, '/v1/dead-letters')).body.deadLetters).toMatchObject([{ id, tries: 2 }]);
      expect((await post(house, '/v1/dead-letters/x/replay')).status).toBe(404);
    }),
  );

  it('cannot be replayed when their source is gone', async () => {
    const before = await openHouse();
    const id = await bury(before).finally(before.stop);
    const after = await openHouse({ folder: before.folder, sources: [] });
    try {
      expect((await post(after, `/v1/dead-letters/${id}/replay`)).status).toBe(409);
    } finally {
      await after.stop();
      await rm(after.folder, { recursive: true });
    }
  });

  it(
    'of a person’s request count as asked for by whoever replays them',
    inHouse(async (house) => {
      const data = { userIdType: 'email', userId: 'ada@example.com' };
      const event = { type: 'user.resign', timestamp: '2026-11-20T08:00:00Z', data };
      const { contentDigest: _digest } = await house.store.accept({
        source: 'api',
        eventId: 'unreadable:olaf:1',
        retrySpanMs: null,
        contentDigest: '',
        receivedAt: house.clock.now,
        parts: [{ kind: 'unreadable', faults: ['an older release could not read this'] }],
        payload: {
          method: 'POST',
          query: {},
          headers: {},
          body: Buffer.from(JSON.stringify(event)),
          position: null,
        },
      });
      const [letter] = (await house.store.listDeadLetters({ cursor: null, limit: 1 })).items;
      const { body } = await post(house, `/v1/dead-letters/${letter?.id}/replay`, 'anna');
      const { body: intent } = await get(house, `/v1/intents/${body.intents[0]}`);
      expect(intent).toMatchObject({
        actor: 'api:anna',
        status: 'held',
        failure: { code: 'needs_approval' },
      });
    }),
  );
});

import { rm } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { as, deliveryOf, type House, inHouse, leaver, openHouse } from '../house.ts';

const get = ({ url }: House, path: string) => request(url).get(path).set(as('vera'));
const post = ({ url }: House, path: string, body: object) =>
  request(url).post(path).set(as('olaf')).send(body);

describe('pause and resume', () => {
  it('survive a restart, and are recorded', async () => {
    const before = await openHouse();
    const pause = { scope: 'resign', reason: 'a reorganisation' };
    const paused = await post(before, '/v1/pause', pause).then((answer) => answer);
    await before.stop();
    const entry = { ...pause, by: 'api:olaf', at: '2026-11-20T08:00:00.000Z' };
    expect([paused.status, paused.body]).toEqual([200, { pauses: [entry] }]);
    const after = await openHouse({ folder: before.folder });
    try {
      expect((await get(after, '/v1/status')).body.pauses).toEqual([entry]);
      const resumed = await post(after, '/v1/resume', { scope: 'resign', reason: 'done' });
      expect(resumed.body).toEqual({ pauses: [] });
      expect((await get(after, '/v1/status')).body.pauses).toEqual([]);
      expect((await after.outcomes()).map(({ type, data }) => ({ type, ...data }))).toMatchObject([
        { type: 'operator.decided', actor: 'api:olaf', reference: 'resign', verdict: 'paused' },
        { type: 'operator.decided', actor: 'api:olaf', reference: 'resign', verdict: 'resumed' },
      ]);
    } finally {
      await after.stop();
      await rm(after.folder, { recursive: true });
    }
  });

  it(
    'take all, an action or a source, and accepting goes on',
    inHouse(async (house) => {
      for (const scope of ['all', 'resign', 'kick', 'hr', 'api'])
        expect((await post(house, '/v1/pause', { scope })).status).toBe(200);
      const reception = await house.receiver.receive('hr', deliveryOf({ people: [leaver()] }));
      expect(reception).toMatchObject({ receipt: { kind: 'accepted' } });
    }),
  );

  it.each([{ scope: 'withdraw' }, { scope: 'nobody' }, { scope: '' }, {}, { scope: 'all', until: 'noon' }])(
    'answer 400 to %j',
    (body) =>
      inHouse(async (house) => {
        expect((await post(house, '/v1/pause', body)).status).toBe(400);
        expect((await house.outcomes()).length).toBe(0);
      })(),
  );

  it(
    'can resume a source that is gone from the configuration',
    inHouse(async (house) => {
      const pause = { scope: 'gone', by: 'api:olaf', at: house.clock.now, reason: null };
      await house.store.setPause({ ...pause, verdict: 'paused' });
      expect((await post(house, '/v1/resume', { scope: 'gone' })).body).toEqual({ pauses: [] });
      expect((await post(house, '/v1/resume', { scope: 'gone' })).status).toBe(400);
    }),
  );
});

describe('status and sources', () => {
  it(
    'say how much waits, and which source is silent',
    inHouse(
      async (house) => {
        const people = [leaver('ada@example.com', { effectiveAt: house.clock.now + 86_400_000 })];
        await house.receiver.receive('hr', deliveryOf({ people }));
        await house.sequence();
        const ok = (await get(house, '/v1/status')).body;
        expect(ok).toMatchObject({ status: 'ok', degraded: [], pauses: [] });
        expect(ok.figures).toMatchObject({ due: 0, scheduled: 1, held: 0, headPosition: 1, publishers: [] });
        house.clock.now += 60_001;
        const later = (await get(house, '/v1/status')).body;
        expect(later.status).toBe('degraded');
        expect(later.degraded).toContainEqual({
          code: 'source_silent',
          about: 'hr',
          message: 'nothing has come from hr since 2026-11-20T08:00:00.000Z',
        });
        const { sources } = (await get(house, '/v1/sources')).body;
        expect(sources[0]).toEqual({
          id: 'hr',
          lastDeliveryAt: '2026-11-20T08:00:00.000Z',
          knownSince: '2026-11-20T08:00:00.000Z',
          receipts: { accepted: 1 },
          errorRate: 0,
          expectEverySeconds: 60,
          silent: true,
          connected: null,
        });
      },
      { expectEveryMs: 60_000 },
    ),
  );

  it(
    'say that something is late, and that nothing more is taken in',
    inHouse(
      async (house) => {
        await house.receiver.receive('hr', deliveryOf({ people: [leaver()] }));
        const codes = async () =>
          (await get(house, '/v1/status')).body.degraded.map(({ code }: { code: string }) => code);
        expect(await codes()).toEqual(['backlog_full']);
        house.clock.now += 15 * 60_000 + 3_001;
        expect(await codes()).toEqual(['overdue', 'backlog_full']);
      },
      { backlogLimit: 1 },
    ),
  );
});

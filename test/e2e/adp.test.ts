import { afterEach, describe, expect, it } from '@jest/globals';
import { startAdpServer } from '../ingress/adp-server.ts';
import { pemFile } from '../support/tls.ts';
import { until } from '../support/until.ts';
import { inHouse, person } from './house.ts';
import { endProcesses } from './process.ts';

afterEach(endProcesses);

const reference = (name: string) => `\${file:${pemFile(name)}}`;

const leaver = {
  events: [
    {
      eventID: 'e1',
      eventNameCode: { codeValue: 'worker.terminate' },
      data: {
        output: { worker: { associateOID: '1', workerDates: { terminationDate: '2026-01-31' } } },
      },
    },
  ],
};

describe('a bridge that polls ADP', () => {
  it('takes an event in once, though it is killed before the message is removed', async () => {
    const adp = await startAdpServer();
    const source = {
      handler: 'adp',
      clientId: 'an id',
      clientSecret: 'a secret',
      certificate: reference('client.pem'),
      privateKey: reference('client.key'),
      authorities: reference('authority.pem'),
      apiUrl: adp.apiUrl,
      tokenUrl: adp.tokenUrl,
      identifyBy: ['external_id'],
      timezone: 'America/New_York',
    };
    const test = inHouse(
      async (house) => {
        house.emulator.addUsers([person(1)]);
        const removing = Promise.withResolvers<void>();
        adp.holdRemovals(removing.promise);
        adp.fail({ DELETE: { status: 500 } });
        adp.put('m1', leaver);
        await house.start();
        await until(() => adp.asked.includes('DELETE'), 'the message was kept');
        expect(await house.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
        removing.resolve();
        expect(adp.queued()).toEqual(['m1']);

        adp.fail({});
        await house.start();
        await until(() => adp.queued().length === 0, 'the message was removed');
        await house.untilOutcomes({ 'user.resign.succeeded': 1 });
        const { sources } = Object((await house.ask('/sources')).body);
        expect(sources).toContainEqual(
          expect.objectContaining({ id: 'adp', receipts: { duplicate: 1 }, connected: true }),
        );
        expect((await house.deliver({ source: 'adp', headers: {}, body: '{}' })).status).toBe(404);
        const resigns = house.emulator.calls().filter(({ endpoint }) => endpoint === 'resign-user-batch');
        expect(resigns).toHaveLength(1);

        adp.fail({ GET: { status: 503 }, token: { status: 503 } });
        await until(async () => {
          const { degraded } = Object((await house.ask('/status')).body);
          return /stream_disconnected.+answered with 503/.test(JSON.stringify(degraded));
        }, 'the status says that nothing comes in');
        expect(house.bridge.stdout()).not.toContain('a secret');
        expect(house.bridge.stdout()).not.toContain('PRIVATE KEY');
        expect(await house.stop()).toEqual({ code: 0, signal: null });
      },
      // Of a short timeout, so that what the killed process had in hand is soon taken up by the next.
      { sources: { adp: source }, genauth: { timeout: '300ms' } },
    );
    await test().finally(adp.close);
  }, 60_000);
});

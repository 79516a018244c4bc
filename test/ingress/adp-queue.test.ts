import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { adp } from '../../handlers/adp.ts';
import type { Receiver } from '../../src/ingress/receive.ts';
import { createStreams, type Streams } from '../../src/ingress/streams.ts';
import { readFixture } from '../handlers/handler-suite.ts';
import { pem } from '../support/tls.ts';
import { until } from '../support/until.ts';
import { type AdpServer, startAdpServer } from './adp-server.ts';
import { type House, openHouse, sourceOf } from './house.ts';

let server: AdpServer;
let house: House;
const open: Streams[] = [];

beforeEach(async () => {
  server = await startAdpServer();
  house = await openHouse({ sources: [sourceWith({})] });
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((streams) => streams.close()));
  await house.stop();
  await rm(house.folder, { recursive: true });
  await server.close();
});

const leaver = (id: string, eventID = `event-${id}`) => ({
  events: [
    {
      eventID,
      eventNameCode: { codeValue: 'worker.terminate' },
      data: { output: { worker: { associateOID: id, workerStatus: { statusCode: { codeValue: 'T' } } } } },
    },
  ],
});

function sourceWith(more: Readonly<Record<string, unknown>>) {
  const settings = adp.settings.parse({
    clientId: 'an id',
    clientSecret: 'a secret',
    ...pem.client,
    authorities: pem.authority,
    apiUrl: server.apiUrl,
    tokenUrl: server.tokenUrl,
    identifyBy: ['external_id'],
    timezone: 'America/New_York',
    pollEvery: '1s',
    ...more,
  });
  return sourceOf({ id: 'adp', handler: adp, settings, transport: 'stream' });
}

/** Polls the queue into a real store, as the bridge does. */
function poll(
  more: Readonly<Record<string, unknown>> = {},
  receiver: Pick<Receiver, 'receive'> = house.receiver,
): Streams {
  const sources = new Map([['adp', sourceWith(more)]]);
  const streams = createStreams({ receiver, sources, log: house.log, random: () => 0 });
  open.push(streams);
  streams.start();
  return streams;
}

const kept = async () => (await house.store.listIntents({ ...anything, ...page })).items;
const letters = async () => (await house.store.listDeadLetters(page)).items;
const page = { cursor: null, limit: 100 };
const anything = { statuses: null, person: null, source: null };
const kinds = () => house.receipts.map(([, kind]) => kind);
const warnings = () => house.lines.filter(({ level }) => level === 'warn').map(({ facts }) => facts);

describe("ADP's queue", () => {
  it('is emptied in order, each message removed after it is kept; an event that is no leaver too', async () => {
    server.put('m1', readFixture('adp/worker-terminate.json'));
    server.put('m2', { events: [{ eventID: 'e2', eventNameCode: { codeValue: 'worker.photo.change' } }] });
    server.put('m/3', leaver('1003'));
    const streams = poll();
    await until(() => server.queued().length === 0);
    expect(kinds()).toEqual(['accepted', 'ignored', 'accepted']);
    expect((await kept()).map(({ subject, eventId }) => [subject, eventId])).toEqual([
      ['1003', 'event-1003'],
      ['G32B8JAXA1W3SXG5', '48e1a349-2b01-4bf0-85ac-b86b37b8d8ae'],
    ]);
    expect(server.asked.slice(0, 7)).toEqual(['token', 'GET', 'DELETE', 'GET', 'DELETE', 'GET', 'DELETE']);
    expect(new Set(server.preferences)).toContain('/adp/long-polling');
    expect(streams.isConnected('adp')).toBe(true);
    expect(streams.isConnected('another')).toBeNull();
  });

  it('is asked one question at a time, and no more often than it should be while it is empty', async () => {
    const startedAt = performance.now();
    poll({ longPolling: false });
    await until(() => server.asked.filter((one) => one === 'GET').length === 3);
    expect(performance.now() - startedAt).toBeGreaterThan(1_900);
    expect(server.preferences).toEqual([undefined, undefined, undefined]);
    expect(server.asked.filter((one) => one === 'token')).toHaveLength(1);
  });

  it('keeps what the store could not take, and gives it again', async () => {
    server.put('m1', leaver('1001'));
    let isBusy = true;
    const streams = poll(undefined, {
      receive: async (...how) => (isBusy ? { kind: 'busy' } : house.receiver.receive(...how)),
    });
    await until(() => warnings().some((facts) => Object(facts).failures === 1));
    expect(streams.disconnected()).toMatchObject([{ source: 'adp' }]);
    expect(server.asked).not.toContain('DELETE');
    isBusy = false;
    await until(() => server.queued().length === 0);
    expect(kinds()).toEqual(['accepted']);
  });

  it('gives again what was kept but not removed, and it counts once', async () => {
    server.put('m1', leaver('1001'));
    server.fail({ DELETE: { status: 500 } });
    const streams = poll();
    await until(() => kinds().length > 1);
    await until(() => streams.disconnected().length === 1);
    server.fail({});
    await until(() => server.queued().length === 0);
    expect(new Set(kinds())).toEqual(new Set(['accepted', 'duplicate']));
    expect(await kept()).toHaveLength(1);
    expect(warnings()).toContainEqual(
      expect.objectContaining({ reason: expect.stringContaining('removal of a message with 500') }),
    );
  });

  it('may be asked by two at once: each event counts once, and what the other removed is removed', async () => {
    const held = Promise.withResolvers<void>();
    server.holdRemovals(held.promise);
    server.put('m1', leaver('1001'));
    poll();
    const second = poll();
    await until(() => server.asked.filter((one) => one === 'DELETE').length === 2);
    held.resolve();
    server.put('m2', leaver('1002'));
    await until(() => server.queued().length === 0 && kinds().length >= 3);
    expect(await kept()).toHaveLength(2);
    expect(second.disconnected()).toEqual([]);
    expect(warnings()).toEqual([]);
  });

  it('is not held up by a message that cannot be read: that becomes a dead letter, and is removed', async () => {
    server.put('m1', 'no json');
    server.put('m2', { events: [{ eventID: 'e2', eventNameCode: { codeValue: 'worker.terminate' } }] });
    server.put('m3', leaver('1003'));
    poll();
    await until(() => server.queued().length === 0);
    expect(kinds()).toEqual(['dead-letter', 'dead-letter', 'accepted']);
    // What has no id of its own goes by that of its message.
    expect((await letters()).map(({ eventId }) => eventId)).toEqual(['e2', 'm1']);
    const [, first] = await letters();
    expect(first && (await house.store.findDeadLetter(first.id))?.payload.body.toString()).toBe('no json');
  });

  it('is asked with a new token before the old one expires, and after it is refused', async () => {
    server.setLifetime(60);
    poll();
    await until(() => server.asked.filter((one) => one === 'GET').length === 2);
    expect(server.asked).toEqual(['token', 'GET', 'token', 'GET']);
    server.fail({ GET: { status: 401 } });
    await until(() => warnings().length > 0);
    server.fail({});
    server.put('m1', leaver('1001'));
    await until(() => server.queued().length === 0);
  });

  it.each<[string, Parameters<AdpServer['fail']>[0], string]>([
    ['refuses the credentials', { token: { status: 400 } }, 'the token endpoint answered with 400'],
    ['gives no token', { token: { status: 200, body: '[]' } }, 'the token endpoint gave no token'],
    ['gives an answer of another kind', { token: { status: 200, body: '<html>' } }, 'gave no token'],
    ['fails', { GET: { status: 503 } }, 'the queue answered with 503'],
    ['points elsewhere', { GET: { status: 302, headers: { location: '/' } } }, 'the queue answered with 302'],
    [
      'gives more than anybody should',
      { GET: { status: 200, headers: { 'adp-msg-msgid': 'm' }, body: Buffer.alloc(4_194_305, ' ') } },
      'message m at the head of the queue has more than 4194304 bytes and holds up all behind it',
    ],
  ])('that %s is asked again later, and its state shows', async (_title, answers, reason) => {
    server.fail(answers);
    const streams = poll();
    await until(() => warnings().length > 0);
    expect(streams.disconnected()).toMatchObject([{ source: 'adp' }]);
    expect(warnings()[0]).toMatchObject({ reason: expect.stringContaining(reason), failures: 1 });
    expect(streams.disconnected()[0]?.reason).toBe(Object(warnings()[0]).reason);
    expect(JSON.stringify(house.lines)).not.toMatch(/a secret|token \d/);
    server.fail({});
    await until(() => streams.disconnected().length === 0);
  });

  it('keeps a message without an id, and says that it cannot be removed', async () => {
    server.fail({ GET: { status: 200, body: JSON.stringify(leaver('1001')) } });
    poll();
    await until(() => warnings().length > 1);
    expect(await kept()).toHaveLength(1);
    expect(warnings()[0]).toMatchObject({ reason: expect.stringContaining('adp-msg-msgid') });
    expect(server.asked).not.toContain('DELETE');
  });

  it.each([
    ['a certificate of another authority', pem.stranger],
    ['a server that nobody vouches for', { authorities: null }],
  ])('is not reached with %s', async (_title, more) => {
    server.put('m1', leaver('1001'));
    const streams = poll(more);
    await until(() => warnings().length > 0);
    expect(streams.disconnected()).toMatchObject([{ source: 'adp' }]);
    expect(server.asked).toEqual([]);
  });

  it('is left at once when the bridge closes, but not before what was kept is removed', async () => {
    // The token lasts for one question, so that the next would begin with asking for another.
    server.setLifetime(60);
    const held = Promise.withResolvers<void>();
    server.holdRemovals(held.promise);
    server.put('m1', leaver('1001'));
    const streams = poll();
    await until(() => server.asked.includes('DELETE'));
    const closed = streams.close();
    held.resolve();
    await closed;
    expect(server.queued()).toEqual([]);
    expect(server.asked.filter((one) => one === 'GET')).toHaveLength(1);
  });
});

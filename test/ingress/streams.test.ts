import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dingtalk } from '../../handlers/dingtalk.ts';
import { lark } from '../../handlers/lark.ts';
import type { Delivery } from '../../src/core/handler.ts';
import type { Log } from '../../src/core/log.ts';
import type { Receiver, Reception } from '../../src/ingress/receive.ts';
import type { Source } from '../../src/ingress/source.ts';
import { createStreams, type Streams } from '../../src/ingress/streams.ts';
import { readFixture } from '../handlers/handler-suite.ts';
import { until } from '../support/until.ts';
import { startDingtalkServer } from './dingtalk-server.ts';
import { collectLog, sourceOf } from './house.ts';
import { startLarkServer } from './lark-server.ts';
import type { StreamServer } from './stream-server.ts';

const kept: Reception = {
  kind: 'receipt',
  receipt: { kind: 'ignored' },
  reply: null,
  sameContent: true,
};

type Vendor = StreamServer<{ readonly messageId: string }>;

interface Case<V extends Vendor> {
  readonly name: string;
  readonly start: () => Promise<V>;
  readonly source: (url: string, secret?: string) => Source;
  readonly push: (server: V) => void;
  readonly acked: (kept: boolean) => object;
  readonly refuse: (server: V, isRefusing: boolean) => void;
}

const dingtalkCase: Case<Awaited<ReturnType<typeof startDingtalkServer>>> = {
  name: "DingTalk's Stream mode",
  start: startDingtalkServer,
  source: (apiUrl, clientSecret = 'client secret') =>
    sourceOf({
      id: 'dingtalk',
      handler: dingtalk,
      settings: dingtalk.settings.parse({ transport: 'stream', clientId: 'ding1', clientSecret, apiUrl }),
      transport: 'stream',
    }),
  push: (server) => server.push('1', 'user_leave_org', { userId: ['1001'] }),
  acked: (wasKept) => ({ status: wasKept ? 'SUCCESS' : 'LATER' }),
  refuse: (server, isRefusing) => server.setGatewayStatus(isRefusing ? 500 : 200),
};

const larkCase: Case<Awaited<ReturnType<typeof startLarkServer>>> = {
  name: "Lark's long connection",
  start: startLarkServer,
  source: (apiUrl, appSecret = 'app secret') =>
    sourceOf({
      id: 'lark',
      handler: lark,
      settings: lark.settings.parse({
        transport: 'stream',
        appId: 'cli_9f5343c580712544',
        appSecret,
        apiUrl,
      }),
      transport: 'stream',
    }),
  push: (server) => server.push(JSON.parse(readFixture('lark/contact.user.deleted_v3.json'))),
  acked: (wasKept) => ({ code: wasKept ? 200 : 500 }),
  // What the SDK gives up on.
  refuse: (server, isRefusing) => server.setGatewayCode(isRefusing ? 1 : 0),
};

const ping =
  '{"type":"SYSTEM","headers":{"topic":"ping","messageId":"ping-1"},"data":"{\\"status\\":\\"pong\\"}"}';

function openStream(source: Source, receiver: Pick<Receiver, 'receive'>, log: Log): Streams {
  const streams = createStreams({ receiver, sources: new Map([[source.id, source]]), log, random: () => 0 });
  streams.start();
  return streams;
}

testStream(dingtalkCase);
testStream(larkCase);

function testStream<V extends Vendor>(one: Case<V>): void {
  describe(one.name, () => {
    let server: V;
    let streams: Streams | null = null;
    const { log, lines } = collectLog();
    const received: Delivery[] = [];
    let answer: () => Promise<Reception>;
    const receiver: Pick<Receiver, 'receive'> = {
      async receive(_sourceId, delivery, options) {
        expect(options?.trusted).toBe(true);
        received.push(delivery);
        return answer();
      },
    };

    beforeEach(async () => {
      server = await one.start();
      answer = async () => kept;
      received.length = 0;
      lines.length = 0;
    });

    afterEach(async () => {
      await streams?.close();
      streams = null;
      await server.close();
    });

    const open = (secret?: string): Streams => {
      streams = openStream(one.source(server.url, secret), receiver, log);
      return streams;
    };
    /** Opens the stream, and has an event pushed through it. */
    const openAndPush = async (): Promise<Streams> => {
      const opened = open();
      await until(() => opened.disconnected().length === 0);
      one.push(server);
      return opened;
    };
    /** The same, and waits until the event is about to be kept. */
    const openAndReceive = async () => {
      const keeping = Promise.withResolvers<Reception>();
      answer = () => keeping.promise;
      const opened = await openAndPush();
      await until(() => received.length === 1);
      return { opened, keep: () => keeping.resolve(kept) };
    };

    it('acknowledges an event after it is kept, not before', async () => {
      const { keep } = await openAndReceive();
      expect(server.acks).toEqual([]);
      keep();
      await until(() => server.acks.length === 1);
      expect(server.acks).toMatchObject([one.acked(true)]);
      const source = one.source(server.url);
      const [delivery] = received;
      expect(delivery && source.handler.normalize(delivery, source.settings)).toMatchObject([
        { action: 'resign' },
      ]);
    });

    it.each([
      ['the store cannot take', async (): Promise<Reception> => ({ kind: 'busy' })],
      [
        'fails on its way',
        async (): Promise<Reception> => {
          throw new Error('the disk is gone');
        },
      ],
    ])('asks for an event again which %s, and lives on', async (_title, fail) => {
      answer = fail;
      await openAndPush();
      await until(() => server.acks.length === 1);
      expect(server.acks).toMatchObject([one.acked(false)]);
      answer = async () => kept;
      server.drop();
      await until(() => server.acks.length === 2);
      expect(server.acks).toMatchObject([one.acked(false), one.acked(true)]);
      expect(received.map(({ body }) => body.toString())[0]).toBe(received[1]?.body.toString());
    });

    it('gets again what it took in when the connection broke before the acknowledgement', async () => {
      const { keep } = await openAndReceive();
      server.drop();
      await until(() => server.connections() === 2);
      keep();
      await until(() => received.length === 2);
      await until(() => server.acks.length > 0);
      expect(server.acks.at(-1)).toMatchObject(one.acked(true));
    });

    it('finishes what is being kept when it is closed, and takes nothing more in', async () => {
      const { opened, keep } = await openAndReceive();
      const closed = opened.close();
      keep();
      await closed;
      await until(() => server.acks.length === 1);
      expect(server.acks).toMatchObject([one.acked(true)]);
      expect(server.connections()).toBe(1);
    });

    it('tries again when it is not let in, and says so', async () => {
      one.refuse(server, true);
      const opened = open();
      await until(() => lines.some(({ level }) => level === 'warn'));
      expect(opened.disconnected()).toHaveLength(1);
      one.refuse(server, false);
      await until(() => opened.disconnected().length === 0);
      expect(server.connections()).toBe(1);
    });

    it('shows no secret when its own is wrong, and can be closed while it tries', async () => {
      const opened = open('wrong secret');
      await until(() => lines.some(({ level }) => level === 'warn'));
      await opened.close();
      expect(JSON.stringify(lines)).not.toContain('wrong secret');
      expect(server.connections()).toBe(0);
    });
  });
}

describe("DingTalk's Stream mode, on the wire", () => {
  let server: Awaited<ReturnType<typeof startDingtalkServer>>;
  let streams: Streams;

  beforeEach(async () => {
    server = await startDingtalkServer();
  });

  afterEach(async () => {
    await streams.close();
    await server.close();
  });

  async function open(receive: () => Promise<Reception>): Promise<void> {
    streams = openStream(dingtalkCase.source(server.url), { receive }, collectLog().log);
    await until(() => streams.disconnected().length === 0);
  }

  it('has not acknowledged what is still being kept, while it answers what comes after', async () => {
    const keeping = Promise.withResolvers<Reception>();
    await open(() => keeping.promise);
    dingtalkCase.push(server);
    server.send(ping);
    await until(() => server.acks.length === 1);
    keeping.resolve(kept);
    await until(() => server.acks.length === 2);
    expect(server.acks.map(({ status }) => status)).toEqual(['pong', 'SUCCESS']);
  });

  it('answers pings, and passes over what it cannot read', async () => {
    await open(async () => kept);
    for (const text of ['no json', 'null', '{"type":"EVENT"}', '{"type":"CALLBACK","headers":{}}'])
      server.send(text);
    server.send(ping);
    await until(() => server.acks.length === 1);
    expect(server.acks).toEqual([{ messageId: 'ping-1', status: 'pong' }]);
  });
});

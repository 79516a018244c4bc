import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { deliveryOf, type House, inHouse, leaver, sign, sourceOf, toyHandler } from './house.ts';

function post({ url }: House, content: unknown, path = '/hooks/hr') {
  const body = typeof content === 'string' ? content : JSON.stringify(content);
  return request(url)
    .post(path)
    .set('content-type', 'application/json')
    .set('x-signature', sign(body))
    .send(body);
}

/** Sends a request whose target and headers are left as they are. */
async function send({ port }: House, options: RequestOptions, body = '') {
  const sent = httpRequest({ host: '127.0.0.1', port, method: 'POST', agent: false, ...options }).end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, type: answer.headers['content-type'], text: await text(answer) };
}

const { handshake: _handshake, ...withoutHandshake } = toyHandler;

const problem = (status: number, title: string, detail?: string) => ({
  type: 'about:blank',
  title,
  status,
  ...(detail ? { detail } : {}),
});
const nobody = 'no such source takes deliveries here';

describe('the answers of /hooks/:source', () => {
  it(
    'say 200 with the ids of what was accepted, and the same ids to a repeat',
    inHouse(async (house) => {
      const event = { id: 'e1', people: [leaver(), leaver('bob@example.com')] };
      const first = await post(house, event);
      const again = await post(house, event);
      expect(first.status).toBe(200);
      expect(first.type).toBe('application/json');
      expect(first.body).toEqual({ status: 'accepted', intents: [expect.any(String), expect.any(String)] });
      expect(again.status).toBe(200);
      expect(again.body).toEqual({ status: 'duplicate', intents: first.body.intents });
    }),
  );

  it(
    'say 200 and ignored when it is not our business',
    inHouse(async (house) => {
      const { status, text } = await post(house, { people: [] });
      expect([status, text]).toEqual([200, '{"status":"ignored"}']);
    }),
  );

  it.each([
    ['garbage', '\u0000\u0001 not json'],
    ['truncated JSON', '{"people":[{"action":"resign"'],
    ['nothing', ''],
    ['JSON of another shape', '[]'],
  ])('say 200 and the dead letter when a genuine body is %s', (_what, body) =>
    inHouse(async (house) => {
      const answer = await post(house, body);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ status: 'dead-letter', id: expect.any(String) });
      const letter = await house.store.findDeadLetter(answer.body.id);
      expect(letter?.payload.body.toString()).toBe(body);
    })(),
  );

  it(
    'say 401, and nothing of why, when it is not genuine',
    inHouse(async (house) => {
      const answer = await post(house, { people: [leaver()] }).set('x-signature', '00');
      expect(answer.status).toBe(401);
      expect(answer.type).toBe('application/problem+json');
      expect(answer.body).toEqual(problem(401, 'Unauthorized'));
      expect(house.receipts).toEqual([['hr', 'unverified']]);
    }),
  );

  it.each([
    ['nobody is trusted', false, '127.0.0.1'],
    ['one proxy is in front', 1, '198.51.100.7'],
    ['two are', 2, '203.0.113.9'],
    ['all are', true, '203.0.113.9'],
  ])('have the log say who sent what is not genuine, where %s', (_who, trustProxy, sender) =>
    inHouse(
      async (house) => {
        const forged = post(house, { people: [leaver()] }).set('x-signature', '00');
        await forged.set('x-forwarded-for', '203.0.113.9, 198.51.100.7');
        expect(house.lines).toMatchObject([{ facts: { source: 'hr', sender } }]);
      },
      { trustProxy },
    )(),
  );

  it(
    'say 404 for a source that is unknown or has another transport, whatever the method',
    inHouse(
      async (house) => {
        for (const path of ['/hooks/nobody', '/hooks/topic', '/hooks/api', '/hooks/__proto__'])
          expect((await post(house, 'x', path)).body).toEqual(problem(404, 'Not Found', nobody));
        expect((await post(house, 'x', '/hooks/')).body).toEqual(problem(404, 'Not Found'));
        expect((await request(house.url).get('/hooks/nobody')).status).toBe(404);
        expect((await request(house.url).get('/elsewhere')).body).toEqual(problem(404, 'Not Found'));
      },
      { sources: [sourceOf(), sourceOf({ id: 'topic', transport: 'kafka' })] },
    ),
  );

  it.each([
    ['absolute', 'http://bridge.example/hooks/hr'],
    ['absolute, with a port and a query', 'HTTPS://bridge.example:8443/hooks/hr?a=1'],
    ['percent-encoded', '/hooks/h%72'],
  ])('are the same where the target is %s', (_form, path) =>
    inHouse(async (house) => {
      const { headers, body } = deliveryOf({ people: [] });
      expect((await send(house, { path, headers }, String(body))).status).toBe(200);
      expect(house.receipts).toEqual([['hr', 'ignored']]);
    })(),
  );

  it.each(['http://', 'http://bridge.example', 'http://[?', '*', '/hooks/%zz', '/hooks/%00'])(
    'say 404 for the target %s',
    (path) =>
      inHouse(async (house) => {
        const answer = await send(house, { path, method: 'OPTIONS' });
        expect([answer.status, answer.type]).toEqual([404, 'application/problem+json']);
      })(),
  );

  it(
    'say 405 with Allow for a method that the source does not take',
    inHouse(
      async ({ url }) => {
        const put = await request(url).put('/hooks/hr');
        expect([put.status, put.headers.allow]).toEqual([405, 'GET, POST']);
        const get = await request(url).get('/hooks/mute');
        expect([get.status, get.headers.allow]).toEqual([405, 'POST']);
      },
      { sources: [sourceOf(), sourceOf({ id: 'mute', handler: withoutHandshake })] },
    ),
  );

  it(
    'echo the handshake of a vendor who sets up with GET',
    inHouse(async ({ url }) => {
      const answer = await request(url).get('/hooks/hr').query({ challenge: 'c 1&2' });
      expect([answer.status, answer.type, answer.text]).toEqual([200, 'text/plain', 'c 1&2']);
    }),
  );

  it(
    'say 413 when the body is larger than it may be, by its length or by its bytes',
    inHouse(
      async (house) => {
        expect((await post(house, 'x'.repeat(101))).body).toEqual(
          problem(413, 'Payload Too Large', 'the body has more than 100 bytes'),
        );
        const chunks = new ReadableStream({
          start(controller) {
            for (let i = 0; i < 11; i += 1) controller.enqueue(new TextEncoder().encode('x'.repeat(10)));
            controller.close();
          },
        });
        const init = { method: 'POST', body: chunks, duplex: 'half' } as const;
        expect((await fetch(`${house.url}/hooks/hr`, init)).status).toBe(413);
        expect((await post(house, 'x'.repeat(100))).status).toBe(200);
      },
      { maxBodyBytes: 100 },
    ),
  );

  it.each(['', 'identity', 'Identity'])(
    'take a body that is encoded as %j, which is not at all',
    (encoding) =>
      inHouse(async (house) => {
        const { headers, body } = deliveryOf({ people: [] });
        const sent = { path: '/hooks/hr', headers: { ...headers, 'content-encoding': encoding } };
        expect((await send(house, sent, String(body))).status).toBe(200);
      })(),
  );

  it(
    'say 415 when the body is encoded',
    inHouse(async (house) => {
      const answer = await post(house, 'x').set('content-encoding', 'gzip');
      const detail = 'the body is encoded as gzip; it must be sent as it is';
      expect(answer.body).toEqual(problem(415, 'Unsupported Media Type', detail));
    }),
  );

  it(
    'say 503 with Retry-After when nothing can be kept, and accept the same again afterwards',
    inHouse(async (house) => {
      await house.closeStore();
      const answer = await post(house, { people: [leaver()] });
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(answer.type).toBe('application/problem+json');
    }),
  );

  it(
    'leave a trace when a delivery is turned away unread',
    inHouse(
      async (house) => {
        await post(house, 'x'.repeat(101));
        await post(house, 'x').set('content-encoding', 'x'.repeat(99));
        await request(house.url).put('/hooks/hr').send('x');
        for (const path of ['/hooks/HR', '/hooks/topic', '/hooks/ada%40example.com'])
          await post(house, 'x', path);
        const unknown = [null, 'unknown-source'];
        const refused = ['hr', 'refused'];
        expect(house.receipts).toEqual([refused, refused, refused, unknown, unknown, unknown]);
        const line = (source: string | null, reason: string) => ({
          level: 'warn',
          message: 'a delivery is refused',
          facts: { source, sender: '127.0.0.1', reason },
        });
        expect(house.lines).toEqual([
          line('hr', 'the body has more than 100 bytes'),
          line('hr', `the body is encoded as ${'x'.repeat(32)}; it must be sent as it is`),
          line('hr', 'PUT is not taken'),
          line('HR', nobody),
          line('topic', nobody),
          line(null, nobody),
        ]);
      },
      { maxBodyBytes: 100, sources: [sourceOf(), sourceOf({ id: 'topic', transport: 'kafka' })] },
    ),
  );

  it(
    'have the log say so sixty times a minute at most, and of each way by itself',
    inHouse(async (house) => {
      for (let n = 0; n < 62; n += 1) await post(house, 'x', '/hooks/nobody');
      await request(house.url).put('/hooks/hr');
      await post(house, 'x').set('x-signature', '00');
      expect(house.receipts).toHaveLength(64);
      expect(house.lines).toHaveLength(62);
      house.clock.now += 60_000;
      await post(house, 'x', '/hooks/nobody');
      expect(house.lines).toHaveLength(63);
    }),
  );

  it(
    'are the vendor’s own where its handler says so',
    inHouse(
      async (house) => {
        const answer = await post(house, { people: [] });
        expect([answer.status, answer.type, answer.text]).toEqual([202, 'text/plain', 'ignored']);
      },
      {
        sources: [
          sourceOf({
            handler: {
              ...toyHandler,
              reply: ({ kind }) => ({ status: 202, contentType: 'text/plain', body: kind }),
            },
          }),
        ],
      },
    ),
  );
});

describe('a request as a delivery', () => {
  it(
    'has the raw bytes, and joins what was sent twice',
    inHouse(async ({ url, store }) => {
      const body = '{ "spaces" :  1 }';
      await request(url)
        .post('/hooks/hr?a=1&b=%20&a=2')
        .set({ 'x-signature': sign(body), 'x-twice': ['one', 'two'] as never })
        .send(body);
      const [letter] = (await store.listDeadLetters({ cursor: null, limit: 1 })).items;
      const { payload } = (await store.findDeadLetter(letter?.id ?? '')) ?? {};
      expect(payload?.query).toEqual({ a: '1, 2', b: ' ' });
      expect(payload?.headers['x-twice']).toBe('one, two');
      expect(payload?.body).toEqual(deliveryOf(body).body);
    }),
  );
});

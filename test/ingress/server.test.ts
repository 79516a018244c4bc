import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { openHttpServer } from '../../src/ingress/server.ts';
import { until } from '../support/until.ts';
import { deliveryOf, type HouseOptions, inHouse, sign } from './house.ts';

/** Sends bytes as they are, and resolves with all that came back when the other side has closed. */
async function exchange(port: number, send: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  send(socket);
  return text(socket);
}

const head = (length: number) => `POST /hooks/hr HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n`;

/** A genuine delivery of about as many bytes. @returns its status */
async function deliver(url: string, length: number): Promise<number> {
  const { headers, body } = deliveryOf({ people: [], padding: 'x'.repeat(length) });
  const answer = await fetch(`${url}/hooks/hr`, { method: 'POST', headers, body: String(body) });
  return answer.status;
}

/** Sends bytes as they are. @returns the status of what comes back first, and all that came with it */
async function answerTo(port: number, bytes: string): Promise<{ status: string; answer: string }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes);
  const answer = String(await once(socket, 'data'));
  socket.destroy();
  return { status: answer.slice(9, 12), answer };
}

const narrow: HouseOptions = { maxBodyBytes: 400_000, bodyBudgetBytes: 500_000, requestTimeoutMs: 1_000 };
const most = 'x'.repeat(300_000);
const chunkedHead = 'POST /hooks/hr HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (bytes: string) => `${bytes.length.toString(16)}\r\n${bytes}\r\n`;

describe('the HTTP server', () => {
  it(
    'ends a request whose body does not come to an end in time, and keeps nothing of it',
    inHouse(
      async ({ port, store, receipts }) => {
        const answer = await exchange(port, (socket) => socket.write(`${head(1_000)}\r\nhalf of it`));
        expect(answer).toMatch(/^HTTP\/1.1 408 /);
        expect(receipts).toEqual([]);
        expect((await store.listDeadLetters({ cursor: null, limit: 1 })).items).toEqual([]);
      },
      { requestTimeoutMs: 200 },
    ),
  );

  it(
    'ends a request whose headers do not come to an end in time',
    inHouse(
      async ({ port }) => {
        expect(await exchange(port, (socket) => socket.write(head(1)))).toMatch(/^HTTP\/1.1 408 /);
      },
      { requestTimeoutMs: 200 },
    ),
  );

  it(
    'keeps nothing of a request whose sender hangs up half-way, and goes on',
    inHouse(async ({ port, url, receipts, lines }) => {
      const body = '{"people":[]}';
      await exchange(port, (socket) => socket.end(`${head(1_000)}x-signature: ${sign(body)}\r\n\r\n${body}`));
      expect(receipts).toEqual([]);
      const next = await fetch(`${url}/hooks/hr`, {
        method: 'POST',
        headers: { 'x-signature': sign(body) },
        body,
      });
      expect(next.status).toBe(200);
      expect(lines).toEqual([]);
    }),
  );

  it(
    'says 503 with Retry-After when unfinished bodies take too much, and still takes what is whole',
    inHouse(async ({ port, url, receipts, lines }) => {
      const unfinished = `${head(400_000)}\r\n${most}`;
      const answers = [1, 2].map(() => answerTo(port, unfinished));
      const { status, answer } = await Promise.race(answers);
      expect([status, answer]).toEqual(['503', expect.stringMatching(/\r\nretry-after: 5\r\n/i)]);
      expect(await deliver(url, 10)).toBe(200);
      expect(receipts).toEqual([
        ['hr', 'busy'],
        ['hr', 'ignored'],
      ]);
      expect(lines).toMatchObject([{ level: 'warn', facts: { source: 'hr', sender: '127.0.0.1' } }]);
      expect((await Promise.all(answers)).map((one) => one.status).sort()).toEqual(['408', '503']);
    }, narrow),
  );

  it(
    'counts what the chunks of a body take beside their bytes',
    inHouse(async ({ port }) => {
      expect((await answerTo(port, chunkedHead + chunk('x').repeat(1_000))).status).toBe('503');
    }, narrow),
  );

  it.each([
    ['is answered', '401', `${head(300_000)}\r\n${most}`],
    ['is too large', '413', chunkedHead + chunk(most) + chunk(most)],
    ['comes too slowly', '408', `${head(400_000)}\r\n${most}`],
  ])('gives back what a body took when it %s', (_how, status, bytes) =>
    inHouse(async ({ port, url }) => {
      expect((await answerTo(port, bytes)).status).toBe(status);
      expect(await deliver(url, 390_000)).toBe(200);
    }, narrow)(),
  );

  it(
    'gives back what a body took when it breaks off',
    inHouse(async ({ port, url }) => {
      const socket = connect(port, '127.0.0.1');
      socket.write(`${head(400_000)}\r\n${most}`, () => socket.destroy());
      await once(socket, 'close');
      await until(async () => (await deliver(url, 390_000)) === 200);
    }, narrow),
  );

  it('finishes what is in flight when it closes, takes nothing new, and lets idle connections go', async () => {
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const server = await openHttpServer({
      host: '127.0.0.1',
      port: 0,
      app: (_request, response) => {
        entered.resolve();
        void leave.promise.then(() => response.end('done'));
      },
    });
    const agent = new Agent({ keepAlive: true });
    const sent = httpRequest({ port: server.port, host: '127.0.0.1', agent }).end();
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    await entered.promise;
    const closed = server.close();
    await expect(fetch(`http://127.0.0.1:${server.port}`)).rejects.toThrow();
    leave.resolve();
    const [response] = await answered;
    expect(await text(response)).toBe('done');
    await closed;
    agent.destroy();
  });

  it('cuts off what is not answered by the deadline', async () => {
    const entered = Promise.withResolvers<void>();
    const server = await openHttpServer({ host: '127.0.0.1', port: 0, app: () => entered.resolve() });
    const answer = exchange(server.port, (socket) => socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'));
    await entered.promise;
    await server.close(100);
    expect(await answer).toBe('');
  });

  it('says so when the port is taken', async () => {
    const server = await openHttpServer({ host: '127.0.0.1', port: 0, app: () => {} });
    const second = openHttpServer({ host: '127.0.0.1', port: server.port, app: () => {} });
    await expect(second).rejects.toThrow('EADDRINUSE');
    await server.close();
  });
});

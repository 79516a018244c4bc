import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { openHttpServer } from '../../src/ingress/server.ts';
import { inHouse, sign } from './house.ts';

/** Sends bytes as they are, and resolves with all that came back when the other side has closed. */
async function exchange(port: number, send: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  send(socket);
  return text(socket);
}

const head = (length: number) => `POST /hooks/hr HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n`;

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

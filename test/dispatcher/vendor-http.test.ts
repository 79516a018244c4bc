import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createVendorHttp } from '../../src/dispatcher/vendor-http.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A vendor on a port of its own. @returns its base URL */
async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answerWith = (status: number, headers: Record<string, string> = {}): Promise<string> =>
  listen((_request, response) => response.writeHead(status, headers).end('{}'));

const http = createVendorHttp(60_000);

describe('a request to a vendor', () => {
  it('keeps an id in its one segment, whatever is in it', async () => {
    const seen: (string | undefined)[] = [];
    const baseUrl = await listen(({ url }, response) => {
      seen.push(url);
      response.end('{"a":1}');
    });
    const path = ['v1', 'a/../b?c#d', 'e%2f'];
    expect(await http({ baseUrl: `${baseUrl}/base`, path, query: { fields: 'a,b' } })).toEqual({ a: 1 });
    expect(seen).toEqual(['/base/v1/a%2F..%2Fb%3Fc%23d/e%252f?fields=a%2Cb']);
    for (const id of ['', '.', '..'])
      await expect(http({ baseUrl, path: ['v1', id] })).rejects.toMatchObject({ kind: 'unknown_person' });
    expect(seen).toHaveLength(1);
  });

  it('is a POST when it has a body, as JSON or as a form', async () => {
    const baseUrl = await listen(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      response.end(JSON.stringify([request.method, request.headers['content-type'], body]));
    });
    expect(await http({ baseUrl, path: ['a'], json: { b: 1 } })).toEqual([
      'POST',
      'application/json',
      '{"b":1}',
    ]);
    expect(await http({ baseUrl, path: ['a'], form: { b: 'c d' } })).toEqual([
      'POST',
      'application/x-www-form-urlencoded',
      'b=c+d',
    ]);
  });

  it.each([
    [404, 'unknown_person', null],
    [401, 'denied', null],
    [403, 'denied', null],
    [429, 'again', 7_000],
    [503, 'again', 7_000],
    [400, 'denied', null],
  ])('reads the answer %d as %s', async (status, kind, retryAfterMs) => {
    const baseUrl = await answerWith(status, { 'retry-after': '7' });
    await expect(http({ baseUrl, path: ['a'] })).rejects.toMatchObject({ kind, retryAfterMs });
  });

  it("reads Lark's name for how long to wait", async () => {
    const baseUrl = await answerWith(429, { 'x-ogw-ratelimit-reset': '3' });
    await expect(http({ baseUrl, path: ['a'] })).rejects.toMatchObject({ retryAfterMs: 3_000 });
  });

  it('is given up, and reads more than a megabyte, when it is told to', async () => {
    const endless = await listen((_request, response) => response.end(`"${'x'.repeat(1_100_000)}"`));
    const patient = createVendorHttp(60_000, { maxAnswerBytes: 2_000_000 });
    expect(await patient({ baseUrl: endless, path: ['a'] })).toHaveLength(1_100_000);
    const silent = await listen(() => giveUp.abort());
    const giveUp = new AbortController();
    const impatient = createVendorHttp(60_000, { signal: giveUp.signal });
    await expect(impatient({ baseUrl: silent, path: ['a'] })).rejects.toMatchObject({ kind: 'again' });
  });

  it('sends nothing more, and breaks nothing, once it is given up', async () => {
    let asked = 0;
    const baseUrl = await listen((_request, response) => {
      asked += 1;
      response.end();
    });
    const late = createVendorHttp(60_000, { signal: AbortSignal.abort() });
    await expect(late({ baseUrl, path: ['a'], json: { id: 1 } })).rejects.toMatchObject({ kind: 'again' });
    expect(asked).toBe(0);
  });

  it('follows no redirect, so that the credentials stay where they were sent', async () => {
    let reached = false;
    const elsewhere = await listen((_request, response) => {
      reached = true;
      response.end('{}');
    });
    const baseUrl = await answerWith(302, { location: elsewhere });
    await expect(http({ baseUrl, path: ['a'] })).rejects.toMatchObject({ kind: 'denied' });
    expect(reached).toBe(false);
  });

  it('waits no longer than its limit, and reads no more than a megabyte', async () => {
    const silent = await listen(() => {});
    await expect(createVendorHttp(50)({ baseUrl: silent, path: ['a'] })).rejects.toMatchObject({
      kind: 'again',
    });
    const endless = await listen((_request, response) => response.end('x'.repeat(1_100_000)));
    await expect(http({ baseUrl: endless, path: ['a'] })).rejects.toMatchObject({ kind: 'again' });
  });

  it('tells nothing of the address when there is no connection, nor of an answer that is no JSON', async () => {
    const baseUrl = await listen((_request, response) => response.end('<html>ada</html>'));
    await expect(http({ baseUrl, path: ['a'] })).rejects.toThrow(
      /^the vendor answered with something else than JSON$/,
    );
    await expect(http({ baseUrl: 'http://127.0.0.1:1', path: ['ada'] })).rejects.toThrow(/^no connection$/);
  });
});

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import type { Handler, LookupResult } from '../../src/core/handler.ts';
import { createVendorHttp } from '../../src/dispatcher/vendor-http.ts';

/** What a vendor was asked: method and URL, who asked, and the body. */
export interface Asked {
  readonly what: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A vendor's API on a port of its own: answers by `GET /path?query` with what it is told, a number being a status. */
export async function startVendor(answers: Readonly<Record<string, unknown>>) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const what = `${request.method} ${request.url}`;
    const body = Buffer.concat(await request.toArray()).toString();
    asked.push({ what, authorization: request.headers.authorization, body });
    const answer = Object.hasOwn(answers, what) ? answers[what] : 404;
    const isStatus = typeof answer === 'number';
    response.writeHead(isStatus ? answer : 200, { 'content-type': 'application/json' });
    response.end(isStatus ? '{}' : JSON.stringify(answer));
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { asked, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Looks a reference up with a handler, at a vendor that answers so. */
export async function lookUp(
  handler: Handler,
  base: Readonly<Record<string, unknown>> & { readonly lookup: object },
  { reference, answers }: { reference: string; answers: Readonly<Record<string, unknown>> },
): Promise<{ result: LookupResult; asked: readonly Asked[] }> {
  const { asked, baseUrl } = await startVendor(answers);
  const settings = handler.settings.parse({ ...base, lookup: { ...base.lookup, baseUrl } });
  if (!handler.lookup) throw new Error('the handler has no look-up');
  return { result: await handler.lookup(reference, settings, createVendorHttp(10_000)), asked };
}

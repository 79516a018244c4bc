import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ManagementApiOptions } from '../../src/management-api/client.ts';

export interface RawServer {
  readonly url: string;
  readonly requests: readonly { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  close(): Promise<void>;
}

export interface RawRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

/** A server that says whatever a test wants. */
export async function startRawServer(answer: (raw: RawRequest) => void): Promise<RawServer> {
  const requests: { path: string; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ path, headers: request.headers });
    request.resume();
    answer({ request, response, path });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Options of the signature way, which needs no token; a test overrides what it is about. */
export function signedOptions(host: string): ManagementApiOptions {
  return {
    host,
    accessKeyId: 'emulator-key',
    accessKeySecret: 'emulator-secret',
    auth: 'signature',
    userPoolId: null,
    timeoutMs: 5_000,
    arrayEncoding: 'repeat',
  };
}

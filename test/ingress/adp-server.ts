import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pem } from '../support/tls.ts';

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const messagesPath = '/core/v1/event-notification-messages';

/**
 * ADP's token endpoint and its queue on one real HTTPS server, which lets in nobody without a client certificate of
 * its authority. The head of the queue stays until it is removed.
 */
export async function startAdpServer() {
  const queue: { id: string; body: string | Buffer }[] = [];
  const asked: string[] = [];
  const preferences: (string | undefined)[] = [];
  let tokens = 0;
  let lifetime = 3_600;
  let faults: Partial<Record<'token' | 'GET' | 'DELETE', Answer>> = {};
  let gate: Promise<void> | null = null;

  function answerToken(request: IncomingMessage, body: string): Answer {
    const basic = `Basic ${Buffer.from('an id:a secret').toString('base64')}`;
    if (request.headers.authorization !== basic || body !== 'grant_type=client_credentials')
      return { status: 401 };
    tokens += 1;
    return { status: 200, body: JSON.stringify({ access_token: `token ${tokens}`, expires_in: lifetime }) };
  }

  function answerQueue({ method, url = '', headers }: IncomingMessage): Answer {
    if (!/^Bearer token \d+$/.test(headers.authorization ?? '')) return { status: 401 };
    preferences.push(headers.prefer as string | undefined);
    if (method === 'GET') {
      const [head] = queue;
      return head ? { status: 200, headers: { 'adp-msg-msgid': head.id }, body: head.body } : { status: 204 };
    }
    const id = decodeURIComponent(url.slice(messagesPath.length + 1));
    const index = queue.findIndex((one) => one.id === id);
    if (index === -1) return { status: 404 };
    queue.splice(index, 1);
    return { status: 200 };
  }

  const tls = { ...pem.server, ca: pem.authority, requestCert: true, rejectUnauthorized: true };
  const server = createServer(tls, async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const isToken = request.url === '/auth/oauth/v2/token';
    const kind = isToken ? 'token' : request.method === 'DELETE' ? 'DELETE' : 'GET';
    asked.push(kind);
    const fault = faults[kind];
    if (kind === 'DELETE') await gate;
    const answer = fault ?? (isToken ? answerToken(request, body) : answerQueue(request));
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  // Whoever is not let in shows here; it is for the test to see at the other end.
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    apiUrl: origin,
    tokenUrl: `${origin}/auth/oauth/v2/token`,
    /** What was asked, in order: `token`, `GET`, `DELETE`. */
    asked,
    preferences,
    put: (id: string, body: string | Buffer | object) =>
      queue.push({
        id,
        body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      }),
    queued: () => queue.map(({ id }) => id),
    /** Answers so, whatever is asked; `{}` = as it should. */
    fail: (answers: typeof faults) => {
      faults = answers;
    },
    /** Lets removals wait for it. */
    holdRemovals: (until: Promise<void> | null) => {
      gate = until;
    },
    setLifetime: (seconds: number) => {
      lifetime = seconds;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export type AdpServer = Awaited<ReturnType<typeof startAdpServer>>;

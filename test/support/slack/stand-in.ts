import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { acceptWebSocket, type ServerSocket } from './websocket.ts';

/** A call of the Web API, or a message that came to a response_url. */
export interface SlackCall {
  /** `chat.postMessage` and so on; `response_url` for those. */
  readonly method: string;
  readonly token: string | null;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface SlackMember {
  readonly email?: string;
  readonly tz?: string;
  readonly is_bot?: boolean;
}

/** What a method answers instead of what it would. */
export interface SlackFault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Answers so much later, in milliseconds. */
  readonly delayMs?: number;
}

export type SlackStandIn = Awaited<ReturnType<typeof openSlackStandIn>>;

/**
 * A stand-in for Slack's Web API, response URLs and Socket Mode on one port, shaped by what Slack publishes. It knows
 * members and user groups, keeps what was posted, and can be told to fail.
 */
export async function openSlackStandIn() {
  const calls: SlackCall[] = [];
  const members = new Map<string, SlackMember>();
  const groups = new Map<string, string[]>();
  const faults = new Map<string, SlackFault>();
  const sockets = new Set<ServerSocket>();
  const envelopes: unknown[] = [];
  const postsLeft = new Map<string, number>();
  let opened = 0;
  let posted = 0;

  function answer(method: string, args: Readonly<Record<string, unknown>>): object {
    switch (method) {
      case 'users.info': {
        const member = members.get(String(args.user));
        if (!member) return { ok: false, error: 'user_not_found' };
        const { email, tz = 'Etc/UTC', is_bot = false } = member;
        return { ok: true, user: { id: args.user, deleted: false, is_bot, tz, profile: { email } } };
      }
      case 'usergroups.users.list': {
        const users = groups.get(String(args.usergroup));
        return users ? { ok: true, users } : { ok: false, error: 'no_such_subteam' };
      }
      case 'chat.postMessage':
        posted += 1;
        return {
          ok: true,
          channel: channelOf(String(args.channel)),
          ts: `1700000000.${String(posted).padStart(6, '0')}`,
        };
      case 'chat.update':
        return { ok: true, channel: args.channel, ts: args.ts };
      case 'apps.connections.open':
        return { ok: true, url: `ws://127.0.0.1:${port()}/link/?ticket=secret-ticket` };
      default:
        return { ok: false, error: 'unknown_method' };
    }
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const text = await textOf(request);
    const isResponse = path.startsWith('/respond/');
    const method = isResponse ? 'response_url' : path.replace('/api/', '');
    const args = readArgs(request, text);
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? null;
    calls.push({ method, token, args });
    const fault = faults.get(method);
    if (fault?.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
    const left = postsLeft.get(path) ?? 0;
    if (isResponse && !fault?.status) {
      postsLeft.set(path, left - 1);
      send(response, left > 0 ? 200 : 404, left > 0 ? { ok: true } : { ok: false, error: 'expired_url' });
      return;
    }
    send(response, fault?.status ?? 200, fault?.body ?? answer(method, args), fault?.headers);
  }

  const server = createServer((request, response) => {
    void take(request, response);
  });
  server.on('upgrade', (request, stream) => {
    const socket = acceptWebSocket(request, stream, (message) => envelopes.push(message));
    sockets.add(socket);
    stream.on('close', () => sockets.delete(socket));
    opened += 1;
    socket.send({ type: 'hello', num_connections: 1, connection_info: { app_id: 'A1' } });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function port(): number {
    return (server.address() as AddressInfo).port;
  }

  return {
    url: `http://127.0.0.1:${port()}`,
    apiUrl: `http://127.0.0.1:${port()}/api/`,
    calls,
    members,
    groups,
    faults,
    /** What came back over Socket Mode. */
    envelopes,
    sockets,
    opened: () => opened,
    callsOf: (method: string) => calls.filter((one) => one.method === method),
    /** A URL that takes so many messages; Slack's take five. */
    responseUrl(posts = 5): string {
      const path = `/respond/${postsLeft.size + 1}`;
      postsLeft.set(path, posts);
      return `http://127.0.0.1:${port()}${path}`;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A message to a person goes to the channel that the two share. */
function channelOf(channel: string): string {
  return channel.startsWith('U') ? `D${channel.slice(1)}` : channel;
}

function send(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** The Web API takes forms whose structured fields are JSON, and JSON. */
function readArgs(request: IncomingMessage, text: string): Record<string, unknown> {
  if (request.headers['content-type']?.startsWith('application/json')) return JSON.parse(text);
  const form = Object.fromEntries(new URLSearchParams(text));
  return { ...form, ...(form.blocks ? { blocks: JSON.parse(form.blocks) } : {}) };
}

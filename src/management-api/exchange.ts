import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import fetch, { FetchError } from 'node-fetch';
import type { HttpReply } from './answer.ts';

/** The calls that the bridge makes; each is the last segment of its path. */
export type Endpoint =
  | 'get-management-token'
  | 'kick-users'
  | 'resign-user'
  | 'resign-user-batch'
  | 'get-user'
  | 'get-user-batch'
  | 'get-user-loggedin-apps'
  | 'check-session-status'
  | 'list-applications'
  | 'list-users'
  | 'get-user-sync-relations';

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly endpoint: Endpoint;
  /** The parameters of a GET, or the fields of a POST's body. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** SDKs differ in how a GET carries a list: `userIds=a&userIds=b`, or `userIds[]=a&userIds[]=b`. */
export type ArrayEncoding = 'repeat' | 'brackets';

type Exchange =
  | { readonly kind: 'reply'; readonly reply: HttpReply }
  | { readonly kind: 'fault'; readonly message: string; readonly sent: boolean };

export interface Exchanger {
  /** One HTTP request and its whole answer, within the time limit; whatever goes wrong is a value. */
  send(request: ApiRequest, headers: Readonly<Record<string, string>>): Promise<Exchange>;
  close(): void;
}

export interface ExchangerOptions {
  readonly host: string;
  readonly timeoutMs: number;
  readonly arrayEncoding: ArrayEncoding;
}

/** Far above any documented answer: a page of 50 users with their identities. */
const maxAnswerBytes = 8 * 1024 * 1024;

/** Below the idle limits that are usual in front of an API, so that we seldom write to a socket about to be closed. */
const idleSocketMs = 30_000;

/** The path that is called, and signed. */
export function pathOf(endpoint: Endpoint): string {
  return `/api/v3/${endpoint}`;
}

/** @throws TypeError when the host is no plain http or https address */
export function createExchanger({ host, timeoutMs, arrayEncoding }: ExchangerOptions): Exchanger {
  const base = readHost(host);
  const Agent = base.startsWith('https:') ? HttpsAgent : HttpAgent;
  const agent = new Agent({ keepAlive: true, timeout: idleSocketMs });

  return {
    async send({ method, endpoint, data }, headers) {
      const query = method === 'GET' ? `?${encodeQuery(data, arrayEncoding)}` : '';
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(), timeoutMs);
      try {
        const response = await fetch(`${base}${pathOf(endpoint)}${query}`, {
          method,
          agent,
          signal: limit.signal,
          redirect: 'manual',
          size: maxAnswerBytes,
          headers: {
            accept: 'application/json',
            'user-agent': 'offboard-bridge',
            ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
            ...headers,
          },
          ...(method === 'POST' ? { body: JSON.stringify(data) } : {}),
        });
        const body = await response.text();
        const retryAfter = response.headers.get('retry-after');
        return { kind: 'reply', reply: { status: response.status, retryAfter, body } };
      } catch (error) {
        return {
          kind: 'fault',
          ...(limit.signal.aborted ? { message: 'timeout', sent: true } : readFault(error)),
        };
      } finally {
        clearTimeout(timer);
      }
    },
    close() {
      agent.destroy();
    },
  };
}

/** The host without trailing slashes. */
function readHost(host: string): string {
  const trimmed = host.trim().replace(/\/+$/, '');
  const url = URL.canParse(trimmed) ? new URL(trimmed) : null;
  const plain =
    url && /^https?:$/.test(url.protocol) && !url.username && !url.password && !/[?#]/.test(trimmed);
  if (!plain) throw new TypeError('the host of the management API must be a plain http or https address');
  return trimmed;
}

function encodeQuery(data: ApiRequest['data'], arrayEncoding: ArrayEncoding): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(data)) {
    if (Array.isArray(value)) {
      const key = arrayEncoding === 'brackets' ? `${name}[]` : name;
      for (const one of value) query.append(key, String(one));
    } else if (value !== undefined) {
      query.append(name, String(value));
    }
  }
  return query.toString();
}

/** The codes of a connection, or a TLS handshake, that never came about. */
const neverSent = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$|CERT|^UNABLE_TO_/;

/** Only codes are passed on: the messages of the HTTP client name the address, and with it the user. */
function readFault(error: unknown): { message: string; sent: boolean } {
  if (!(error instanceof FetchError)) return { message: 'the connection failed', sent: true };
  if (error.type === 'max-size') return { message: 'the answer is too large', sent: true };
  const { code = 'the connection failed' } = error;
  const systemCall = 'erroredSysCall' in error ? error.erroredSysCall : undefined;
  return { message: code, sent: !neverSent.test(code) && systemCall !== 'connect' };
}

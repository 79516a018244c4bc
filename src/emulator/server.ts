import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Access } from './access.ts';
import type { ApiRequest } from './api.ts';
import { answerRequest, readJson, readQuery } from './api.ts';
import type { CallLog } from './calls.ts';
import type { Tenant } from './endpoints.ts';
import { tokenEndpoint } from './endpoints.ts';
import type { ApiAnswer } from './envelope.ts';
import { envelopeOf, fail } from './envelope.ts';
import type { FaultBook, Strike } from './faults.ts';

export interface ServerRooms {
  readonly access: Access;
  readonly tenant: Tenant;
  readonly faults: FaultBook;
  readonly calls: CallLog;
  readonly now: () => number;
}

/** What goes out over HTTP. `cut` sends half of it and breaks the connection. */
interface Output {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly cut?: boolean;
  readonly statusCode: number | null;
  readonly apiCode: number | null;
}

const maxBodyBytes = 1024 * 1024;
const json = { 'content-type': 'application/json; charset=utf-8' };

/** Answers one request to the API, with what is set to go wrong; it resolves once the answer is handed to the socket. */
export async function serveApi(
  { request, response, url }: { request: IncomingMessage; response: ServerResponse; url: URL },
  rooms: ServerRooms,
  closing: AbortSignal,
): Promise<void> {
  const { faults, calls, now } = rooms;
  const { method = '', headers } = request;
  const endpoint = url.pathname.split('/').at(-1) ?? '';
  const at = now();
  const body = await readBody(request, maxBodyBytes);
  const input = method === 'GET' ? readQuery(url.searchParams) : body && readJson(body);
  const seq = calls.add({ at, endpoint, method, input: endpoint === tokenEndpoint ? null : input });
  const { latencyMs, fault } = faults.draw(endpoint);
  if (latencyMs > 0) await delay(latencyMs, undefined, { signal: closing });

  const language = typeof headers['x-authing-lang'] === 'string' ? headers['x-authing-lang'] : undefined;
  const apiRequest: ApiRequest = { method, path: url.pathname, endpoint, headers, input };
  const wrap = (answer: ApiAnswer): Output => ({
    status: 200,
    headers: json,
    body: envelopeOf(answer, `emulated-${seq}`, language),
    statusCode: answer.statusCode,
    apiCode: answer.apiCode,
  });
  const answer = carryOut(apiRequest, { body, fault }, rooms);
  const genuine = answer ? wrap(answer) : noSuchRoute(method, url.pathname);
  const output = fault ? spoil(genuine, fault, wrap) : genuine;
  const whole = output !== null && !output.cut && !response.destroyed;
  calls.complete(seq, {
    answer: {
      httpStatus: whole ? output.status : null,
      statusCode: whole ? output.statusCode : null,
      apiCode: whole ? output.apiCode : null,
    },
    applied: answer?.applied ?? false,
    ...(whole && output === genuine && answer?.looks ? { looks: answer.looks } : {}),
  });
  if (output) write(response, output);
}

/** A call that is spoilt is carried out only where its fault says so. */
function carryOut(
  request: ApiRequest,
  { body, fault }: { body: Buffer | null; fault: Strike['fault'] },
  { access, tenant }: ServerRooms,
): ApiAnswer | null {
  if (fault && !fault.applied) return fail(500, 'server_error');
  if (!body) return fail(413, 'too_large');
  return answerRequest(request, access, tenant);
}

/** The answer as a fault leaves it; `null` when there is none at all. */
function spoil(
  genuine: Output,
  fault: NonNullable<Strike['fault']>,
  wrap: (answer: ApiAnswer) => Output,
): Output | null {
  switch (fault.kind) {
    case 'rateLimit': {
      const { retryAfterSeconds } = fault;
      const retryAfter = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return { ...wrap(fail(429, 'throttled')), status: 429, headers: { ...json, ...retryAfter } };
    }
    case 'http5xx':
      return { ...wrap(fail(fault.status, 'server_error')), status: fault.status };
    case 'forbidden':
      return wrap(fail(403, 'forbidden'));
    case 'envelope': {
      const { statusCode, apiCode = null, data } = fault;
      return wrap(fail(statusCode, statusCode === 200 ? 'success' : 'server_error', { apiCode, data }));
    }
    case 'html':
      return page(fault.status, {}, '<!doctype html><title>Not the API</title><p>This is another host.</p>');
    case 'redirect':
      return page(302, { location: fault.location }, '<!doctype html><title>Moved</title>');
    case 'timeout':
      return null;
    case 'halfClosed':
      return { ...genuine, cut: true };
  }
}

function page(status: number, headers: Record<string, string>, body: string): Output {
  const type = { 'content-type': 'text/html; charset=utf-8' };
  return { status, headers: { ...type, ...headers }, body, statusCode: null, apiCode: null };
}

function noSuchRoute(method: string, path: string): Output {
  const body = JSON.stringify({ statusCode: 404, message: `Cannot ${method} ${path}`, error: 'Not Found' });
  return { status: 404, headers: json, body, statusCode: 404, apiCode: null };
}

function write(response: ServerResponse, { status, headers, body, cut }: Output): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  if (cut) response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
  else response.end(bytes);
}

/** The body, or `null` when it is larger than allowed; the rest is then read and thrown away. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
  }
  return size > maxBytes ? null : Buffer.concat(chunks);
}

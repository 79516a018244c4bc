import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from './access.ts';
import type { Tenant } from './endpoints.ts';
import { findEndpoint, tokenEndpoint } from './endpoints.ts';
import type { ApiAnswer } from './envelope.ts';
import { fail } from './envelope.ts';

/** A request to the API, read whole. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  /** The last part of the path. */
  readonly endpoint: string;
  readonly headers: IncomingHttpHeaders;
  /** The parameters of the query, or the JSON of the body; `undefined` when that is no JSON. */
  readonly input: unknown;
}

/** The API's answer; `null` when there is no such route. */
export function answerRequest(request: ApiRequest, access: Access, tenant: Tenant): ApiAnswer | null {
  const { endpoint, method, input } = request;
  if (endpoint === tokenEndpoint) return method === 'POST' ? access.issueToken(input) : null;
  const found = findEndpoint(endpoint);
  if (found?.method !== method) return null;
  const refusal = access.refuse(request);
  if (refusal) return refusal;
  return input === undefined ? fail(400, 'malformed', { field: 'body' }) : found.answer(input, tenant);
}

/** The one parameter that is a list, sent as `userIds=a&userIds=b` or `userIds[]=a&userIds[]=b`. */
const listParameters = new Set(['userIds']);

export function readQuery(query: URLSearchParams): Record<string, string | string[]> {
  const input: Record<string, string | string[]> = Object.create(null);
  for (const [key, value] of query) {
    const name = key.replace(/\[\]$/, '');
    const before = input[name];
    if (Array.isArray(before)) before.push(value);
    else input[name] = listParameters.has(name) ? [value] : value;
  }
  return input;
}

export function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

import fetch, { type RequestInit, type Response } from 'node-fetch';
import { type VendorHttp, type VendorRequest, VendorTrouble } from '../core/lookup.ts';

interface VendorHttpOptions {
  /** Unless told, far above any documented record of one person. */
  readonly maxAnswerBytes?: number;
  /** Gives up what is under way. */
  readonly signal?: AbortSignal;
}

/** A client for one look-up, all of whose requests together may take `timeoutMs`. */
export function createVendorHttp(
  timeoutMs: number,
  { maxAnswerBytes = 1_048_576, signal }: VendorHttpOptions = {},
): VendorHttp {
  const timeout = AbortSignal.timeout(timeoutMs);
  const limit = signal ? AbortSignal.any([timeout, signal]) : timeout;
  return async (request) => {
    const url = urlOf(request);
    let response: Response;
    let text: string;
    try {
      // Told too late, the client fails by an `error` event of the body, which nobody could catch.
      limit.throwIfAborted();
      response = await fetch(url, { ...initOf(request), size: maxAnswerBytes, signal: limit });
      text = await response.text();
    } catch {
      // The messages of the client name the address, and with it the person.
      throw new VendorTrouble('again', limit.aborted ? 'the vendor did not answer in time' : 'no connection');
    }
    if (!response.ok) throw troubleOf(response);
    try {
      return JSON.parse(text);
    } catch {
      throw new VendorTrouble('again', 'the vendor answered with something else than JSON');
    }
  };
}

function urlOf({ baseUrl, path, query = {} }: VendorRequest): string {
  const segments = path.map(encodeSegment).join('/');
  const parameters = new URLSearchParams(query).toString();
  return `${baseUrl}/${segments}${parameters && `?${parameters}`}`;
}

/** An id of `.` or `..` would otherwise climb up the path. */
function encodeSegment(segment: string): string {
  if (segment === '' || /^\.{1,2}$/.test(segment))
    throw new VendorTrouble('unknown_person', 'the id is no id');
  return encodeURIComponent(segment);
}

function initOf({ method, headers = {}, json, form }: VendorRequest): RequestInit {
  const body = form ? new URLSearchParams(form).toString() : json === undefined ? null : JSON.stringify(json);
  const contentType = form ? 'application/x-www-form-urlencoded' : 'application/json';
  return {
    method: method ?? (body === null ? 'GET' : 'POST'),
    redirect: 'manual',
    headers: {
      accept: 'application/json',
      'user-agent': 'offboard-bridge',
      ...(body !== null && { 'content-type': contentType }),
      ...headers,
    },
    ...(body !== null && { body }),
  };
}

function troubleOf({ status, headers }: Response): VendorTrouble {
  const said = `the vendor answered with ${status}`;
  if (status === 404 || status === 410) return new VendorTrouble('unknown_person', said);
  // The second is Lark's name for the first.
  const wait = headers.get('retry-after') ?? headers.get('x-ogw-ratelimit-reset');
  if (status === 429 || status >= 500) return new VendorTrouble('again', said, readRetryAfter(wait));
  return new VendorTrouble('denied', said);
}

/** Seconds; a date is passed over, because the backoff serves as well. At most an hour. */
function readRetryAfter(text: string | null): number | null {
  return text !== null && /^\d{1,6}$/.test(text) ? Math.min(Number(text) * 1_000, 3_600_000) : null;
}

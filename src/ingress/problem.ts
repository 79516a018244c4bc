import { type ServerResponse, STATUS_CODES } from 'node:http';
import { type Log, traceOf } from '../core/log.ts';
import { requestIdHeader } from './request-id.ts';

export interface ProblemFacts {
  /** For people; `undefined` says nothing beyond the status. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Members beside those of RFC 9457, such as every fault of a body. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** Thrown by a route to end its request with an error of RFC 9457. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly facts: ProblemFacts;

  constructor(status: number, facts: ProblemFacts = {}) {
    super(facts.detail ?? STATUS_CODES[status] ?? String(status));
    this.status = status;
    this.facts = facts;
  }
}

/** Answers with `application/problem+json` (RFC 9457); the title is that of the status. */
export function sendProblem(response: ServerResponse, status: number, facts: ProblemFacts = {}): void {
  const { detail, headers = {}, members = {} } = facts;
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, detail, ...members };
  send(response, { status, contentType: 'application/problem+json', body: JSON.stringify(problem), headers });
}

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function send(response: ServerResponse, { status, contentType, body, headers = {} }: RawAnswer): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...requestIdHeader(),
    ...headers,
  });
  response.end(body);
}

export const busyProblem: ProblemFacts = {
  detail: 'nothing can be accepted at the moment; send it again later',
  headers: { 'retry-after': '5' },
};

/** The end of every request that failed. What is not the caller's doing is logged, and told to nobody. */
export function createErrorAnswer(log: Log): (error: unknown, response: ServerResponse) => void {
  return (error, response) => {
    if (response.destroyed) return;
    if (response.headersSent) {
      log.error(traceOf(error), 'an answer broke off');
      response.destroy();
      return;
    }
    if (error instanceof HttpProblem) {
      sendProblem(response, error.status, error.facts);
      return;
    }
    const status = statusOf(error);
    if (status === 503) sendProblem(response, status, busyProblem);
    else sendProblem(response, status);
    if (status >= 500) log.error(traceOf(error), 'a request failed');
  };
}

/** Errors of Express and its body parser carry a status; those of the store are known by their name. */
function statusOf(error: unknown): number {
  if (!(error instanceof Error)) return 500;
  if (error.name === 'StoreUnavailable') return 503;
  const status = 'status' in error ? error.status : null;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

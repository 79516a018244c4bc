import type { IncomingMessage, RequestListener } from 'node:http';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { Delivery } from '../core/handler.ts';
import type { Log } from '../core/log.ts';
import { createErrorAnswer, HttpProblem } from './problem.ts';
import { identifyRequest } from './request-id.ts';

/** A request as a delivery, once its body was read. */
export function readDelivery(
  request: IncomingMessage & { readonly originalUrl?: string },
  body: unknown,
): Delivery {
  return {
    method: request.method ?? '',
    query: readQuery(request.originalUrl ?? request.url ?? ''),
    headers: readHeaders(request.rawHeaders),
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
  };
}

/** @param raw names and values in turn, as they came */
function readHeaders(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}

function readQuery(url: string): Record<string, string> {
  const start = url.indexOf('?');
  if (start < 0) return {};
  const parameters = new URLSearchParams(url.slice(start));
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(names.map((name) => [name, parameters.getAll(name).join(', ')]));
}

export interface HttpAppOptions {
  /** Asked first; see `hookListener`. */
  readonly hooks?: (request: IncomingMessage) => RequestListener | null;
  readonly routes: readonly Router[];
  /** Whether, or for how many proxies in front, `X-Forwarded-For` names the sender. */
  readonly trustProxy: boolean | number;
  readonly log: Log;
}

/** Hooks, and an Express application of these routes; everything else, and every error, is answered with problem+json. */
export function createHttpApp({ hooks, routes, trustProxy, log }: HttpAppOptions): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustProxy);
  for (const route of routes) app.use(route);
  app.use(() => {
    throw new HttpProblem(404);
  });
  const answerError = createErrorAnswer(log);
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
    answerError(error, response),
  );
  return (request, response) => {
    const { url = '' } = request;
    if (!url.startsWith('/')) request.url = originForm(url);
    identifyRequest(request, () => (hooks?.(request) ?? app)(request, response));
  };
}

/** The target of a request without scheme and host, which a client may send too (RFC 9112, 3.2.2). */
function originForm(target: string): string {
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  return path.startsWith('/') ? path : `/${path}`;
}

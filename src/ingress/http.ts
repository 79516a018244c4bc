import type { IncomingMessage } from 'node:http';
import express, { type Express, type RequestHandler, Router } from 'express';
import type { Delivery, Receipt } from '../core/handler.ts';
import type { Log } from '../core/log.ts';
import { answerErrors, busyProblem, HttpProblem, type RawAnswer, send, sendProblem } from './problem.ts';
import type { Receiver, Reception } from './receive.ts';
import { identifyRequest } from './request-id.ts';
import type { Source, Sources } from './source.ts';

export interface HookOptions {
  readonly receiver: Pick<Receiver, 'receive'>;
  readonly sources: Sources;
  readonly maxBodyBytes: number;
}

/** `/hooks/:source`: takes deliveries as raw bytes, and answers when they are kept. */
export function hookRoutes({ receiver, sources, maxBodyBytes }: HookOptions): Router {
  const router = Router();
  const findSource: RequestHandler<{ source: string }> = (request, _response, next) => {
    const source = sources.get(request.params.source);
    if (source?.transport !== 'http') throw new HttpProblem(404);
    const methods = methodsOf(source);
    if (!methods.includes(request.method))
      throw new HttpProblem(405, { headers: { allow: methods.join(', ') } });
    next();
  };
  router.all('/hooks/:source', findSource, readBody(maxBodyBytes), async (request, response) => {
    const reception = await receiver.receive(request.params.source, readDelivery(request), {
      sender: request.ip,
    });
    const answer = answerOf(reception);
    if (answer) send(response, answer);
    else if (reception.kind === 'busy') sendProblem(response, 503, busyProblem);
    else sendProblem(response, reception.kind === 'unverified' ? 401 : 404);
  });
  return router;
}

function methodsOf({ handler }: Source): readonly string[] {
  return handler.handshake ? ['GET', 'POST'] : ['POST'];
}

/** Bodies as they came: an encoded one would be signed in one form and read in another, so it is refused. */
export function readBody(maxBodyBytes: number): RequestHandler {
  return express.raw({ type: () => true, inflate: false, limit: maxBodyBytes });
}

/** A request as a delivery, once its body was read. */
export function readDelivery(request: IncomingMessage & { body?: unknown; originalUrl: string }): Delivery {
  const headers = Object.entries(request.headersDistinct).map(([name, values = []]) => [
    name,
    values.join(', '),
  ]);
  return {
    method: request.method ?? '',
    query: readQuery(request.originalUrl),
    headers: Object.fromEntries(headers),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  };
}

function readQuery(url: string): Record<string, string> {
  const start = url.indexOf('?');
  if (start < 0) return {};
  const parameters = new URLSearchParams(url.slice(start));
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(names.map((name) => [name, parameters.getAll(name).join(', ')]));
}

function answerOf(reception: Reception): RawAnswer | null {
  if (reception.kind === 'handshake') return reception.reply;
  if (reception.kind !== 'receipt') return null;
  if (reception.reply) return reception.reply;
  return {
    status: 200,
    contentType: 'application/json',
    body: JSON.stringify(receiptView(reception.receipt)),
  };
}

/** A receipt as the sender sees it; the faults of a dead letter stay with us. */
export function receiptView(receipt: Receipt): object {
  switch (receipt.kind) {
    case 'accepted':
    case 'duplicate':
      return { status: receipt.kind, intents: receipt.intents };
    case 'dead-letter':
      return { status: receipt.kind, id: receipt.id };
    case 'ignored':
      return { status: receipt.kind };
  }
}

export interface HttpAppOptions {
  readonly routes: readonly Router[];
  /** Whether, or for how many proxies in front, `X-Forwarded-For` names the sender. */
  readonly trustProxy: boolean | number;
  readonly log: Log;
}

/** An Express application of these routes; everything else, and every error, is answered with problem+json. */
export function createHttpApp({ routes, trustProxy, log }: HttpAppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', trustProxy);
  app.use(identifyRequest);
  for (const route of routes) app.use(route);
  app.use(() => {
    throw new HttpProblem(404);
  });
  app.use(answerErrors(log));
  return app;
}

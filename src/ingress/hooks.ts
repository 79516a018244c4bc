import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import proxyAddr from 'proxy-addr';
import type { Receipt } from '../core/handler.ts';
import type { Log } from '../core/log.ts';
import type { ReadBody } from './body.ts';
import { readDelivery } from './http.ts';
import { busyProblem, createErrorAnswer, HttpProblem, type RawAnswer, send, sendProblem } from './problem.ts';
import type { Receiver, Reception, Refused } from './receive.ts';
import type { Source, Sources } from './source.ts';

export interface HookOptions {
  readonly receiver: Pick<Receiver, 'receive' | 'refuse'>;
  readonly sources: Sources;
  readonly readBody: ReadBody;
  /** Whether, or for how many proxies in front, `X-Forwarded-For` names the sender. */
  readonly trustProxy: boolean | number;
  readonly log: Log;
}

const path = /^\/hooks\/([^/?]+)\/?(?:\?|$)/i;

/** How those are counted that are turned away unread; who broke off is not. */
const refusedKinds: Readonly<Record<number, Refused['kind']>> = {
  404: 'unknown-source',
  405: 'refused',
  413: 'refused',
  415: 'refused',
  503: 'busy',
};

/**
 * `/hooks/:source`: takes deliveries as raw bytes, and answers when they are kept. It stands before Express, which would
 * take a fifth of the time that one costs. @returns null for a request of another path
 */
export function hookListener(options: HookOptions): (request: IncomingMessage) => RequestListener | null {
  const { receiver, sources, readBody, trustProxy } = options;
  const answerError = createErrorAnswer(options.log);
  const isTrusted = (_address: string, hop: number): boolean =>
    typeof trustProxy === 'number' ? hop < trustProxy : trustProxy;

  const senderOf = (request: IncomingMessage) => (): string => proxyAddr(request, isTrusted);

  async function take(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkMethod(sources.get(id), request);
    const body = await readBody(request);
    const reception = await receiver.receive(id, readDelivery(request, body), { sender: senderOf(request) });
    const answer = answerOf(reception);
    if (answer) send(response, answer);
    else if (reception.kind === 'busy') sendProblem(response, 503, busyProblem);
    else sendProblem(response, reception.kind === 'unverified' ? 401 : 404);
  }

  function fail(id: string, error: unknown, request: IncomingMessage, response: ServerResponse): void {
    const kind = error instanceof HttpProblem && refusedKinds[error.status];
    if (kind) receiver.refuse(id, { kind, reason: error.message, sender: senderOf(request) });
    answerError(error, response);
  }

  return ({ url = '' }) => {
    const written = path.exec(url)?.[1];
    if (written === undefined) return null;
    const id = written.includes('%') ? decode(written) : written;
    return (request, response) =>
      void take(id, request, response).catch((error: unknown) => fail(id, error, request, response));
  };
}

/** A part of a path as it is meant; as it is written, where that cannot be told. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function checkMethod(source: Source | undefined, { method = '' }: IncomingMessage): void {
  if (source?.transport !== 'http')
    throw new HttpProblem(404, { detail: 'no such source takes deliveries here' });
  const methods = source.handler.handshake ? ['GET', 'POST'] : ['POST'];
  if (!methods.includes(method))
    throw new HttpProblem(405, { detail: `${method} is not taken`, headers: { allow: methods.join(', ') } });
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

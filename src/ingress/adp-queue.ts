import { Agent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import fetch, { FetchError, type RequestInit, type Response } from 'node-fetch';
import { z } from 'zod';
import { basicAuthorization, type StreamAccess } from '../core/handler.ts';
import type { ConnectOptions, StreamConnection } from './stream-connection.ts';

type Access = Extract<StreamAccess, { kind: 'adp' }>;

/** Longer than ADP waits for a message, which is 15 seconds. */
const answerTimeoutMs = 30_000;
/** Far above any documented message. */
const maxAnswerBytes = 4_194_304;
/** A token is given up so long before it expires. */
const tokenMarginMs = 60_000;

const tokenShape = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

interface QueueMessage {
  /** `null` when ADP did not say: then it can be kept, but not removed. */
  readonly id: string | null;
  readonly body: Buffer;
}

interface Queue {
  /** The message at the head, which stays there until it is removed; `null` = the queue is empty. */
  head(): Promise<QueueMessage | null>;
  remove(id: string): Promise<void>;
  close(): void;
}

/**
 * Asks ADP's queue of event notifications for one message after the other. A message is removed after it is kept, and
 * only then: when the process ends in between, it comes again and is known again. One that another process removed
 * already is as good as removed. Whatever goes wrong ends the connection.
 * Source: developers.adp.com/articles/general/adp-event-apis-and-event-notification-guide. The long polling, and that
 * the client's id and secret go by HTTP Basic, are second hand.
 * @throws when the queue does not answer
 */
export async function connectAdp(access: Access, options: ConnectOptions): Promise<StreamConnection> {
  const closing = new AbortController();
  const signal = AbortSignal.any([options.signal, closing.signal]);
  const queue = openQueue(access, signal);
  let isOpen = true;
  const ask = async () => {
    const askedAt = performance.now();
    return { message: await queue.head(), nextAt: askedAt + access.pollEveryMs };
  };

  async function drain(first: Awaited<ReturnType<typeof ask>>): Promise<void> {
    for (let { message, nextAt } = first; !signal.aborted; { message, nextAt } = await ask()) {
      if (message) await take(message, queue, options.keep);
      else await delay(Math.max(0, nextAt - performance.now()), undefined, { signal });
    }
  }

  try {
    const first = await ask();
    const ended = drain(first).finally(() => {
      isOpen = false;
      queue.close();
    });
    return { ended, isOpen: () => isOpen, close: () => closing.abort() };
  } catch (error) {
    queue.close();
    throw error;
  }
}

async function take({ id, body }: QueueMessage, queue: Queue, keep: ConnectOptions['keep']): Promise<void> {
  const isKept = await keep({ body, ...(id !== null && { position: id }) });
  if (!isKept) throw new Error('the message at the head of the queue was not kept');
  if (id === null) throw new Error('ADP gave no adp-msg-msgid, so the message cannot be removed');
  await queue.remove(id);
}

function openQueue(access: Access, signal: AbortSignal): Queue {
  const { certificate: cert, privateKey: key, authorities } = access;
  const agent = new Agent({ cert, key, keepAlive: true, ...(authorities !== null && { ca: authorities }) });
  const messages = `${access.apiUrl}/core/v1/event-notification-messages`;
  let token = { text: '', until: Number.NEGATIVE_INFINITY };

  const send = async (url: string, { signal, ...init }: RequestInit & { signal: AbortSignal }) => {
    // Told too late, the client fails by an `error` event of the body, which nobody could catch.
    signal.throwIfAborted();
    return fetch(url, { agent, redirect: 'manual', size: maxAnswerBytes, signal, ...init });
  };
  const limit = (): AbortSignal => AbortSignal.timeout(answerTimeoutMs);

  async function authorize(): Promise<{ authorization: string }> {
    if (token.until <= performance.now()) token = await fetchToken();
    return { authorization: `Bearer ${token.text}` };
  }

  async function fetchToken(): Promise<typeof token> {
    const { tokenUrl, clientId, clientSecret } = access;
    const askedAt = performance.now();
    const response = await send(tokenUrl, {
      method: 'POST',
      headers: { authorization: basicAuthorization({ username: clientId, password: clientSecret }) },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
      signal: AbortSignal.any([signal, limit()]),
    });
    if (!response.ok) throw new Error(`the token endpoint answered with ${response.status}`);
    const { data } = tokenShape.safeParse(await response.json().catch(() => null));
    if (!data) throw new Error('the token endpoint gave no token');
    return { text: data.access_token, until: askedAt + data.expires_in * 1_000 - tokenMarginMs };
  }

  return {
    async head() {
      const headers = {
        ...(await authorize()),
        accept: 'application/json',
        ...(access.longPolling && { prefer: '/adp/long-polling' }),
      };
      const response = await send(messages, { headers, signal: AbortSignal.any([signal, limit()]) });
      if (response.status === 204) return null;
      if (response.status !== 200) throw new Error(`the queue answered with ${response.status}`);
      const id = response.headers.get('adp-msg-msgid');
      const body = await readMessage(response, id);
      return body.length === 0 && id === null ? null : { id, body };
    },
    /** Is carried to its end when the bridge closes: what was kept need not come again. */
    async remove(id) {
      const url = `${messages}/${encodeURIComponent(id)}`;
      const { status, ok } = await send(url, {
        method: 'DELETE',
        headers: await authorize(),
        signal: limit(),
      });
      if (!ok && status !== 404 && status !== 410) {
        throw new Error(`the queue answered the removal of a message with ${status}`);
      }
    },
    close: () => agent.destroy(),
  };
}

/** @throws with what to do, when the message is too large to be kept: until it is removed, all behind it wait. */
async function readMessage(response: Response, id: string | null): Promise<Buffer> {
  try {
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    if (!(error instanceof FetchError) || error.type !== 'max-size') throw error;
    throw new Error(
      `the message ${id} at the head of the queue has more than ${maxAnswerBytes} bytes and holds up all behind it; ` +
        'read it at ADP, do by hand what it asks for, and remove it there',
    );
  }
}

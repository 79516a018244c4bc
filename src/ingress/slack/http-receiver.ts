import type { App, Receiver, ReceiverEvent } from '@slack/bolt';
import { Router } from 'express';
import { type Delivery, UnverifiedDelivery } from '../../core/handler.ts';
import { type Log, traceOf } from '../../core/log.ts';
import { createAllowance } from '../allowance.ts';
import type { ReadBody } from '../body.ts';
import { readDelivery } from '../http.ts';
import { HttpProblem, send } from '../problem.ts';
import { createSignatureCheck } from './signature.ts';

export interface HttpReceiverOptions {
  readonly signingSecret: string;
  readonly readBody: ReadBody;
  /** Told of a request that is not genuine. */
  readonly onUnverified?: () => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** Lines a minute about requests that are not genuine. */
const maxUnverifiedLines = 60;

/**
 * Bolt's way in on the bridge's own Express application, instead of its ExpressReceiver: that one lets timestamps from
 * the future and repeated requests pass, and refuses a content type with a charset.
 */
export function createHttpReceiver(options: HttpReceiverOptions): { receiver: Receiver; router: Router } {
  const { readBody, now, log } = options;
  const { verify } = createSignatureCheck({ secret: options.signingSecret, now });
  const lines = createAllowance(maxUnverifiedLines, 60_000);
  const router = Router();
  let app: App | null = null;

  router.post('/slack/events', async (request, response) => {
    const delivery = readDelivery(request, await readBody(request));
    try {
      verify(delivery);
    } catch (error) {
      if (!(error instanceof UnverifiedDelivery)) throw error;
      options.onUnverified?.();
      if (lines.take(now()))
        log.warn({ source: 'slack', sender: request.ip, reason: error.message }, 'a delivery is not genuine');
      throw new HttpProblem(401);
    }
    const body = readForm(delivery);
    let answered = false;
    const ack: ReceiverEvent['ack'] = async (answer?: unknown) => {
      if (answered) return;
      answered = true;
      send(response, { status: 200, ...bodyOf(answer) });
    };
    if (body.ssl_check === undefined) {
      await app?.processEvent({ body, ack }).catch((error: unknown) => {
        log.error(traceOf(error), 'a request of Slack was not carried through');
        if (!answered) throw new HttpProblem(500);
      });
    }
    await ack();
  });
  router.all('/slack/events', () => {
    throw new HttpProblem(405, { headers: { allow: 'POST' } });
  });

  const receiver: Receiver = {
    init(bolt) {
      app = bolt;
    },
    start: async () => {},
    stop: async () => {},
  };
  return { receiver, router };
}

/** A command is a form; a press is a form with JSON in its only field. @throws HttpProblem 400 */
function readForm({ body }: Delivery): Record<string, unknown> {
  const form = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
  if (form.payload === undefined) return form;
  try {
    const payload: unknown = JSON.parse(form.payload);
    if (typeof payload === 'object' && payload !== null && !Array.isArray(payload)) return { ...payload };
  } catch {
    // Said below, as for everything that is not a mapping.
  }
  throw new HttpProblem(400, { detail: 'payload: is not a JSON object' });
}

function bodyOf(answer: unknown): { contentType: string; body: string } {
  if (answer === undefined || answer === '') return { contentType: 'text/plain', body: '' };
  return typeof answer === 'string'
    ? { contentType: 'text/plain; charset=utf-8', body: answer }
    : { contentType: 'application/json', body: JSON.stringify(answer) };
}

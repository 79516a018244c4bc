import { z } from 'zod';
import {
  defineHandler,
  hasValidHmac,
  MalformedDelivery,
  parseJsonBody,
  readNeutralEvent,
  UnverifiedDelivery,
} from '../src/core/handler.ts';

/** Both ways, as in the reference libraries; the scheme stamps every retry anew. */
const toleranceMs = 5 * 60_000;
const maxIdLength = 256;
/** A sender gives one per key while keys are rotated; each costs a comparison for every secret of ours. */
const maxSignatures = 20;
/** The specification asks senders for 24; shorter than this is no key but a password. */
const minKeyBytes = 16;

const secret = z
  .string()
  .regex(/^(whsec_)?[A-Za-z0-9+/]+={0,2}$/, { error: 'is not base64, with or without whsec_ in front' })
  .transform((text) => Buffer.from(text.replace(/^whsec_/, ''), 'base64'))
  .refine((key) => key.length >= minKeyBytes, { error: `is a key of less than ${minKeyBytes} bytes` });

const settings = z.object({ secrets: z.array(secret).min(1).max(10) });

/**
 * Standard Webhooks 1.0.0 with symmetric signatures (`v1`), carrying the neutral event.
 * Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
 */
export const standardWebhooks = defineHandler<z.output<typeof settings>>({
  settings,

  verify({ headers, body }, { secrets }, now) {
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
    if (!id || !timestamp || !signatures) {
      throw new UnverifiedDelivery('webhook-id, webhook-timestamp or webhook-signature is missing');
    }
    // A dot in the id would let what was signed as the body's beginning pass for a timestamp.
    if (id.length > maxIdLength || id.includes('.')) {
      throw new UnverifiedDelivery('webhook-id is too long or has a dot');
    }
    if (!/^\d{1,11}$/.test(timestamp)) throw new UnverifiedDelivery('webhook-timestamp is not unix seconds');
    if (Math.abs(now - Number(timestamp) * 1_000) > toleranceMs) {
      throw new UnverifiedDelivery('webhook-timestamp is more than five minutes from now');
    }
    const list = signatures.split(' ', maxSignatures + 1);
    if (list.length > maxSignatures)
      throw new UnverifiedDelivery('webhook-signature has too many signatures');
    const given = list
      .filter((one) => one.startsWith('v1,'))
      .map((one) => Buffer.from(one.slice(3), 'base64'));
    if (!hasValidHmac({ algorithm: 'sha256', secrets, signed: [`${id}.${timestamp}.`, body], given })) {
      throw new UnverifiedDelivery('no v1 signature was made with one of the secrets');
    }
  },

  eventId: ({ headers }) => headers['webhook-id'] ?? null,

  normalize(delivery) {
    const reading = readNeutralEvent(parseJsonBody(delivery));
    switch (reading.kind) {
      case 'intent':
        return [reading.draft];
      case 'foreign':
        return [];
      case 'faults':
        throw new MalformedDelivery(...reading.faults);
    }
  },

  /** The sender is a program of the user's, and its author is helped more by every fault than by a 200. */
  reply(receipt) {
    if (receipt.kind !== 'dead-letter') return null;
    const problem = {
      type: 'about:blank',
      title: 'Unreadable event',
      status: 400,
      detail: 'The event is genuine, but cannot be read. It was kept as a dead letter.',
      faults: receipt.faults,
      deadLetter: receipt.id,
    };
    return { status: 400, contentType: 'application/problem+json', body: JSON.stringify(problem) };
  },
});

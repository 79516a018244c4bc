import { z } from 'zod';
import {
  base64SecretsSetting,
  defineHandler,
  MalformedDelivery,
  parseJsonBody,
  readNeutralEvent,
  verifyStandardWebhook,
} from '../src/core/handler.ts';

const names = { id: 'webhook-id', timestamp: 'webhook-timestamp', signature: 'webhook-signature' };

const settings = z.object({ secrets: base64SecretsSetting });

/**
 * Standard Webhooks 1.0.0 with symmetric signatures (`v1`), carrying the neutral event.
 * Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
 */
export const standardWebhooks = defineHandler<z.output<typeof settings>>({
  settings,

  verify: (delivery, { secrets }, now) => verifyStandardWebhook(delivery, { names, secrets, now }),

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

  /** The sender is a program of the user's, and its author is helped more by the faults than by a 200. */
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

import { z } from 'zod';
import { listFaults } from '../../core/faults.ts';
import { defineHandler, MalformedDelivery, parseJsonBody, UnverifiedDelivery } from '../../core/handler.ts';
import { actions } from '../../core/intent.ts';
import { neutralEventSchema, readNeutralEvent } from '../../core/neutral-event.ts';
import type { Source } from '../source.ts';

/**
 * The operator API as a source, so that its dead letters are replayed like any other's. People come in through
 * `Receiver.request`, after their token was seen; a delivery is never genuine.
 */
export const apiSource: Source = {
  id: 'api',
  transport: 'api',
  actions,
  settings: {},
  handler: defineHandler({
    settings: z.strictObject({}),
    verify() {
      throw new UnverifiedDelivery('the operator API takes no deliveries');
    },
    normalize(delivery) {
      const event = parseJsonBody(delivery);
      const reading = readNeutralEvent(event);
      switch (reading.kind) {
        case 'intent':
          return [reading.draft];
        case 'faults':
          throw new MalformedDelivery(...reading.faults);
        case 'foreign':
          throw new MalformedDelivery(...listForeign(event));
      }
    },
  }),
};

/** Whoever asks us directly is told of an unknown type, as of everything else. */
function listForeign(event: unknown): string[] {
  const parsed = neutralEventSchema.safeParse(event);
  return parsed.success ? [] : listFaults(parsed.error);
}

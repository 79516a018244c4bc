import { z } from 'zod';
import { defineHandler, MalformedDelivery, UnverifiedDelivery } from '../../core/handler.ts';
import type { Source } from '../source.ts';

/**
 * The Slack workspace as a source. A command becomes an intent only after its conversation has found out who is meant,
 * and comes in through `Receiver.request`; a delivery is never genuine.
 */
export const slackSource: Source = {
  id: 'slack',
  transport: 'slack',
  actions: ['kick', 'resign'],
  settings: {},
  handler: defineHandler({
    settings: z.strictObject({}),
    verify() {
      throw new UnverifiedDelivery('Slack sends to /slack/events');
    },
    normalize() {
      throw new MalformedDelivery('a Slack command has to be typed again');
    },
  }),
};

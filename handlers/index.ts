import type { Handler } from '../src/core/handler.ts';
import { bamboohr } from './bamboohr.ts';
import { events } from './events.ts';
import { standardWebhooks } from './standard-webhooks.ts';

/** Every handler by its word in the configuration, which is also the name of its file. */
export const handlers: Readonly<Record<string, Handler>> = {
  'standard-webhooks': standardWebhooks,
  bamboohr,
  events,
};

import { z } from 'zod';
import {
  checkTenant,
  defineHandler,
  hmacScheme,
  idShape,
  MalformedDelivery,
  parseJsonBody,
  readInstant,
  readShape,
  verifyScheme,
} from '../src/core/handler.ts';
import { confirmToken, readSetup } from './gusto/confirm.ts';
import { lookUp } from './gusto/lookup.ts';
import { type Settings, settings } from './gusto/settings.ts';
import { judge, nameBy } from './gusto/verdicts.ts';

const eventShape = z.object({
  uuid: idShape,
  event_type: z.string(),
  resource_uuid: idShape.nullish(),
  entity_uuid: idShape.nullish(),
  timestamp: z.unknown().optional(),
});

/**
 * Gusto's webhooks. Source: docs.gusto.com/app-integrations/docs/webhooks and /docs/employee-events,
 * docs.gusto.com/embedded-payroll/docs/webhooks. That the signature is hexadecimal is second hand, and so a setting; its
 * header is spelled in two ways, of which only the one with hyphens gets through proxies.
 */
export const gusto = defineHandler<Settings>({
  settings,

  isSetup: (delivery, { secrets }) => secrets.length === 0 && readSetup(delivery) !== null,

  verify(delivery, { secrets, encoding }, now) {
    const { x_gusto_signature: other = '', ...headers } = delivery.headers;
    const spelled = { ...delivery, headers: { 'x-gusto-signature': other, ...headers } };
    const scheme = hmacScheme({ header: 'x-gusto-signature', encoding });
    verifyScheme(spelled, { scheme, secrets, now });
  },

  eventId(delivery) {
    try {
      return readShape(eventShape, parseJsonBody(delivery)).uuid;
    } catch {
      return null;
    }
  },

  normalize(delivery, settings) {
    if (readSetup(delivery)) {
      if (settings.secrets.length > 0) return [];
      const todo = settings.confirm ? 'once it is confirmed' : 'and confirm it at Gusto';
      throw new MalformedDelivery(`verification_token: put it into secrets, ${todo}`);
    }
    const event = readShape(eventShape, parseJsonBody(delivery));
    checkTenant(event.resource_uuid, settings.tenant, 'resource_uuid');
    const verdict = judge(event.event_type, settings);
    if (!verdict) return [];
    const { entity_uuid: id, timestamp } = event;
    if (!id) throw new MalformedDelivery('entity_uuid: is missing');
    return [{ ...verdict, ...nameBy(event.event_type, id, settings), occurredAt: readInstant(timestamp) }];
  },

  /** Gusto refuses a token that it did not send itself, so that nobody else's does harm. */
  confirm(delivery, { secrets, confirm }) {
    const setup = readSetup(delivery);
    if (!setup || !confirm || secrets.length > 0) return null;
    return (http) => confirmToken(setup, confirm, http);
  },

  lookup: lookUp,
});

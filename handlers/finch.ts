import { z } from 'zod';
import {
  checkTenant,
  defineHandler,
  heldResign,
  idShape,
  nameById,
  nameDeleted,
  parseJsonBody,
  readInstant,
  readShape,
  usesLookup,
  type Verdict,
  verifyStandardWebhook,
} from '../src/core/handler.ts';
import { lookUp } from './finch/lookup.ts';
import { type Settings, settings } from './finch/settings.ts';

const names = { id: 'finch-event-id', timestamp: 'finch-timestamp', signature: 'finch-signature' };

const eventShape = z.object({ event_type: z.string(), connection_id: idShape.nullish() });
const personShape = z.object({ data: z.object({ individual_id: idShape }) });

const employmentUpdated = heldResign(
  'status_unknown',
  'Finch says that the employment changed, but not to what',
);
const recordDeleted = heldResign(
  'record_deleted',
  'Finch says that the record was deleted, not that the person left',
);
const verdicts = new Map<string, Verdict>([
  ['employment.updated', employmentUpdated],
  ['employment.deleted', recordDeleted],
  ['individual.deleted', recordDeleted],
  ['directory.deleted', recordDeleted],
]);

/**
 * Finch's webhooks. Nothing in them says that somebody left: a sync, once a day, saw another employment, and its status
 * has to be looked up. Source: developer.tryfinch.com/developer-resources/Webhooks, and
 * github.com/Finch-API/finch-api-node, src/resources/webhooks.ts. Which of the events fires for a leaver is not stated.
 */
export const finch = defineHandler<Settings>({
  settings,

  verify: (delivery, { secrets }, now) => verifyStandardWebhook(delivery, { names, secrets, now }),

  eventId: ({ headers }) => headers[names.id] ?? null,

  normalize(delivery, settings) {
    const body = parseJsonBody(delivery);
    const event = readShape(eventShape, body);
    const verdict = verdicts.get(event.event_type);
    if (!verdict) return [];
    checkTenant(event.connection_id, settings.tenant, 'connection_id');
    const { individual_id: id } = readShape(personShape, body).data;
    const { action, hold } = verdict;
    const isAsked = verdict === employmentUpdated && usesLookup(settings);
    const name = isAsked ? nameById : nameDeleted;
    const occurredAt = readInstant(delivery.headers[names.timestamp]);
    return [{ action, ...(!isAsked && { hold }), ...name(id, settings), occurredAt }];
  },

  lookup: lookUp,
});

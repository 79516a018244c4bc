import { z } from 'zod';
import {
  checkTenant,
  defineHandler,
  heldResign,
  hmacScheme,
  idShape,
  lastDayAt,
  nameById,
  nameDeleted,
  parseJsonBody,
  readInstant,
  readPart,
  readShape,
  usesLookup,
  verifyScheme,
} from '../src/core/handler.ts';
import { contractEnded, lookUp } from './deel/lookup.ts';
import { type Settings, settings } from './deel/settings.ts';

const envelopeShape = z.object({
  data: z.object({
    meta: z.object({
      event_type: z.string(),
      organization_id: idShape.nullish(),
      is_simulation: z.unknown().optional(),
    }),
    resource: z.unknown().optional(),
  }),
  timestamp: z.unknown().optional(),
});
const resource = z.object({ id: idShape, completion_date: z.string().nullish() });
/** An object in Deel's reference, a list in its guide. */
const resourceShape = z.union([resource.transform((one) => [one]), z.array(resource).min(1).max(100)]);

const recordDeleted = heldResign(
  'record_deleted',
  'Deel says that the worker was deleted, not that the person left',
);

/** What an event may say of a simulation without being one. */
const noSimulation = new Set<unknown>([undefined, null, false, 'false']);

const scheme = hmacScheme({ header: 'X-Deel-Signature', signed: 'POST{body}' });

/**
 * Deel's webhooks. What ends is a contract, by its id; a person may have several. What is deleted is a profile, by its
 * own. Source: developer.deel.com/api/webhooks/introduction and /docs/webhook-event-types. No delivery is published: the
 * shape is that of the reference. That deliveries of a simulation are marked is second hand.
 */
export const deel = defineHandler<Settings>({
  settings,
  // What `tracking_id` stands for is not said. Ten retries with growing gaps.
  retrySpanMs: 3 * 86_400_000,

  verify: (delivery, { secrets }, now) => verifyScheme(delivery, { scheme, secrets, now }),

  normalize(delivery, settings) {
    const { data, timestamp } = readShape(envelopeShape, parseJsonBody(delivery));
    const { event_type: type, organization_id: organization, is_simulation: simulation } = data.meta;
    const isEnd = settings.endEvents.includes(type);
    if (!(isEnd || type === 'worker.v2.deleted') || !noSimulation.has(simulation)) return [];
    checkTenant(organization, settings.tenant, 'data.meta.organization_id');
    const { action, hold } = isEnd ? contractEnded : recordDeleted;
    const isAsked = isEnd && usesLookup(settings);
    const name = isAsked ? nameById : nameDeleted;
    return readShape(resourceShape, data.resource).map(({ id, completion_date: date }) =>
      readPart(() => ({
        action,
        ...(!isAsked && { hold }),
        ...name(id, settings),
        occurredAt: readInstant(timestamp),
        effectiveAt: lastDayAt('data.resource.completion_date', date, settings),
      })),
    );
  },

  lookup: lookUp,
});

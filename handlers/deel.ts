import { z } from 'zod';
import {
  apiOf,
  bearerLookup,
  checkLookup,
  checkTenant,
  defineHandler,
  heldResign,
  hmacScheme,
  hrSettings,
  identify,
  idShape,
  lastDayAt,
  lastDaySettings,
  nameById,
  parseJsonBody,
  readInstant,
  readPart,
  readShape,
  readStatus,
  secretsSetting,
  usesLookup,
  verifyScheme,
} from '../src/core/handler.ts';

const settings = z
  .object({
    ...hrSettings(['external_id', 'email']),
    secrets: secretsSetting.describe('the signing keys of the webhooks'),
    endEvents: z
      .array(z.string().min(1).max(128))
      .min(1)
      .default(['contract.terminated', 'gp.termination.confirmed'])
      .describe('the events that say that a contract ends; the name of the second is not published'),
    lookup: bearerLookup('https://api.letsdeel.com/rest/v2').optional(),
    ...lastDaySettings,
  })
  .superRefine(checkLookup);
type Settings = z.output<typeof settings>;

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

const contractShape = z.object({
  data: z.object({
    status: z.string(),
    termination_date: z.string().nullish(),
    worker: z.object({ id: idShape }),
  }),
});
const workerShape = z.object({
  data: z.object({
    emails: z.array(z.object({ type: z.string().nullish(), value: z.string().nullish() })).nullish(),
    employments: z.array(z.object({ id: idShape, hiring_status: z.string().nullish() })).nullish(),
  }),
});

const contractEnded = heldResign(
  'status_unknown',
  'Deel says that a contract ended, not whether the person has another',
);
const recordDeleted = heldResign(
  'record_deleted',
  'Deel says that the worker was deleted, not that the person left',
);
const endedStatuses = ['terminated', 'completed', 'cancelled'];

const scheme = hmacScheme({ header: 'X-Deel-Signature', signed: 'POST{body}' });

/**
 * Deel's webhooks. What ends is a contract, by its id; a person may have several. Source:
 * developer.deel.com/api/webhooks/introduction and /docs/webhook-event-types. No delivery is published: the shape is
 * that of the reference. That deliveries of a simulation are marked is second hand.
 */
export const deel = defineHandler<Settings>({
  settings,
  // What `tracking_id` stands for is not said. Ten retries with growing gaps.
  retrySpanMs: 3 * 86_400_000,

  verify: (delivery, { secrets }, now) => verifyScheme(delivery, { scheme, secrets, now }),

  normalize(delivery, settings) {
    const { data, timestamp } = readShape(envelopeShape, parseJsonBody(delivery));
    const { event_type: type, organization_id: organization, is_simulation: simulation } = data.meta;
    const verdict = settings.endEvents.includes(type)
      ? contractEnded
      : type === 'worker.v2.deleted' && recordDeleted;
    if (!verdict || ![undefined, null, false, 'false'].includes(simulation as null)) return [];
    checkTenant(organization, settings.tenant, 'data.meta.organization_id');
    const isAsked = verdict === contractEnded && usesLookup(settings);
    const own = isAsked ? settings : { ...settings, lookup: undefined };
    return readShape(resourceShape, data.resource).map(({ id, completion_date: date }) =>
      readPart(() => ({
        action: verdict.action,
        ...(!isAsked && { hold: verdict.hold }),
        ...nameById(id, own),
        occurredAt: readInstant(timestamp),
        effectiveAt: lastDayAt('data.resource.completion_date', date, settings),
      })),
    );
  },

  /** A person with another contract that goes on is not gone. */
  async lookup(id, settings, http) {
    const ask = apiOf(settings.lookup, http);
    const contract = readShape(contractShape, await ask({ path: ['contracts', id] })).data;
    const person = readShape(workerShape, await ask({ path: ['people', contract.worker.id] })).data;
    const email = person.emails?.find(({ type }) => type === 'work')?.value;
    const name = () => identify({ external_id: id, email }, settings);
    const others = person.employments?.filter((one) => one.id !== id);
    if (!others) return { kind: 'unclear', identifiers: name(), failure: contractEnded.hold };
    if (others.some(({ hiring_status: status }) => status !== 'inactive')) return { kind: 'active' };
    const isGone = endedStatuses.includes(contract.status);
    return readStatus({ isGone, lastDay: contract.termination_date, identify: name }, settings);
  },
});

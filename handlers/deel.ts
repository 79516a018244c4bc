import { z } from 'zod';
import {
  bearerLookup,
  checkLookup,
  checkTenant,
  defineHandler,
  externalIdPrefixSetting,
  hasValidHmac,
  type IntentDraft,
  identify,
  identifyBySetting,
  idShape,
  lastDaySettings,
  MalformedDelivery,
  nameById,
  parseJsonBody,
  readInstant,
  readLastDay,
  readShape,
  readStatus,
  secretsSetting,
  tenantSetting,
  UnverifiedDelivery,
} from '../src/core/handler.ts';

const settings = z
  .object({
    secrets: secretsSetting.describe('the signing keys of the webhooks'),
    identifyBy: identifyBySetting(['external_id', 'email']),
    externalIdPrefix: externalIdPrefixSetting,
    tenant: tenantSetting,
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

const contractEnded = {
  code: 'status_unknown',
  message: 'Deel says that a contract ended, not whether the person has another',
} as const;
const recordDeleted = {
  code: 'record_deleted',
  message: 'Deel says that the worker was deleted, not that the person left',
} as const;

/**
 * Deel's webhooks. What ends is a contract, by its id; a person may have several. Source:
 * developer.deel.com/api/webhooks/introduction and /docs/webhook-event-types. No delivery is published: the shape is
 * that of the reference. That deliveries of a simulation are marked is second hand.
 */
export const deel = defineHandler<Settings>({
  settings,
  // What `tracking_id` stands for is not said. Ten retries with growing gaps.
  retrySpanMs: 3 * 86_400_000,

  verify({ headers, body }, { secrets }) {
    const given = [Buffer.from(headers['x-deel-signature'] ?? '', 'hex')];
    if (!hasValidHmac({ algorithm: 'sha256', secrets, signed: ['POST', body], given })) {
      throw new UnverifiedDelivery('x-deel-signature was made with none of the secrets');
    }
  },

  normalize(delivery, settings) {
    const { data, timestamp } = readShape(envelopeShape, parseJsonBody(delivery));
    const { event_type: type, organization_id: organization, is_simulation: simulation } = data.meta;
    const hold = settings.endEvents.includes(type)
      ? contractEnded
      : type === 'worker.v2.deleted' && recordDeleted;
    if (!hold || ![undefined, null, false, 'false'].includes(simulation as null)) return [];
    checkTenant(organization, settings.tenant, 'data.meta.organization_id');
    return readShape(resourceShape, data.resource).map((one): IntentDraft | MalformedDelivery => {
      const effectiveAt = one.completion_date ? readLastDay(one.completion_date, settings) : undefined;
      if (one.completion_date && effectiveAt === undefined)
        return new MalformedDelivery('data.resource.completion_date: is not a date');
      const named = nameById(one.id, hold === contractEnded ? settings : { ...settings, lookup: undefined });
      const isAnswered = named.reference !== undefined;
      const occurredAt = readInstant(timestamp);
      return { action: 'resign', ...(!isAnswered && { hold }), ...named, occurredAt, effectiveAt };
    });
  },

  /** A person with another contract that goes on is not gone. */
  async lookup(id, settings, http) {
    const { baseUrl = '', token } = settings.lookup ?? {};
    const headers = { authorization: `Bearer ${token}` };
    const contract = readShape(contractShape, await http({ baseUrl, path: ['contracts', id], headers })).data;
    const path = ['people', contract.worker.id];
    const person = readShape(workerShape, await http({ baseUrl, path, headers })).data;
    const email = person.emails?.find(({ type }) => type === 'work')?.value;
    const name = () => identify({ external_id: id, email }, settings);
    const others = person.employments?.filter((one) => one.id !== id);
    if (!others) return { kind: 'unclear', identifiers: name(), failure: contractEnded };
    if (others.some(({ hiring_status: status }) => status !== 'inactive')) return { kind: 'active' };
    const isGone = endedStatuses.includes(contract.status);
    return readStatus({ isGone, lastDay: contract.termination_date, identify: name }, settings);
  },
});

const endedStatuses = ['terminated', 'completed', 'cancelled'];

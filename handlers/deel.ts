import { z } from 'zod';
import {
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
  parseJsonBody,
  readInstant,
  readLastDay,
  readShape,
  secretsSetting,
  tenantSetting,
  UnverifiedDelivery,
} from '../src/core/handler.ts';

const settings = z.object({
  secrets: secretsSetting.describe('the signing keys of the webhooks'),
  identifyBy: identifyBySetting(['external_id']),
  externalIdPrefix: externalIdPrefixSetting,
  tenant: tenantSetting,
  endEvents: z
    .array(z.string().min(1).max(128))
    .min(1)
    .default(['contract.terminated', 'gp.termination.confirmed'])
    .describe('the events that say that a contract ends; the name of the second is not published'),
  ...lastDaySettings,
});
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
      const identifiers = identify({ external_id: one.id }, settings);
      return {
        action: 'resign',
        hold,
        identifiers,
        subject: one.id,
        occurredAt: readInstant(timestamp),
        effectiveAt,
      };
    });
  },
});

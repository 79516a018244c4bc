import { z } from 'zod';
import {
  base64SecretsSetting,
  checkTenant,
  defineHandler,
  externalIdPrefixSetting,
  type IntentDraft,
  identify,
  identifyBySetting,
  idShape,
  parseJsonBody,
  readInstant,
  readShape,
  tenantSetting,
  verifyStandardWebhook,
} from '../src/core/handler.ts';

const settings = z.object({
  secrets: base64SecretsSetting,
  identifyBy: identifyBySetting(['external_id']),
  externalIdPrefix: externalIdPrefixSetting,
  tenant: tenantSetting.describe('the connection_id'),
});
type Settings = z.output<typeof settings>;

const names = { id: 'finch-event-id', timestamp: 'finch-timestamp', signature: 'finch-signature' };

const eventShape = z.object({ event_type: z.string(), connection_id: idShape.nullish() });
const personShape = z.object({ data: z.object({ individual_id: idShape }) });

type Verdict = Pick<IntentDraft, 'action' | 'hold'>;

const employmentUpdated: Verdict = {
  action: 'resign',
  hold: { code: 'status_unknown', message: 'Finch says that the employment changed, but not to what' },
};
const recordDeleted: Verdict = {
  action: 'resign',
  hold: {
    code: 'record_deleted',
    message: 'Finch says that the record was deleted, not that the person left',
  },
};
const verdicts: ReadonlyMap<string, Verdict> = new Map([
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
    const identifiers = identify({ external_id: id }, settings);
    return [
      { ...verdict, identifiers, subject: id, occurredAt: readInstant(delivery.headers[names.timestamp]) },
    ];
  },
});

import { z } from 'zod';
import {
  base64SecretsSetting,
  bearerLookup,
  checkLookup,
  checkTenant,
  defineHandler,
  externalIdPrefixSetting,
  type IntentDraft,
  identify,
  identifyBySetting,
  idShape,
  lookupDaySettings,
  nameById,
  parseJsonBody,
  readInstant,
  readShape,
  readStatus,
  tenantSetting,
  usesLookup,
  verifyStandardWebhook,
} from '../src/core/handler.ts';

const settings = z
  .object({
    secrets: base64SecretsSetting,
    identifyBy: identifyBySetting(['external_id', 'email']),
    externalIdPrefix: externalIdPrefixSetting,
    tenant: tenantSetting.describe('the connection_id'),
    lookup: bearerLookup('https://api.tryfinch.com').optional(),
    ...lookupDaySettings,
  })
  .superRefine(checkLookup);
type Settings = z.output<typeof settings>;

const names = { id: 'finch-event-id', timestamp: 'finch-timestamp', signature: 'finch-signature' };

const eventShape = z.object({ event_type: z.string(), connection_id: idShape.nullish() });
const personShape = z.object({ data: z.object({ individual_id: idShape }) });

const responses = <Body extends z.ZodType>(body: Body) =>
  z.object({ responses: z.tuple([z.object({ code: z.literal(200), body })]) });
const employmentShape = responses(z.object({ is_active: z.boolean(), end_date: z.string().nullish() }));
const individualShape = responses(
  z.object({ emails: z.array(z.object({ type: z.string().nullish(), data: z.string() })).nullish() }),
);

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
    const { action, hold } = verdict;
    const isAnswered = usesLookup(settings) && hold?.code === 'status_unknown';
    const occurredAt = readInstant(delivery.headers[names.timestamp]);
    return [{ action, ...(!isAnswered && { hold }), ...nameById(id, settings), occurredAt }];
  },

  async lookup(id, settings, http) {
    const { baseUrl = '', token } = settings.lookup ?? {};
    const headers = { authorization: `Bearer ${token}`, 'finch-api-version': '2020-09-17' };
    const json = { requests: [{ individual_id: id }] };
    const ask = (what: string) => http({ baseUrl, path: ['employer', what], headers, json });
    const employment = readShape(employmentShape, await ask('employment')).responses[0].body;
    if (employment.is_active && !employment.end_date) return { kind: 'active' };
    const individual = readShape(individualShape, await ask('individual')).responses[0].body;
    const email = individual.emails?.find(({ type }) => type === 'work')?.data;
    return readStatus(
      {
        isGone: !employment.is_active,
        lastDay: employment.end_date,
        identify: () => identify({ external_id: id, email }, settings),
      },
      settings,
    );
  },
});

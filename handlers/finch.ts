import { z } from 'zod';
import {
  apiOf,
  base64SecretsSetting,
  bearerLookup,
  checkLookup,
  checkTenant,
  defineHandler,
  heldResign,
  hrSettings,
  identify,
  idShape,
  lookupDaySettings,
  nameById,
  nameDeleted,
  parseJsonBody,
  readInstant,
  readShape,
  readStatus,
  tenantSetting,
  usesLookup,
  type Verdict,
  verifyStandardWebhook,
} from '../src/core/handler.ts';

const settings = z
  .object({
    ...hrSettings(['external_id', 'email']),
    secrets: base64SecretsSetting,
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
    const name = hold?.code === 'record_deleted' ? nameDeleted : nameById;
    const isAnswered = usesLookup(settings) && hold?.code === 'status_unknown';
    const occurredAt = readInstant(delivery.headers[names.timestamp]);
    return [{ action, ...(!isAnswered && { hold }), ...name(id, settings), occurredAt }];
  },

  async lookup(id, settings, http) {
    const api = apiOf(settings.lookup, http);
    const headers = { 'finch-api-version': '2020-09-17' };
    const json = { requests: [{ individual_id: id }] };
    const ask = (what: string) => api({ path: ['employer', what], headers, json });
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

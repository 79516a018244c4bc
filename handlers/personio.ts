import { z } from 'zod';
import {
  checkTenant,
  defineHandler,
  externalIdPrefixSetting,
  type IntentDraft,
  identify,
  identifyBySetting,
  idShape,
  MalformedDelivery,
  parseJsonBody,
  readInstant,
  readShape,
  secretsSetting,
  signatureSchemeSetting,
  tenantSetting,
  verifyScheme,
} from '../src/core/handler.ts';

const settings = z.object({
  secrets: secretsSetting,
  identifyBy: identifyBySetting(['external_id']),
  externalIdPrefix: externalIdPrefixSetting,
  tenant: tenantSetting,
  signature: signatureSchemeSetting
    .prefault({
      header: 'personio-signature',
      signed: '{timestamp}.{body}',
      timestampHeader: 'personio-timestamp',
    })
    .describe("how Personio signs; compare it with the page on webhooks in your account's documentation"),
  personId: z
    .string()
    .regex(/^\w+(\.\w+)*$/, { error: 'is not a path such as person.id' })
    .nullable()
    .default(null)
    .describe("where in the payload the person's id is; null = the likely places"),
});
type Settings = z.output<typeof settings>;

/** Personio's own schema of every webhook. */
const eventShape = z.object({
  company_id: idShape,
  occurred_at: z.string(),
  payload: z.record(z.string(), z.unknown()),
  event_name: z.string(),
});

const likelyPlaces = ['person_id', 'person.id', 'employee_id', 'id'];

type Verdict = Pick<IntentDraft, 'action' | 'hold'>;

const recordDeleted: Verdict = {
  action: 'resign',
  hold: {
    code: 'record_deleted',
    message: 'Personio says that the record was deleted, not that the person left',
  },
};
const verdicts: ReadonlyMap<string, Verdict> = new Map([
  ['employment.terminated', { action: 'resign' }],
  ['employment.deleted', recordDeleted],
  ['person.deleted', recordDeleted],
  ['employment.started', { action: 'withdraw' }],
  ['employment.created', { action: 'withdraw' }],
]);

/**
 * Personio's webhooks. Source: developer.personio.de/v2.0/reference/webhooks. `employment.terminated` is sent on the
 * date itself. That they are signed with an HMAC over a timestamp and the body is second hand, and neither the headers
 * nor the names inside `payload` were found: both are settings, with a guess for a default.
 */
export const personio = defineHandler<Settings>({
  settings,
  // There is no event id. At most six attempts; within three days by one page, six by another.
  retrySpanMs: 6 * 86_400_000,

  verify: (delivery, { secrets, signature: scheme }, now) => verifyScheme(delivery, { scheme, secrets, now }),

  normalize(delivery, settings) {
    const event = readShape(eventShape, parseJsonBody(delivery));
    checkTenant(event.company_id, settings.tenant, 'company_id');
    const verdict = verdicts.get(event.event_name);
    if (!verdict) return [];
    const subject = findId(event, settings.personId);
    const identifiers = identify({ external_id: subject }, settings);
    return [{ ...verdict, identifiers, subject, occurredAt: readInstant(event.occurred_at) }];
  },
});

/** An employment has an id of its own, which is not the person's. */
function findId({ event_name: name, payload }: z.output<typeof eventShape>, place: string | null): string {
  const places = likelyPlaces.filter((one) => one !== 'id' || name.startsWith('person.'));
  for (const path of place === null ? places : [place]) {
    const id = idShape.safeParse(path.split('.').reduce<unknown>(readKey, payload));
    if (id.success) return id.data;
  }
  throw new MalformedDelivery(`payload: has no id of a person; set personId to where it is`);
}

function readKey(tree: unknown, key: string): unknown {
  return Object.entries(Object(tree)).find(([name]) => name === key)?.[1];
}

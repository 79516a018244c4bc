import { z } from 'zod';
import {
  checkTenant,
  defineHandler,
  type Identifier,
  MalformedDelivery,
  readComparison,
  readEpoch,
  readShape,
  relationTo,
  tidyIdentifier,
  UnverifiedDelivery,
  usable,
} from '../src/core/handler.ts';
import { hasToken, isSigned, open } from './lark/envelope.ts';
import { type Person, readChange } from './lark/events.ts';
import { type Settings, settings } from './lark/settings.ts';

const vendorUrl = 'https://open.feishu.cn';

// Schema 2.0 has a header, schema 1.0 has `uuid` and `ts`, and the type in the event.
const text = z.string().catch('');
const envelopeSchema = z.object({
  header: z
    .object({
      event_id: z.string(),
      event_type: z.string(),
      create_time: z.unknown().optional(),
      tenant_key: text,
    })
    .optional(),
  uuid: z.string().optional(),
  ts: z.unknown().optional(),
  event: z.looseObject({ type: text, tenant_key: text }),
});

/**
 * Lark's and Feishu's event subscriptions, schema 2.0 and 1.0.
 * Source: open.larksuite.com, "Receive events" (June 2025), "Event overview" (March 2026) and the user events of
 * contact v3 (August 2023). Of an offboarding the types in the official Node SDK 1.74.0; of schema 1.0 those in the
 * official Go SDK 3 (`service/contact/v3/ext_model.go`), whose pages are no longer published.
 */
export const lark = defineHandler<Settings>({
  settings,

  stream({ transport, appId, appSecret, apiUrl }) {
    if (transport === 'http' || appId === null || appSecret === null) return null;
    return { kind: 'lark', apiUrl: apiUrl ?? vendorUrl, appId, appSecret };
  },

  directory({ reconcile, appId, appSecret, apiUrl, personId, ...relation }) {
    if (!reconcile || appId === null || appSecret === null) return null;
    const comparison = readComparison(relation, 'lark', reconcile);
    return { ...comparison, kind: 'lark', apiUrl: apiUrl ?? vendorUrl, appId, appSecret, personId };
  },

  /** The challenge is not signed: whoever knows the token, and the key where there is one, may ask it. */
  handshake(delivery, settings) {
    const opened = open(delivery, settings);
    const asked = z.object({ type: z.literal('url_verification'), challenge: z.string().max(1_024) });
    const { data } = asked.safeParse(opened?.content);
    if (!opened || !data) return null;
    if (!opened.wasEncrypted && settings.encryptKey)
      throw new UnverifiedDelivery('the challenge is plain text');
    if (!hasToken(opened.content, settings)) throw new UnverifiedDelivery('the challenge has another token');
    const body = JSON.stringify({ challenge: data.challenge });
    return { status: 200, contentType: 'application/json', body };
  },

  /** A timestamp of any age is taken: whether a repeat, up to seven hours later, is stamped anew is not documented. */
  verify(delivery, settings) {
    const opened = open(delivery, settings);
    if (settings.encryptKey) {
      if (!isSigned(delivery, settings.encryptKey))
        throw new UnverifiedDelivery('x-lark-signature does not fit');
      if (opened?.wasEncrypted === false)
        throw new UnverifiedDelivery('it is plain text, though a key is set');
      // Signed, but not to be read: kept as a dead letter.
      if (!opened) return;
    }
    if (!opened || !hasToken(opened.content, settings)) throw new UnverifiedDelivery('it has another token');
  },

  eventId(delivery, settings) {
    const { data } = envelopeSchema.safeParse(open(delivery, settings)?.content);
    return data?.header?.event_id ?? data?.uuid ?? null;
  },

  normalize(delivery, settings) {
    const opened = open(delivery, settings);
    if (!opened)
      throw new MalformedDelivery('body: is not JSON, is too large, or was encrypted with another key');
    const { header, ts, event } = readShape(envelopeSchema, opened.content);
    const change = readChange(header?.event_type ?? event.type, event);
    if (!change) return [];
    checkTenant((header ?? event).tenant_key, settings.tenant, 'tenant_key');
    const { person, ...rest } = change;
    const identifiers = identify(person, settings);
    if (identifiers.length === 0) throw new MalformedDelivery(`event: has no usable ${settings.personId}`);
    const occurredAt = readEpoch(header?.create_time ?? ts);
    return [{ ...rest, identifiers, subject: idOf(person, settings), occurredAt }];
  },
});

function identify(person: Person, settings: Settings): readonly Identifier[] {
  const relation = idOf(person, settings);
  const fallBack = { email: person.email, phone: person.mobile };
  return usable([
    ...(relation ? [relationTo(settings, 'lark', relation)] : []),
    ...settings.fallBackTo.map((type) => tidyIdentifier({ userIdType: type, userId: fallBack[type] })),
  ]);
}

/** Schema 1.0 calls the user id the employee id. */
function idOf(person: Person, { personId }: Settings): string | undefined {
  return personId === 'user_id' ? (person.user_id ?? person.employee_id) : person[personId];
}

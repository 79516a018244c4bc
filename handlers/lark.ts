import { z } from 'zod';
import {
  apiUrl,
  checkKeyGroups,
  type Delivery,
  decryptLarkBody,
  defineHandler,
  directoryId,
  directorySecrets,
  type Identifier,
  type IntentDraft,
  isSameText,
  isSha256Of,
  listFaults,
  MalformedDelivery,
  parseJsonBody,
  readComparison,
  readEpoch,
  reconcileKeys,
  relationKeys,
  relationTo,
  tidyIdentifier,
  UnverifiedDelivery,
  usable,
} from '../src/core/handler.ts';

const vendorUrl = 'https://open.feishu.cn';

const settings = z
  .object({
    transport: z.enum(['http', 'stream']).default('http').describe('stream = the long connection'),
    appId: z
      .string()
      .regex(/^cli_[0-9a-fA-F]{16}$/, { error: 'is not an App ID such as cli_9f5343c580712544' })
      .nullable()
      .default(null),
    appSecret: z.string().min(1).max(256).nullable().default(null),
    apiUrl: apiUrl.describe('null = https://open.feishu.cn'),
    encryptKey: directorySecrets
      .nullable()
      .default(null)
      .describe('null = nothing is encrypted, and nothing signed'),
    verificationToken: directorySecrets.nullable().default(null).describe('required by transport: http'),
    personId: z.enum(['open_id', 'union_id', 'user_id']).default('open_id').describe('the id that is sent'),
    ...relationKeys,
    reconcile: z
      .strictObject(reconcileKeys)
      .nullable()
      .default(null)
      .describe('compares who Lark still has with who is still active in GenAuth'),
    fallBackTo: z
      .array(z.enum(['email', 'phone']))
      .max(2)
      .default([])
      .describe('what else names a person whom GenAuth does not know by that id, in order of preference'),
  })
  .superRefine((own, context) =>
    checkKeyGroups(own, context, [
      {
        keys: ['verificationToken'],
        optional: ['encryptKey'],
        inUse: own.transport === 'http',
        by: 'transport: http',
      },
      {
        keys: ['appId', 'appSecret'],
        optional: ['apiUrl'],
        inUse: own.transport === 'stream' || own.reconcile !== null,
        by: 'transport: stream or reconcile',
      },
      { keys: ['extIdpId'], inUse: own.sendAs === 'identity', by: 'sendAs: identity' },
    ]),
  );
type Settings = z.output<typeof settings>;

// A field that the app may not read is missing or empty.
const id = directoryId.optional().catch(undefined);
const text = z.string().catch('');
const personSchema = z.object({
  open_id: id,
  union_id: id,
  user_id: id,
  employee_id: id,
  email: text,
  mobile: text,
});
type Person = z.output<typeof personSchema>;

const flag = z.boolean().default(false);
const statusSchema = z.object({ is_frozen: flag, is_exited: flag, is_resigned: flag });
type Status = z.output<typeof statusSchema>;

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
const leftSchema = z.object({ object: personSchema });
const updatedSchema = z.object({
  object: personSchema.extend({ status: statusSchema.prefault({}) }),
  old_object: z.object({ status: statusSchema.optional() }),
});
const statusChangeSchema = z.object({ before_status: statusSchema, current_status: statusSchema });
const offboardingSchema = z.object({
  target_user_id: personSchema,
  status: z.int(),
  offboarding_date: z.unknown().optional(),
});

type Change = Pick<IntentDraft, 'action' | 'effectiveAt'> & { readonly person: Person };

/**
 * What an event says, by its type; `null` when it is not our business. The first three are of schema 2.0; the type of
 * the event is the word, because the published example of a departure still says `is_resigned: false`.
 */
const readings = new Map<string, (event: unknown) => Change | null>([
  ['contact.user.deleted_v3', (event) => ({ action: 'resign', person: parse(leftSchema, event).object })],
  ['contact.user.updated_v3', readUpdate],
  ['corehr.offboarding.status_updated_v2', readOffboarding],
  ['user_leave', (event) => ({ action: 'resign', person: parse(personSchema, event) })],
  ['user_status_change', readStatusChange],
]);

/**
 * Lark's and Feishu's event subscriptions, schema 2.0 and 1.0.
 * Source: open.larksuite.com, "Receive events" (June 2025), "Event overview" (March 2026) and the user events of
 * contact v3 (August 2023); of an offboarding the types in the official Node SDK 1.74.0.
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
    if (!opened) throw new MalformedDelivery('body: is not JSON, or was encrypted with another key');
    const { header, ts, event } = parse(envelopeSchema, opened.content);
    const change = readings.get(header?.event_type ?? event.type)?.(event) ?? null;
    if (!change) return [];
    if (settings.tenant !== null && (header ?? event).tenant_key !== settings.tenant) {
      throw new MalformedDelivery('tenant_key: is not the tenant of this source');
    }
    const { person, ...rest } = change;
    const identifiers = identify(person, settings);
    if (identifiers.length === 0) throw new MalformedDelivery(`event: has no usable ${settings.personId}`);
    const occurredAt = readEpoch(header?.create_time ?? ts);
    return [{ ...rest, identifiers, subject: idOf(person, settings), occurredAt }];
  },
});

interface Opened {
  readonly wasEncrypted: boolean;
  readonly content: unknown;
}

/** The event in a body, decrypted where it is encrypted; `null` when it cannot be read. */
function open(delivery: Delivery, { encryptKey }: Settings): Opened | null {
  const content = readJson(delivery, delivery.body);
  const { data } = z.object({ encrypt: z.string() }).safeParse(content);
  if (!data) return content === undefined ? null : { wasEncrypted: false, content };
  for (const key of encryptKey ?? []) {
    const decrypted = readJson(delivery, decryptLarkBody(key, data.encrypt) ?? Buffer.alloc(0));
    if (decrypted !== undefined) return { wasEncrypted: true, content: decrypted };
  }
  return null;
}

function readJson(delivery: Delivery, body: Buffer): unknown {
  try {
    return parseJsonBody({ ...delivery, body });
  } catch {
    return undefined;
  }
}

/** A plain hash, not an HMAC, of the raw body behind the timestamp, the nonce and the key. */
function isSigned({ headers, body }: Delivery, keys: readonly string[]): boolean {
  const {
    'x-lark-request-timestamp': timestamp = '',
    'x-lark-request-nonce': nonce = '',
    'x-lark-signature': signature = '',
  } = headers;
  // Nothing stands between the parts: of another form, they could be moved from one into the next.
  if (!/^\d{10}$/.test(timestamp) || !/^[\w-]{1,64}$/.test(nonce)) return false;
  return keys.map((key) => isSha256Of([timestamp, nonce, key, body], signature)).includes(true);
}

function hasToken(content: unknown, { verificationToken }: Settings): boolean {
  const { data } = z.object({ header: z.object({ token: text }).optional(), token: text }).safeParse(content);
  const given = data?.header?.token ?? data?.token ?? '';
  return (verificationToken ?? []).map((token) => isSameText(token, given)).includes(true);
}

function readUpdate(event: unknown): Change | null {
  const { object, old_object } = parse(updatedSchema, event);
  return old_object.status ? readTransition(old_object.status, object.status, object) : null;
}

function readStatusChange(event: unknown): Change | null {
  const { before_status, current_status } = parse(statusChangeSchema, event);
  return readTransition(before_status, current_status, parse(personSchema, event));
}

/** Only a change counts: other fields of a frozen person change too. A resign outdoes a kick. */
function readTransition(before: Status, now: Status, person: Person): Change | null {
  const became = (flag: keyof Status): boolean => now[flag] && !before[flag];
  if (became('is_resigned')) return { action: 'resign', person };
  return became('is_frozen') || became('is_exited') ? { action: 'kick', person } : null;
}

/** 1 = started, 2 = approved, 3 = in effect, 4 = rejected, 5 = withdrawn, 6 = needs no approval. */
function readOffboarding(event: unknown): Change | null {
  const { status, target_user_id: person, offboarding_date } = parse(offboardingSchema, event);
  if (status === 3) return { action: 'resign', person };
  if (status === 4 || status === 5) return { action: 'withdraw', person };
  const effectiveAt = status === 2 ? endOfDay(offboarding_date) : undefined;
  return effectiveAt === undefined ? null : { action: 'resign', effectiveAt, person };
}

/**
 * When a day is over everywhere on earth. The date has no time zone, and nobody may be locked out early; status 3
 * comes at the hour that counts, and takes the place of what waits for this one.
 */
function endOfDay(date: unknown): number | undefined {
  const ms = typeof date === 'string' && /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms + 36 * 3_600_000;
}

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

function parse<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const { data, error } = schema.safeParse(value);
  if (error) throw new MalformedDelivery(...listFaults(error));
  return data as Output;
}

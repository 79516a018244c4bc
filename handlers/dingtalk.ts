import { z } from 'zod';
import {
  apiUrl,
  type CallbackKeys,
  callbackKeys,
  checkKeyGroups,
  type Delivery,
  decryptCallback,
  defineHandler,
  directoryId,
  directorySecrets,
  encryptCallback,
  findCallbackToken,
  listFaults,
  MalformedDelivery,
  parseJsonBody,
  type Reply,
  readComparison,
  readEpoch,
  reconcileKeys,
  relationKeys,
  relationTo,
  signCallback,
  UnverifiedDelivery,
} from '../src/core/handler.ts';

const settings = z
  .object({
    transport: z.enum(['http', 'stream']).default('http').describe('stream = Stream mode'),
    clientId: z.string().min(1).max(256).nullable().default(null),
    clientSecret: z.string().min(1).max(256).nullable().default(null),
    apiUrl: apiUrl.describe('null = https://api.dingtalk.com'),
    token: directorySecrets.nullable().default(null).describe('required by transport: http'),
    aesKey: callbackKeys.nullable().default(null).describe('required by transport: http'),
    ownerKey: z
      .string()
      .min(1)
      .max(256)
      .nullable()
      .default(null)
      .describe('whom DingTalk writes to: the AppKey, corpId or suiteKey'),
    ...relationKeys,
    reconcile: z
      .strictObject({ apiUrl: apiUrl.describe('null = https://oapi.dingtalk.com'), ...reconcileKeys })
      .nullable()
      .default(null)
      .describe('compares who DingTalk still has with who is still active in GenAuth'),
  })
  .superRefine((own, context) =>
    checkKeyGroups(own, context, [
      { keys: ['token', 'aesKey', 'ownerKey'], inUse: own.transport === 'http', by: 'transport: http' },
      {
        keys: ['clientId', 'clientSecret'],
        inUse: own.transport === 'stream' || own.reconcile !== null,
        by: 'transport: stream or reconcile',
      },
      { keys: [], optional: ['apiUrl'], inUse: own.transport === 'stream', by: 'transport: stream' },
      { keys: ['extIdpId'], inUse: own.sendAs === 'identity', by: 'sendAs: identity' },
    ]),
  );
type Settings = z.output<typeof settings>;

const text = z.string().optional();
const eventSchema = z
  .object({
    EventType: z.string(),
    EventTime: z.unknown().optional(),
    CorpId: text,
    eventId: text,
    // Older pushes write UserId and TimeStamp, streams timestamp too; only apps of a company get a list.
    userId: z.unknown().optional(),
    UserId: z.unknown().optional(),
    timeStamp: z.unknown().optional(),
    TimeStamp: z.unknown().optional(),
    timestamp: z.unknown().optional(),
    staffId: z.unknown().optional(),
    changeType: z.unknown().optional(),
  })
  .transform(({ userId, UserId, timeStamp, TimeStamp, timestamp, EventTime, ...event }) => ({
    ...event,
    userIds: [userId ?? UserId].flat(),
    occurredAt: readEpoch(timeStamp ?? TimeStamp ?? timestamp ?? EventTime),
  }));
type Event = z.output<typeof eventSchema>;

/** An event on a stream; its data is JSON once more. */
const frameSchema = z.object({
  headers: z.object({
    eventType: z.string(),
    eventId: text,
    eventCorpId: text,
    eventBornTime: z.unknown().optional(),
  }),
  data: z.string(),
});

/** Of `hrm_mdm_user_change`: 1 = hired, 2 = confirmed, 3 = moved, 4 = left, 8 = promoted. */
const hasLeft = 4;

/**
 * DingTalk's event callbacks.
 * Source: github.com/open-dingtalk/DingTalk-Callback-Crypto at bd49e62; open.dingtalk.com, "address-book-user-
 * resignation" and "personnel-file-change" (August 2025).
 */
export const dingtalk = defineHandler<Settings>({
  settings,

  stream({ transport, clientId, clientSecret, apiUrl }) {
    if (transport === 'http' || clientId === null || clientSecret === null) return null;
    return { kind: 'dingtalk', apiUrl: apiUrl ?? 'https://api.dingtalk.com', clientId, clientSecret };
  },

  directory({ reconcile, clientId, clientSecret, ...relation }) {
    if (!reconcile || clientId === null || clientSecret === null) return null;
    const apiUrl = reconcile.apiUrl ?? 'https://oapi.dingtalk.com';
    return {
      ...readComparison(relation, 'dingtalk', reconcile),
      kind: 'dingtalk',
      apiUrl,
      clientId,
      clientSecret,
    };
  },

  /** DingTalk asks for an encrypted `success` when the address is set, and tries it now and again. */
  handshake(delivery, settings) {
    if (whyUnverified(delivery, settings) !== null) return null;
    const { data } = eventSchema.safeParse(readJson(delivery, settings));
    return data?.EventType === 'check_url' ? sealSuccess(delivery, settings) : null;
  },

  verify(delivery, settings) {
    const reason = whyUnverified(delivery, settings);
    if (reason !== null) throw new UnverifiedDelivery(reason);
  },

  /** Older pushes have no id; what they say, with its time, is one. */
  eventId(delivery, settings) {
    const content = readJson(delivery, settings);
    const { data } = eventSchema.safeParse(content);
    return data?.eventId ?? (content === null ? null : JSON.stringify(content));
  },

  normalize(delivery, settings) {
    const event = readEvent(delivery, settings);
    const people = leaversOf(event);
    if (people.length > 0 && settings.tenant !== null && event.CorpId !== settings.tenant) {
      throw new MalformedDelivery('CorpId: is not the tenant of this source');
    }
    return people.map((given, index) => {
      const { data: id } = directoryId.safeParse(given);
      if (id === undefined) return new MalformedDelivery(`userId.${index}: is not an id`);
      const identifiers = [relationTo(settings, 'dingtalk', id)];
      return { action: 'resign', identifiers, subject: id, occurredAt: event.occurredAt };
    });
  },

  reply: (_receipt, delivery, settings) =>
    settings.transport === 'http' ? sealSuccess(delivery, settings) : null,
});

/** `hrm_user_record_change` says that a personnel file changed; people who stay have theirs changed too. */
function leaversOf({ EventType, changeType, staffId, userIds }: Event): readonly unknown[] {
  if (EventType === 'user_leave_org') return userIds;
  return EventType === 'hrm_mdm_user_change' && changeType === hasLeft ? [staffId] : [];
}

function keysOf({ token, aesKey, ownerKey }: Settings): CallbackKeys {
  return { tokens: token ?? [], keys: aesKey ?? [], receiver: ownerKey ?? '' };
}

function encryptedIn(delivery: Delivery): string {
  const { data } = z.object({ encrypt: z.string() }).safeParse(parseOrNull(delivery));
  return data?.encrypt ?? '';
}

function parseOrNull(delivery: Delivery): unknown {
  try {
    return parseJsonBody(delivery);
  } catch {
    return null;
  }
}

function decryptBody(delivery: Delivery, settings: Settings): ReturnType<typeof decryptCallback> {
  return decryptCallback(keysOf(settings), encryptedIn(delivery));
}

/** The event in a body, of a callback or of a stream; `null` when it cannot be read. */
function readJson(delivery: Delivery, settings: Settings): unknown {
  const { data: frame } = frameSchema.safeParse(parseOrNull(delivery));
  const body = frame ? Buffer.from(frame.data) : decryptBody(delivery, settings)?.message;
  const content = body ? parseOrNull({ ...delivery, body }) : null;
  if (!frame || content === null) return content;
  const { eventType, eventId, eventCorpId, eventBornTime } = frame.headers;
  return { ...Object(content), EventType: eventType, eventId, CorpId: eventCorpId, EventTime: eventBornTime };
}

function readEvent(delivery: Delivery, settings: Settings): Event {
  const content = readJson(delivery, settings);
  if (content === null) {
    throw new MalformedDelivery('body: is no JSON, or was encrypted with another key or to another owner');
  }
  const { data, error } = eventSchema.safeParse(content);
  if (error) throw new MalformedDelivery(...listFaults(error));
  return data;
}

function stampOf({ query }: Delivery): { timestamp: string; nonce: string; signature: string } {
  const timestamp = query.timestamp ?? query.timeStamp ?? '';
  return { timestamp, nonce: query.nonce ?? '', signature: query.msg_signature ?? query.signature ?? '' };
}

/** A timestamp of any age is taken: whether a repeat is stamped anew is not documented. */
function whyUnverified(delivery: Delivery, settings: Settings): string | null {
  const encrypted = encryptedIn(delivery);
  const { timestamp, nonce, signature } = stampOf(delivery);
  if (!encrypted || !timestamp || !nonce || !signature)
    return 'encrypt, timestamp, nonce or msg_signature is missing';
  const token = findCallbackToken(keysOf(settings), { timestamp, nonce, encrypted }, signature);
  if (token === null) return 'msg_signature does not fit';
  return decryptBody(delivery, settings) ? null : 'it was encrypted with another key, or to another owner';
}

/**
 * `success` as DingTalk wants it: under the token and the key that the delivery came with, and its timestamp and
 * nonce. The salt is a signature of ours, which nobody without the token can foretell.
 */
function sealSuccess(delivery: Delivery, settings: Settings): Reply {
  const { timestamp, nonce, signature } = stampOf(delivery);
  const keys = keysOf(settings);
  const envelope = { timestamp, nonce, encrypted: encryptedIn(delivery) };
  const token = findCallbackToken(keys, envelope, signature) ?? keys.tokens[0] ?? '';
  const key = decryptBody(delivery, settings)?.key ?? keys.keys[0];
  if (!key) throw new Error('a dingtalk source has no aesKey');
  const salt = Buffer.from(signCallback(token, { timestamp, nonce, encrypted: 'success' }).slice(0, 16));
  const encrypted = encryptCallback('success', { key, receiver: keys.receiver, salt });
  const body = JSON.stringify({
    msg_signature: signCallback(token, { timestamp, nonce, encrypted }),
    timeStamp: timestamp,
    nonce,
    encrypt: encrypted,
  });
  return { status: 200, contentType: 'application/json', body };
}

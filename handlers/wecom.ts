import { XMLParser } from 'fast-xml-parser';
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
  findCallbackToken,
  type IntentDraft,
  listFaults,
  MalformedDelivery,
  readComparison,
  readEpoch,
  reconcileKeys,
  relationKeys,
  relationTo,
  UnverifiedDelivery,
} from '../src/core/handler.ts';

const settings = z
  .object({
    token: directorySecrets,
    encodingAesKey: callbackKeys,
    receiveId: z
      .string()
      .min(1)
      .max(256)
      .describe('whom WeCom writes to: the corpid, or the suiteid of a suite'),
    ...relationKeys,
    reconcile: z
      .strictObject({
        secret: z.string().min(1).max(256).describe('the secret of contact sync'),
        apiUrl: apiUrl.describe('null = https://qyapi.weixin.qq.com'),
        ...reconcileKeys,
      })
      .nullable()
      .default(null)
      .describe('compares who WeCom still has with who is still active in GenAuth'),
  })
  .superRefine((own, context) =>
    checkKeyGroups(own, context, [
      { keys: ['extIdpId'], inUse: own.sendAs === 'identity', by: 'sendAs: identity' },
    ]),
  );
type Settings = z.output<typeof settings>;

const text = z.string().default('');
/** An event, as an app of the company gets it, or as a suite does (`InfoType`, `AuthCorpId`, `TimeStamp`). */
const eventSchema = z
  .object({
    ToUserName: text,
    AuthCorpId: text,
    Event: text,
    InfoType: text,
    CreateTime: text,
    TimeStamp: text,
    ChangeType: text,
    UserID: text,
    NewUserID: text,
    Status: text,
  })
  .transform(({ ToUserName, AuthCorpId, Event, InfoType, CreateTime, TimeStamp, ...event }) => ({
    ...event,
    name: InfoType || Event,
    company: AuthCorpId || ToUserName,
    sentAt: TimeStamp || CreateTime,
    isForSuite: InfoType !== '',
  }));
type Event = z.output<typeof eventSchema>;

// Entities are off: nothing in these documents needs them, and they are what attacks on parsers are made of.
const parser = new XMLParser({ processEntities: false, parseTagValue: false, ignoreAttributes: true });

/**
 * WeCom's contact callbacks, to an app of the company or to a suite.
 * Source: developer.work.weixin.qq.com/document/path/90930, 90968 and 90970.
 */
export const wecom = defineHandler<Settings>({
  settings,

  directory({ reconcile, receiveId: corpId, ...relation }) {
    if (!reconcile) return null;
    const { secret, apiUrl } = reconcile;
    return {
      ...readComparison(relation, 'wechatwork', reconcile),
      kind: 'wecom',
      apiUrl: apiUrl ?? 'https://qyapi.weixin.qq.com',
      corpId,
      secret,
    };
  },

  /** The check of the address: the decrypted `echostr`, bare. A `+` in it may have become a blank on its way. */
  handshake(delivery, settings) {
    if (delivery.method !== 'GET') return null;
    const echo = (delivery.query.echostr ?? '').replaceAll(' ', '+');
    const message = openGenuine(delivery, settings, echo);
    return { status: 200, contentType: 'text/plain', body: message.toString() };
  },

  verify(delivery, settings) {
    openGenuine(delivery, settings, encryptedIn(delivery));
  },

  /** Events have no id. This is what tells one from the next, and stays when it is sent again. */
  eventId(delivery, settings) {
    const event = readEvent(delivery, settings);
    if (event instanceof MalformedDelivery) return null;
    const { company, sentAt, ChangeType, UserID, NewUserID, Status } = event;
    return [company, sentAt, event.name, ChangeType, UserID, NewUserID, Status].join(' ');
  },

  normalize(delivery, settings) {
    const event = readEvent(delivery, settings);
    if (event instanceof MalformedDelivery) throw event;
    const action = judge(event);
    if (action === null) return [];
    if (settings.tenant !== null && event.company !== settings.tenant) {
      throw new MalformedDelivery('ToUserName or AuthCorpId: is not the tenant of this source');
    }
    const given = [event.NewUserID, event.UserID].filter((id) => id !== '');
    const ids = z.array(directoryId).min(1).safeParse(given);
    if (!ids.success) throw new MalformedDelivery('UserID: is missing, or is not an id');
    const identifiers = ids.data.map((id) => relationTo(settings, 'wechatwork', id));
    return [{ action, identifiers, subject: ids.data[0], occurredAt: readEpoch(event.sentAt) }];
  },

  /** An empty answer; a suite must hear `success`, or WeCom sends it again. */
  reply(_receipt, delivery, settings) {
    const event = readEvent(delivery, settings);
    const isForSuite = !(event instanceof MalformedDelivery) && event.isForSuite;
    return { status: 200, contentType: 'text/plain', body: isForSuite ? 'success' : '' };
  },
});

/** Of a member's `Status`: 1 = active, 2 = disabled, 4 = not activated, 5 = has left the company on WeCom. */
function judge({ name, ChangeType, Status }: Event): IntentDraft['action'] | null {
  if (name !== 'change_contact') return null;
  if (ChangeType === 'delete_user') return 'resign';
  return ChangeType === 'update_user' && (Status === '2' || Status === '5') ? 'kick' : null;
}

function keysOf({ token, encodingAesKey, receiveId }: Settings): CallbackKeys {
  return { tokens: token, keys: encodingAesKey, receiver: receiveId };
}

/**
 * What a genuine delivery says. A timestamp of any age is taken: whether a repeat is stamped anew is not documented.
 * @throws UnverifiedDelivery
 */
function openGenuine({ query }: Delivery, settings: Settings, encrypted: string): Buffer {
  const { timestamp = '', nonce = '', msg_signature: signature = '' } = query;
  if (!encrypted || !timestamp || !nonce || !signature) {
    throw new UnverifiedDelivery('Encrypt, timestamp, nonce or msg_signature is missing');
  }
  const keys = keysOf(settings);
  if (findCallbackToken(keys, { timestamp, nonce, encrypted }, signature) === null) {
    throw new UnverifiedDelivery('msg_signature does not fit');
  }
  const opened = decryptCallback(keys, encrypted);
  if (!opened) throw new UnverifiedDelivery('it was encrypted with another key, or to another receiver');
  return opened.message;
}

function encryptedIn({ body }: Delivery): string {
  const { data } = z.object({ Encrypt: z.string() }).safeParse(parseXml(body));
  return data?.Encrypt ?? '';
}

function readEvent(delivery: Delivery, settings: Settings): Event | MalformedDelivery {
  const opened = decryptCallback(keysOf(settings), encryptedIn(delivery));
  if (!opened)
    return new MalformedDelivery('Encrypt: was encrypted with another key, or to another receiver');
  const document = parseXml(opened.message);
  if (document === null) return new MalformedDelivery('body: is not an <xml> document in UTF-8');
  const { data, error } = eventSchema.safeParse(document);
  return error ? new MalformedDelivery(...listFaults(error)) : data;
}

/** What stands in the root element `xml`, or `null`. */
function parseXml(body: Buffer): unknown {
  try {
    const { data } = z
      .object({ xml: z.record(z.string(), z.unknown()) })
      .safeParse(parser.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
    return data?.xml ?? null;
  } catch {
    return null;
  }
}

import { z } from 'zod';
import {
  apiUrl,
  type CallbackKeys,
  callbackKeys,
  checkKeyGroups,
  checkTenant,
  defineHandler,
  directoryId,
  directorySecrets,
  type IntentDraft,
  MalformedDelivery,
  readComparison,
  readEpoch,
  reconcileKeys,
  relationKeys,
  relationTo,
  UnverifiedDelivery,
} from '../src/core/handler.ts';
import { encryptedIn, openGenuine } from './wecom/callback.ts';
import { type Event, readEvent, readEventOrNull } from './wecom/event.ts';

const settings = z
  .object({
    token: directorySecrets.describe('the token of the callback, or several while one is exchanged'),
    encodingAesKey: callbackKeys.describe('its EncodingAESKey of 43 characters, or several'),
    receiveId: z
      .string()
      .min(1)
      .max(256)
      .describe('whom WeCom writes to: the corpid, or the suiteid of a suite'),
    providerCorpId: z
      .string()
      .min(1)
      .max(256)
      .nullable()
      .default(null)
      .describe('only for a suite: the corpid of its provider, to whom the check of the address is written'),
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

/** A short text that is no XML; the published one is a number of 19 digits. */
const checkPattern = /^[^<>]{1,128}$/;

/**
 * WeCom's contact callbacks, to an app of the company or to a suite.
 * Source: developer.work.weixin.qq.com/document/path/90930, 90968 and 90970; of a suite 97172, and an answer of WeCom's
 * staff (developers.weixin.qq.com, 00080cc0190730ac050bde0fc5b800): the check of its address is written to its
 * provider. A UserID has 1 to 64 digits, letters and `_-@.` (90195).
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

  /**
   * The check of the address: the decrypted `echostr`, bare. A `+` in it may have become a blank on its way. An event is
   * signed in the same way, and whoever saw one go by must not have it opened here.
   */
  handshake(delivery, settings) {
    if (delivery.method !== 'GET') return null;
    const echo = (delivery.query.echostr ?? '').replaceAll(' ', '+');
    const keys = { ...keysOf(settings), receiver: settings.providerCorpId ?? settings.receiveId };
    const body = openGenuine(delivery, keys, echo).toString();
    if (!checkPattern.test(body)) throw new UnverifiedDelivery('echostr is no check of the address');
    return { status: 200, contentType: 'text/plain', body };
  },

  verify(delivery, settings) {
    openGenuine(delivery, keysOf(settings), encryptedIn(delivery));
  },

  /** Events have no id. This is what tells one from the next, and stays when it is sent again. */
  eventId(delivery, settings) {
    const event = readEventOrNull(delivery, keysOf(settings));
    if (!event) return null;
    const { company, sentAt, ChangeType, UserID, NewUserID, Status } = event;
    return [company, sentAt, event.name, ChangeType, UserID, NewUserID, Status].join(' ');
  },

  normalize(delivery, settings) {
    const event = readEvent(delivery, keysOf(settings));
    const action = judge(event);
    if (action === null) return [];
    checkTenant(event.company, settings.tenant, 'ToUserName or AuthCorpId');
    const given = [event.NewUserID, event.UserID].filter((id) => id !== '');
    const ids = z.array(directoryId).min(1).safeParse(given);
    if (!ids.success) throw new MalformedDelivery('UserID: is missing, or is not an id');
    const identifiers = ids.data.map((id) => relationTo(settings, 'wechatwork', id));
    return [{ action, identifiers, subject: ids.data[0], occurredAt: readEpoch(event.sentAt) }];
  },

  /** An empty answer; a suite must hear `success`, or WeCom sends it again. */
  reply(_receipt, delivery, settings) {
    const isForSuite = readEventOrNull(delivery, keysOf(settings))?.isForSuite;
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

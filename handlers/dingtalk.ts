import {
  checkTenant,
  defineHandler,
  directoryId,
  MalformedDelivery,
  readComparison,
  relationTo,
  UnverifiedDelivery,
} from '../src/core/handler.ts';
import { sealSuccess, whyUnverified } from './dingtalk/callback.ts';
import { type Event, eventSchema, readEvent, readJson } from './dingtalk/event.ts';
import { type Settings, settings } from './dingtalk/settings.ts';

/** Of `hrm_mdm_user_change`: 1 = hired, 2 = confirmed, 3 = moved, 4 = left, 8 = promoted. */
const hasLeft = 4;

/**
 * DingTalk's event callbacks.
 * Source: github.com/open-dingtalk/DingTalk-Callback-Crypto at bd49e62; open.dingtalk.com, "address-book-user-
 * resignation" and "personnel-file-change" (August 2025). A userid has 1 to 64 characters ("Create a user"); which
 * ones is not documented.
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
    if (people.length > 0) checkTenant(event.CorpId, settings.tenant, 'CorpId');
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

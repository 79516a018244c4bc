import { resignedStatus, type UserIdType } from '../../src/core/identifier.ts';
import type { EmulatedCall } from '../../src/emulator/calls.ts';
import type { Emulator } from '../../src/emulator/emulator.ts';
import type { EmulatedUser } from '../../src/emulator/users.ts';

interface ResignInput {
  readonly userIds: readonly string[];
  readonly userIdType: UserIdType;
}

/** Turned down at the door, for its nonce or its token: nobody was resigned, and the same call is sent once more. */
const notLetIn = [1306, 2020];

/**
 * The resigns that were sent for a user whom a look had shown as Resigned, or without a look since the resign before;
 * read from what arrived, so that it holds whatever the bridge believes.
 */
export function blindResigns(emulator: Pick<Emulator, 'calls' | 'users'>): string[] {
  const calls = emulator.calls();
  const find = finder(emulator.users());
  const lastResign = new Map<string, number>();
  const faults: string[] = [];
  for (const call of calls) {
    if (call.endpoint !== 'resign-user-batch' || notLetIn.includes(call.answer.apiCode ?? 0)) continue;
    const { userIds, userIdType } = call.input as ResignInput;
    for (const userId of userIds.map((one) => find(userIdType, one)?.userId)) {
      if (userId === undefined) continue;
      const looks = looksAt(calls, userId, call.seq);
      const since = looks.filter(({ seq }) => seq > (lastResign.get(userId) ?? 0));
      if (looks.some(({ status }) => status === resignedStatus)) faults.push(`${userId} again`);
      if (since.length === 0) faults.push(`${userId} without a look`);
      lastResign.set(userId, call.seq);
    }
  }
  return faults;
}

/** The looks at a user that were answered, whole, before a call was made. */
function looksAt(
  calls: readonly EmulatedCall[],
  userId: string,
  before: number,
): { seq: number; status: string }[] {
  return calls.flatMap(({ seq, answeredAfter, looks }) => {
    const status = looks?.[userId];
    return status !== undefined && answeredAfter !== null && answeredAfter < before ? [{ seq, status }] : [];
  });
}

function finder(
  users: readonly EmulatedUser[],
): (type: UserIdType, value: string) => EmulatedUser | undefined {
  return (type, value) =>
    users.find(({ userId, externalId, email, phone, username, identities, syncRelations, customData }) => {
      const values: Record<UserIdType, readonly unknown[]> = {
        user_id: [userId],
        external_id: [externalId],
        phone: [phone],
        email: [email],
        username: [username],
        identity: identities.map((one) => `${one.extIdpId}:${one.userIdInIdp}`),
        sync_relation: syncRelations.map((one) => `${one.provider}:${one.userIdInIdp}`),
        custom_field: Object.values(customData),
      };
      return values[type].includes(value);
    });
}

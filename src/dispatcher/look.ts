import {
  type FoundUser,
  type Identifier,
  identifierKey,
  matches,
  type UserIdType,
} from '../core/identifier.ts';
import { type Intent, identifierInTurn } from '../core/intent.ts';
import type { NotDone } from '../management-api/answer.ts';
import type { Called, Calls } from './calls.ts';
import type { Standing } from './circuit.ts';
import type { Look } from './verdict.ts';

/** What looks showed by intent id, or the answer that ended them. */
export type Looks =
  | { readonly kind: 'seen'; readonly looks: ReadonlyMap<string, Look> }
  | { readonly kind: 'failed'; readonly answer: NotDone; readonly standing: Standing };

/** Types whose users cannot be told apart in the answer to a batch, because the answer does not show the value. */
const lookedAtAlone: readonly UserIdType[] = ['sync_relation', 'custom_field'];

/**
 * Reads the users of a batch. After an act they are read by the `user_id` that was seen before it, because an
 * identifier may change hands, or be gone, once a user is Resigned.
 */
export async function lookAt(calls: Calls, intents: readonly Intent[]): Promise<Looks> {
  const looks = new Map<string, Look>();
  for (const [userIdType, group] of groupByType(intents)) {
    const found =
      group.length === 1 ? await lookAtOne(calls, group) : await lookAtMany(calls, userIdType, group);
    if (found.kind === 'failed') return found;
    for (const [id, look] of found.looks) looks.set(id, look);
  }
  return { kind: 'seen', looks };
}

/** The identifier by which an intent's user is looked for. */
function lookedForBy(intent: Intent): Identifier {
  return intent.acted && intent.seenUserId !== null
    ? { userIdType: 'user_id', userId: intent.seenUserId }
    : identifierInTurn(intent);
}

function groupByType(intents: readonly Intent[]): Map<UserIdType, Intent[]> {
  return Map.groupBy(intents, (intent) => lookedForBy(intent).userIdType);
}

async function lookAtOne(calls: Calls, [intent]: readonly Intent[]): Promise<Looks> {
  if (!intent) return { kind: 'seen', looks: new Map() };
  const { answer, standing } = await calls.getUser(lookedForBy(intent));
  if (answer.kind !== 'done') return { kind: 'failed', answer, standing };
  const look: Look = answer.data ? { kind: 'found', user: answer.data } : { kind: 'missing' };
  return { kind: 'seen', looks: new Map([[intent.id, look]]) };
}

async function lookAtMany(calls: Calls, userIdType: UserIdType, intents: readonly Intent[]): Promise<Looks> {
  if (lookedAtAlone.includes(userIdType)) {
    return { kind: 'seen', looks: new Map(intents.map((intent) => [intent.id, { kind: 'unsure' }])) };
  }
  const userIds = intents.map((intent) => lookedForBy(intent).userId);
  const { answer, standing }: Called<readonly FoundUser[]> = await calls.getUsers({ userIdType, userIds });
  if (answer.kind !== 'done') return { kind: 'failed', answer, standing };
  const find = finder(answer.data, userIdType);
  return { kind: 'seen', looks: new Map(intents.map((intent) => [intent.id, find(lookedForBy(intent))])) };
}

/**
 * Finds users in a batch's answer by what they show, never by place or count: what becomes of unknown ids there is not
 * documented. Who is not in it is looked at alone before anybody is said to be missing.
 */
function finder(users: readonly FoundUser[], userIdType: UserIdType): (identifier: Identifier) => Look {
  const byKey = new Map<string, FoundUser>();
  for (const user of users) {
    for (const key of keysOf(user, userIdType)) byKey.set(key, user);
  }
  return (identifier) => {
    const user =
      byKey.get(identifierKey(identifier)) ?? users.find((one) => matches(one, identifier) === true);
    return user ? { kind: 'found', user } : { kind: 'unsure' };
  };
}

function keysOf(user: FoundUser, userIdType: UserIdType): string[] {
  const value = {
    user_id: user.userId,
    external_id: user.externalId,
    email: user.email,
    username: user.username,
    phone: user.phone,
  }[userIdType as string];
  return value ? [identifierKey({ userIdType, userId: value })] : [];
}

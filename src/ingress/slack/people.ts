import { z } from 'zod';
import { within } from '../../core/deadline.ts';
import type { FoundUser, Identifier } from '../../core/identifier.ts';
import { identifierFault } from '../../core/identifier.ts';
import type { SlackWeb } from './web.ts';
import type { Who } from './who.ts';

/** What GenAuth says of an identifier; `unknown` = it did not say. */
export type Look =
  | { readonly kind: 'found'; readonly user: Pick<FoundUser, 'userId' | 'name' | 'status'> }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unknown' };

/** What the conversation asks of GenAuth, before anything is taken. */
export interface UserPool {
  look(identifier: Identifier): Promise<Look>;
  /** The ids of all apps; `null` when it did not say. */
  listApps(): Promise<readonly string[] | null>;
}

/** A person of a command; name and status are `null` when GenAuth did not say in time. */
export interface ShownPerson {
  readonly identifiers: readonly Identifier[];
  readonly name: string | null;
  readonly status: string | null;
}

export type Resolved<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** Why it cannot be taken, for the person who asked. */
  | { readonly kind: 'no'; readonly why: string };

const slackUser = z.object({
  user: z.object({
    is_bot: z.boolean().optional(),
    tz: z.string().optional(),
    profile: z.object({ email: z.string().optional() }).optional(),
  }),
});

/** Finds out the address of a member of the workspace. */
export async function addressOf(
  slackUserId: string,
  web: Pick<SlackWeb, 'call'>,
): Promise<Resolved<Identifier>> {
  const answer = await web.call('users.info', { user: slackUserId });
  if (answer.kind === 'unknown') return no('Slack did not say who that is.');
  const parsed = answer.kind === 'done' ? slackUser.safeParse(answer.data) : null;
  if (!parsed?.success) return no('Slack knows nobody by that mention, or does not let me ask.');
  const { is_bot, profile } = parsed.data.user;
  if (is_bot) return no('That mention is an app, not a person.');
  const email = profile?.email ?? '';
  if (identifierFault('email', email) !== null)
    return no('Slack shows no email address of that person; write the address, or another identifier.');
  return { kind: 'done', value: { userIdType: 'email', userId: email } };
}

/** The time zone of a member of the workspace, such as `Europe/Rome`. */
export async function zoneOf(slackUserId: string, web: Pick<SlackWeb, 'call'>): Promise<string | null> {
  const answer = await web.call('users.info', { user: slackUserId });
  return answer.kind === 'done' ? (slackUser.safeParse(answer.data).data?.user.tz ?? null) : null;
}

/** The identifiers of all that a command names; all of them, or why not. */
export async function identify(
  people: readonly Who[],
  web: Pick<SlackWeb, 'call'>,
): Promise<Resolved<readonly Identifier[]>> {
  const found = await Promise.all(
    people.map(
      async (who): Promise<Resolved<Identifier>> =>
        who.kind === 'mention' ? addressOf(who.slackUserId, web) : { kind: 'done', value: who.identifier },
    ),
  );
  const refused = found.find((one) => one.kind === 'no');
  if (refused) return refused;
  return { kind: 'done', value: found.flatMap((one) => (one.kind === 'done' ? [one.value] : [])) };
}

/**
 * Looks the people up, so that whoever confirms sees whom it is about. The `user_id` that was seen becomes a second
 * identifier: should the first one name somebody else by the time it is acted on, that contradicts, and is held.
 */
export async function lookUp(
  identifiers: readonly Identifier[],
  userPool: UserPool,
  ms: number,
): Promise<Resolved<readonly ShownPerson[]>> {
  const looks = await Promise.all(
    identifiers.map(async (identifier) => ({
      identifier,
      look: await within(userPool.look(identifier), ms, { kind: 'unknown' }),
    })),
  );
  const missing = looks.find(({ look }) => look.kind === 'missing');
  if (missing) {
    const { userIdType, userId } = missing.identifier;
    return no(`GenAuth has no user with ${userIdType} ${userId}.`);
  }
  return { kind: 'done', value: looks.map(({ identifier, look }) => shown(identifier, look)) };
}

function shown(identifier: Identifier, look: Look): ShownPerson {
  if (look.kind !== 'found') return { identifiers: [identifier], name: null, status: null };
  const { userId, name, status } = look.user;
  const seen: Identifier = { userIdType: 'user_id', userId };
  const identifiers = identifier.userIdType === 'user_id' ? [identifier] : [identifier, seen];
  return { identifiers, name: name ?? 'no name', status };
}

/** It cannot be taken, and why. */
export function no(why: string): { readonly kind: 'no'; readonly why: string } {
  return { kind: 'no', why };
}

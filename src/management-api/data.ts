import { z } from 'zod';
import type { FoundUser } from '../core/identifier.ts';

/** Every act answers `{ success: boolean }` and nothing else; there is no result per user. */
export const actData = z.object({ success: z.literal(true) }).transform(() => null);

/** A token or an id that may stand in a header. */
export const headerSafe = z.string().regex(/^[\x21-\x7e]+$/);

/** `expires_in` is in seconds; 7200 is the documented default. */
export const tokenData = z.object({
  access_token: headerSafe,
  expires_in: z.number().positive().catch(7_200),
});

const text = z
  .string()
  .nullish()
  .catch(null)
  .transform((value) => value || null);

const identity = z.object({ extIdpId: z.string(), userIdInIdp: z.string() });

const identities = z
  .array(identity.nullable().catch(null))
  .nullish()
  .catch(null)
  .transform((list) => list?.filter((one) => one !== null) ?? null);

/** The part of `UserDto` that the bridge reads. Without an id or a status it is no user; the rest may be missing. */
export const foundUser: z.ZodType<FoundUser> = z.object({
  userId: z.string().min(1),
  status: z.string().min(1),
  name: text,
  externalId: text,
  email: text,
  phone: text,
  phoneCountryCode: text,
  username: text,
  identities,
});

/** Users are matched by what they hold, never by their place: unknown ids may be left out, or come as `null`. */
export const foundUsers: z.ZodType<readonly FoundUser[]> = z
  .array(foundUser.nullable())
  .transform((list) => list.filter((one) => one !== null));

/** A page of the users of the pool. */
export const userPage = z.object({ totalCount: z.int().nonnegative(), list: foundUsers });

/** What a user is called in the directories that GenAuth syncs from. */
export const syncRelations = z.array(
  z.object({ provider: z.string().min(1), userIdInIdp: z.string().min(1) }),
);

const application = z.object({ appId: z.string().min(1) });

/** The apps that a user ever logged in to. */
export const loggedInApps = z.array(application).transform((list) => list.map(({ appId }) => appId));

export const applicationPage = z.object({
  totalCount: z.int().nonnegative(),
  list: loggedInApps,
});

export const sessionStatus = z.object({ active: z.boolean() }).transform(({ active }) => active);

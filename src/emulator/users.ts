import { z } from 'zod';
import type { UserIdType } from '../core/identifier.ts';

const text = z.string().min(1).max(256);
const optional = text.nullable().default(null);

/** A user as it is added: only `userId` is required. `sessions` are the apps that the user is signed in to. */
export const userSchema = z.strictObject({
  userId: text,
  status: z.enum(['Activated', 'Suspended', 'Deactivated', 'Resigned', 'Archived']).default('Activated'),
  externalId: optional,
  email: optional,
  phone: optional,
  phoneCountryCode: optional,
  username: optional,
  name: optional,
  identities: z
    .array(z.strictObject({ extIdpId: text, provider: text, userIdInIdp: text }))
    .default(() => []),
  syncRelations: z.array(z.strictObject({ provider: text, userIdInIdp: text })).default(() => []),
  customData: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default(() => ({})),
  departmentIds: z.array(text).default(() => []),
  roles: z.array(text).default(() => []),
  sessions: z.array(text).default(() => []),
});

export type NewUser = z.input<typeof userSchema>;

export interface EmulatedUser extends z.output<typeof userSchema> {
  /** The apps that the user ever signed in to; a kick leaves them. */
  loggedInApps: string[];
  /** Epoch milliseconds. */
  statusChangedAt: number;
}

/** All users, found by any of the eight identifiers in constant time. */
export interface UserDirectory {
  /** A user with a known `userId` replaces the one before; an identifier belongs to whoever was added last. */
  add(user: NewUser): void;
  find(userIdType: UserIdType, userId: string): EmulatedUser | undefined;
  all(): readonly EmulatedUser[];
  clear(): void;
  signIn(user: EmulatedUser, appId: string): boolean;
  kick(user: EmulatedUser, appIds: readonly string[]): void;
  resign(user: EmulatedUser): void;
}

export interface UserDirectoryOptions {
  /** Whether resigning ends sessions is documented nowhere. */
  readonly resignEndsSessions: boolean;
  readonly now: () => number;
}

export function createUserDirectory({ resignEndsSessions, now }: UserDirectoryOptions): UserDirectory {
  const byUserId = new Map<string, EmulatedUser>();
  const byKey = new Map<string, EmulatedUser>();

  return {
    add(input) {
      const user = userSchema.parse(input);
      const added: EmulatedUser = { ...user, loggedInApps: [...user.sessions], statusChangedAt: now() };
      const before = byUserId.get(added.userId);
      if (before) {
        for (const key of keysOf(before)) if (byKey.get(key) === before) byKey.delete(key);
      }
      byUserId.set(added.userId, added);
      for (const key of keysOf(added)) byKey.set(key, added);
    },
    find: (userIdType, userId) => byKey.get(keyOf(userIdType, userId)),
    all: () => [...byUserId.values()],
    clear() {
      byUserId.clear();
      byKey.clear();
    },
    signIn(user, appId) {
      if (user.status !== 'Activated') return false;
      if (!user.sessions.includes(appId)) user.sessions.push(appId);
      if (!user.loggedInApps.includes(appId)) user.loggedInApps.push(appId);
      return true;
    },
    kick(user, appIds) {
      user.sessions = user.sessions.filter((appId) => !appIds.includes(appId));
    },
    resign(user) {
      if (user.status !== 'Resigned') user.statusChangedAt = now();
      user.status = 'Resigned';
      user.departmentIds = [];
      user.roles = [];
      if (resignEndsSessions) user.sessions = [];
    },
  };
}

/** Email addresses are looked up without case, everything else exactly; a phone without its country code. */
function keyOf(userIdType: UserIdType, userId: string): string {
  return `${userIdType}:${userIdType === 'email' ? userId.toLowerCase() : userId}`;
}

function keysOf(user: EmulatedUser): string[] {
  const single = [
    ['user_id', user.userId],
    ['external_id', user.externalId],
    ['phone', user.phone],
    ['email', user.email],
    ['username', user.username],
  ] as const;
  return [
    ...single.flatMap(([userIdType, value]) => (value === null ? [] : [keyOf(userIdType, value)])),
    ...user.identities.map((one) => keyOf('identity', `${one.extIdpId}:${one.userIdInIdp}`)),
    ...user.syncRelations.map((one) => keyOf('sync_relation', `${one.provider}:${one.userIdInIdp}`)),
    ...Object.values(user.customData).map((value) => keyOf('custom_field', String(value))),
  ];
}

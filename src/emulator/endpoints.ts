import { z } from 'zod';
import { userIdTypes } from '../core/identifier.ts';
import type { ApiAnswer } from './envelope.ts';
import { fail, succeed } from './envelope.ts';
import type { EmulatedUser, UserDirectory } from './users.ts';

/** What the endpoints work on. */
export interface Tenant {
  readonly users: UserDirectory;
  readonly applications: readonly Application[];
  /** How the undocumented is to be answered, at this moment. */
  readonly habits: Habits;
}

export interface Application {
  readonly appId: string;
  readonly appName: string;
}

interface Habits {
  readonly batchUnknown: 'refuse' | 'partial' | 'skip';
  readonly lookUnknown: 'omit' | 'refuse';
  readonly poisonedUserIds: readonly string[];
}

interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** @returns the documented 400 when the input is not of the documented shape */
  answer(input: unknown, tenant: Tenant): ApiAnswer;
}

const id = z.string().min(1);
const ids = z.array(id).min(1).max(50);
const userIdType = z.enum(userIdTypes).default('user_id');
const flag = z.enum(['true', 'false']).default('false');
const positive = z.coerce.number().int().min(1);

const flags = {
  flatCustomData: flag,
  withCustomData: flag,
  withIdentities: flag,
  withDepartmentIds: flag,
};

const userNotFound = fail(404, 'user_not_found', { apiCode: 2004 });
const appNotFound = fail(404, 'app_not_found', { apiCode: 2011 });
const done = succeed({ success: true }, { applied: true });

/** Names, fields, places of `userIdType` and limits are those of the vendor's OpenAPI document. */
export const endpoints = {
  'kick-users': endpoint(
    'POST',
    z.strictObject({ userId: id, appIds: ids, options: z.strictObject({ userIdType }).prefault({}) }),
    (input, { users, applications }) => {
      const user = users.find(input.options.userIdType, input.userId);
      if (!user) return userNotFound;
      if (!input.appIds.every((appId) => applications.some((one) => one.appId === appId))) return appNotFound;
      users.kick(user, input.appIds);
      return done;
    },
  ),
  'resign-user': endpoint('POST', z.strictObject({ userId: id, userIdType }), (input, tenant) => {
    const user = tenant.users.find(input.userIdType, input.userId);
    return user ? resign([user], tenant) : userNotFound;
  }),
  'resign-user-batch': endpoint('POST', z.strictObject({ userIds: ids, userIdType }), (input, tenant) => {
    const found = input.userIds.map((one) => tenant.users.find(input.userIdType, one));
    const known = found.filter((one) => one !== undefined);
    if (known.length === found.length || tenant.habits.batchUnknown === 'skip') return resign(known, tenant);
    if (tenant.habits.batchUnknown === 'refuse') return userNotFound;
    const before = found.slice(0, found.indexOf(undefined)).filter((one) => one !== undefined);
    const answer = resign(before, tenant);
    return answer.statusCode === 200 ? { ...userNotFound, applied: before.length > 0 } : answer;
  }),
  'get-user': endpoint(
    'GET',
    z.strictObject({ userId: id, userIdType, ...flags, withPost: flag }),
    (input, { users }) => {
      const user = users.find(input.userIdType, input.userId);
      return user ? succeed(userDto(user, input), { looks: looksAt([user]) }) : userNotFound;
    },
  ),
  'get-user-batch': endpoint(
    'GET',
    z.strictObject({ userIds: ids, userIdType, ...flags }),
    (input, { users, habits }) => {
      const found = input.userIds.map((one) => users.find(input.userIdType, one));
      const known = [...new Set(found.filter((one) => one !== undefined))];
      if (habits.lookUnknown === 'refuse' && found.includes(undefined)) return userNotFound;
      return succeed(
        known.map((user) => userDto(user, input)),
        { looks: looksAt(known) },
      );
    },
  ),
  'get-user-loggedin-apps': endpoint(
    'GET',
    z.strictObject({ userId: id, userIdType }),
    (input, { users, applications }) => {
      const user = users.find(input.userIdType, input.userId);
      if (!user) return userNotFound;
      return succeed(applications.filter(({ appId }) => user.loggedInApps.includes(appId)));
    },
  ),
  'get-user-sync-relations': endpoint(
    'GET',
    z.strictObject({ userId: id, userIdType }),
    (input, { users }) => {
      const user = users.find(input.userIdType, input.userId);
      return user ? succeed(user.syncRelations) : userNotFound;
    },
  ),
  'check-session-status': endpoint(
    'POST',
    z.strictObject({ userId: id, appId: id }),
    ({ userId, appId }, { users, applications }) => {
      const user = users.find('user_id', userId);
      if (!user) return userNotFound;
      if (!applications.some((one) => one.appId === appId)) return appNotFound;
      return succeed({ active: user.sessions.includes(appId) });
    },
  ),
  'list-users': endpoint(
    'POST',
    z.strictObject({
      options: z
        .strictObject({
          pagination: z
            .strictObject({ page: positive.default(1), limit: positive.max(50).default(10) })
            .prefault({}),
          withIdentities: z.boolean().default(false),
        })
        .prefault({}),
    }),
    ({ options: { pagination, withIdentities } }, { users }) => {
      const { page, limit } = pagination;
      const all = users.all();
      const asked = { withCustomData: 'false', withIdentities: withIdentities ? 'true' : 'false' } as const;
      const list = all.slice((page - 1) * limit, page * limit);
      return succeed({
        totalCount: all.length,
        list: list.map((user) => userDto(user, { ...asked, withDepartmentIds: 'false' })),
      });
    },
  ),
  'list-applications': endpoint(
    'GET',
    z.strictObject({ page: positive.default(1), limit: positive.max(50).default(10) }),
    ({ page, limit }, { applications }) => {
      const list = applications.slice((page - 1) * limit, page * limit);
      return succeed({ totalCount: applications.length, list });
    },
  ),
} as const satisfies Record<string, Endpoint>;

export const tokenEndpoint = 'get-management-token';

/** Every endpoint there is. */
export const endpointNames = [
  tokenEndpoint,
  ...(Object.keys(endpoints) as (keyof typeof endpoints)[]),
] as const;

export function findEndpoint(name: string): Endpoint | undefined {
  return Object.hasOwn(endpoints, name) ? endpoints[name as keyof typeof endpoints] : undefined;
}

/** The documented answer to an argument that is missing, misspelt or of the wrong shape. */
export function malformed(error: z.ZodError): ApiAnswer {
  const [issue] = error.issues;
  const field = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.');
  return fail(400, 'malformed', { field: field || 'body' });
}

function endpoint<T>(
  method: Endpoint['method'],
  input: z.ZodType<T>,
  act: (input: T, tenant: Tenant) => ApiAnswer,
): Endpoint {
  return {
    method,
    answer(raw, tenant) {
      const read = input.safeParse(raw);
      return read.success ? act(read.data, tenant) : malformed(read.error);
    },
  };
}

function resign(users: readonly EmulatedUser[], { users: directory, habits }: Tenant): ApiAnswer {
  if (users.some(({ userId }) => habits.poisonedUserIds.includes(userId))) return fail(422, 'not_allowed');
  for (const user of users) directory.resign(user);
  return { ...done, applied: users.length > 0 };
}

function userDto(
  user: EmulatedUser,
  asked: { readonly [name in 'withCustomData' | 'withIdentities' | 'withDepartmentIds']: 'true' | 'false' },
): Record<string, unknown> {
  const { userId, status, externalId, email, phone, phoneCountryCode, username, name } = user;
  return {
    ...{ userId, status, externalId, email, phone, phoneCountryCode, username, name },
    workStatus: status === 'Resigned' ? 'Closed' : 'Active',
    statusChangedAt: new Date(user.statusChangedAt).toISOString(),
    ...(asked.withCustomData === 'true' ? { customData: user.customData } : {}),
    ...(asked.withIdentities === 'true' ? { identities: user.identities } : {}),
    ...(asked.withDepartmentIds === 'true' ? { departmentIds: user.departmentIds } : {}),
  };
}

function looksAt(users: readonly EmulatedUser[]): Record<string, string> {
  return Object.fromEntries(users.map(({ userId, status }) => [userId, status]));
}

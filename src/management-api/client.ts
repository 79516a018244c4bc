import { performance } from 'node:perf_hooks';
import type { z } from 'zod';
import type { FoundUser, Identifier, UserIdType } from '../core/identifier.ts';
import type { Answer, Ask } from './answer.ts';
import { readAnswer, unanswered } from './answer.ts';
import type { Authorization, Headers } from './authorization.ts';
import { createSignatureAuthorization, createTokenAuthorization, languageHeader } from './authorization.ts';
import {
  actData,
  applicationPage,
  foundUser,
  foundUsers,
  headerSafe,
  loggedInApps,
  sessionStatus,
  syncRelations,
  tokenData,
  userPage,
} from './data.ts';
import type { ApiRequest, ArrayEncoding, Endpoint } from './exchange.ts';
import { createExchanger } from './exchange.ts';
import { createTokens } from './token.ts';

/**
 * The calls of the GenAuth V3 management API that the bridge makes. Each resolves to an `Answer`, whatever the API
 * or the network does; each throws a `RangeError` for a list that is empty or longer than 50. Nothing is repeated
 * behind the caller's back, but a call whose token or nonce was turned down.
 */
export interface ManagementApi {
  /** The longest that one call may take, `listApplications` aside: token and call, and both once more. */
  readonly longestCallMs: number;
  /** Signs one user out of the given apps. */
  kickUsers(kick: Kick): Promise<Answer<null>>;
  resignUser(identifier: Identifier): Promise<Answer<null>>;
  resignUsers(users: UserList): Promise<Answer<null>>;
  /** `null` when there definitely is no such user. */
  getUser(identifier: Identifier): Promise<Answer<FoundUser | null>>;
  /** Those that were found, in no order that means anything. */
  getUsers(users: UserList): Promise<Answer<readonly FoundUser[]>>;
  /** The apps that a user, named by `user_id`, ever logged in to. */
  getLoggedInApps(userId: string): Promise<Answer<readonly string[]>>;
  /** Whether a user, named by `user_id`, has a session in an app. */
  checkSession(session: { readonly userId: string; readonly appId: string }): Promise<Answer<boolean>>;
  /** The ids of all apps of the pool; a list that is empty, or not whole, is never `done`. */
  listApplications(): Promise<Answer<readonly string[]>>;
  /** A page of at most 50 users of the pool, from 1, with how many there are in all. */
  listUsers(page: number): Promise<Answer<UserPage>>;
  /** What a user, named by `user_id`, is called in the directories that GenAuth syncs from. */
  getSyncRelations(userId: string): Promise<Answer<readonly SyncRelation[]>>;
  /** Ends the connections; calls in flight end as `unknown`. */
  close(): void;
}

export interface UserPage {
  readonly totalCount: number;
  readonly list: readonly FoundUser[];
}

export interface SyncRelation {
  readonly provider: string;
  readonly userIdInIdp: string;
}

interface Kick {
  readonly identifier: Identifier;
  readonly appIds: readonly string[];
}

interface UserList {
  readonly userIdType: UserIdType;
  readonly userIds: readonly string[];
}

export interface ManagementApiOptions {
  /** Where the API is, with a path prefix if need be; credentials go there. */
  readonly host: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly auth: 'token' | 'signature';
  readonly userPoolId: string | null;
  /** For one HTTP request with its whole answer. */
  readonly timeoutMs: number;
  readonly arrayEncoding: ArrayEncoding;
  /** Told of every HTTP request, those for a token too. */
  readonly onCall?: (call: ApiCall) => void;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export interface ApiCall {
  readonly endpoint: Endpoint;
  readonly kind: Answer<unknown>['kind'];
  readonly durationMs: number;
}

/** The API's own limit for ids in one call, and for entries on one page. */
const maxPerCall = 50;

/** 10,000 apps; past it the API does not page as it should. */
const maxPages = 200;

/** @throws TypeError for a host or a key that no request could carry */
export function createManagementApi(options: ManagementApiOptions): ManagementApi {
  for (const name of ['accessKeyId', 'userPoolId'] as const) {
    const value = options[name];
    if (value !== null && !headerSafe.safeParse(value).success)
      throw new TypeError(`${name} has odd characters`);
  }
  const exchanger = createExchanger(options);
  const call = createCaller(options, exchanger);
  const get = <T>(endpoint: Endpoint, data: ApiRequest['data'], ask: Omit<Ask<T>, 'method'>) =>
    call({ method: 'GET', endpoint, data }, ask);
  const post = <T>(endpoint: Endpoint, data: ApiRequest['data'], schema: z.ZodType<T>) =>
    call({ method: 'POST', endpoint, data }, { data: schema });

  return {
    longestCallMs: 4 * options.timeoutMs,
    async kickUsers({ identifier: { userId, userIdType }, appIds }) {
      checkLength(appIds);
      return post('kick-users', { userId, appIds, options: { userIdType } }, actData);
    },
    async resignUser({ userId, userIdType }) {
      return post('resign-user', { userId, userIdType }, actData);
    },
    async resignUsers({ userIds, userIdType }) {
      checkLength(userIds);
      return post('resign-user-batch', { userIds, userIdType }, actData);
    },
    async getUser({ userId, userIdType }) {
      const data = { userId, userIdType, withIdentities: true };
      return get<FoundUser | null>('get-user', data, { data: foundUser, absent: null });
    },
    async getUsers({ userIds, userIdType }) {
      checkLength(userIds);
      return get('get-user-batch', { userIds, userIdType, withIdentities: true }, { data: foundUsers });
    },
    async getLoggedInApps(userId) {
      return get('get-user-loggedin-apps', { userId, userIdType: 'user_id' }, { data: loggedInApps });
    },
    async checkSession({ userId, appId }) {
      return post('check-session-status', { userId, appId }, sessionStatus);
    },
    listApplications: () =>
      listAll((page) => get('list-applications', { page, limit: maxPerCall }, { data: applicationPage })),
    async listUsers(page) {
      const options = { pagination: { page, limit: maxPerCall }, withIdentities: true };
      return post<UserPage>('list-users', { options }, userPage);
    },
    async getSyncRelations(userId) {
      const data = { userId, userIdType: 'user_id' };
      return get<readonly SyncRelation[]>('get-user-sync-relations', data, { data: syncRelations });
    },
    close: () => exchanger.close(),
  };
}

type Call = <T>(request: ApiRequest, ask: Omit<Ask<T>, 'method'>) => Promise<Answer<T>>;

/** A call is authorized, sent, and sent once more when nothing but its authorization was turned down. */
function createCaller(options: ManagementApiOptions, exchanger: ReturnType<typeof createExchanger>): Call {
  const { now = Date.now, onCall, accessKeyId, accessKeySecret } = options;

  async function send<T>(
    request: ApiRequest,
    headers: Headers,
    ask: Omit<Ask<T>, 'method'>,
  ): Promise<Answer<T>> {
    const startedAt = performance.now();
    const exchange = await exchanger.send(request, headers);
    const answer =
      exchange.kind === 'reply'
        ? readAnswer(exchange.reply, { ...ask, method: request.method }, now())
        : unanswered(exchange.message, exchange.sent);
    onCall?.({ endpoint: request.endpoint, kind: answer.kind, durationMs: performance.now() - startedAt });
    return answer;
  }

  const tokens = createTokens({
    now,
    fetchToken: () =>
      send(
        { method: 'POST', endpoint: 'get-management-token', data: { accessKeyId, accessKeySecret } },
        languageHeader,
        { data: tokenData },
      ),
  });
  const authorization: Authorization =
    options.auth === 'token'
      ? createTokenAuthorization(tokens, options)
      : createSignatureAuthorization(options, now);

  return async (request, ask) => {
    const first = await authorization.authorize(request);
    if (first.kind !== 'done') return first;
    const answer = await send(request, first.data, ask);
    if (answer.kind === 'done' || !authorization.isOutdated(answer)) return answer;
    // Not turned away for certain: only a look may say whether it has to be sent again.
    if (request.method === 'POST' && answer.kind === 'denied' && answer.mayBeDone) return answer;
    const second = await authorization.authorize(request, first.data);
    return second.kind === 'done' ? send(request, second.data, ask) : second;
  };
}

async function listAll(
  fetchPage: (
    page: number,
  ) => Promise<Answer<{ readonly totalCount: number; readonly list: readonly string[] }>>,
): Promise<Answer<readonly string[]>> {
  const appIds = new Set<string>();
  for (let page = 1; page <= maxPages; page += 1) {
    const answer = await fetchPage(page);
    if (answer.kind !== 'done') return answer;
    const { data, summary } = answer;
    const before = appIds.size;
    for (const appId of data.list) appIds.add(appId);
    if (appIds.size === 0) {
      const message = 'the list of applications is empty';
      return { kind: 'denied', mayBeDone: false, summary: { ...summary, message } };
    }
    if (appIds.size >= data.totalCount) return { kind: 'done', data: [...appIds], summary };
    if (appIds.size === before) break;
  }
  return unanswered('the list of applications is not whole', true);
}

function checkLength(ids: readonly string[]): void {
  if (ids.length < 1 || ids.length > maxPerCall) {
    throw new RangeError(`a call takes 1 to ${maxPerCall} ids, not ${ids.length}`);
  }
}

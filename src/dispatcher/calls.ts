import type { FoundUser, Identifier, UserIdType } from '../core/identifier.ts';
import { type AnswerSummary, noAnswer } from '../core/intent.ts';
import type { Answer, NotDone } from '../management-api/answer.ts';
import type { ManagementApi } from '../management-api/client.ts';
import type { Endpoint } from '../management-api/exchange.ts';
import type { Standing } from './circuit.ts';
import type { Throttle } from './throttle.ts';

/** A resign makes at most three calls; the fourth leaves room for a look at one user alone. */
const callsPerLease = 4;

/** How long a lease must last, in milliseconds, to cover every call that a tick begins under it. */
export function leaseMs({ longestCallMs }: Pick<ManagementApi, 'longestCallMs'>): number {
  return callsPerLease * longestCallMs + 1_000;
}

/** An answer, and what it is worth by those before it. */
export interface Called<T> {
  readonly answer: Answer<T>;
  readonly standing: Standing;
}

/**
 * The management API under a lease: each call waits its turn and is reported; it is not begun while its endpoint
 * pauses, nor when the lease is short.
 */
export interface Calls {
  getUser(identifier: Identifier): Promise<Called<FoundUser | null>>;
  getUsers(query: {
    userIdType: UserIdType;
    userIds: readonly string[];
  }): Promise<Called<readonly FoundUser[]>>;
  resignUsers(query: { userIdType: UserIdType; userIds: readonly string[] }): Promise<Called<null>>;
  kickUsers(query: { identifier: Identifier; appIds: readonly string[] }): Promise<Called<null>>;
  getLoggedInApps(userId: string): Promise<Called<readonly string[]>>;
  checkSession(query: { userId: string; appId: string }): Promise<Called<boolean>>;
  listApplications(): Promise<Called<readonly string[]>>;
}

export interface CallsOptions {
  readonly api: ManagementApi;
  readonly throttle: Throttle;
  /** When the lease ends, by `performance.now()`. */
  readonly leaseEnd: number;
  /** The person whom the batch is about, when it is about one alone. */
  readonly person: string | null;
  readonly now: () => number;
  readonly random: () => number;
}

export function createCalls(options: CallsOptions): Calls {
  const { api, throttle, leaseEnd, person, now, random } = options;

  async function call<T>(endpoint: Endpoint, send: () => Promise<Answer<T>>): Promise<Called<T>> {
    await throttle.turn();
    const waitMs = throttle.waitMs(endpoint, now());
    if (waitMs > 0) return unsent({ kind: 'busy', retryAfterMs: waitMs, summary: notSent('it pauses') });
    if (performance.now() + api.longestCallMs > leaseEnd) {
      return unsent({ kind: 'unknown', sent: false, summary: notSent('the lease was too short') });
    }
    const answer = await send();
    return { answer, standing: throttle.report(endpoint, answer, { now: now(), random: random(), person }) };
  }

  return {
    getUser: (identifier) => call('get-user', () => api.getUser(identifier)),
    getUsers: (query) => call('get-user-batch', () => api.getUsers(query)),
    resignUsers: (query) => call('resign-user-batch', () => api.resignUsers(query)),
    kickUsers: (query) => call('kick-users', () => api.kickUsers(query)),
    getLoggedInApps: (userId) => call('get-user-loggedin-apps', () => api.getLoggedInApps(userId)),
    checkSession: (query) => call('check-session-status', () => api.checkSession(query)),
    listApplications: () => call('list-applications', async () => aboutUs(await api.listApplications())),
  };
}

/** A call that names nobody can only be refused because of us. */
function aboutUs<T>(answer: Answer<T>): Answer<T> {
  const isAboutUs = answer.kind === 'refused' || answer.kind === 'forbidden';
  return isAboutUs ? { kind: 'denied', mayBeDone: false, summary: answer.summary } : answer;
}

function unsent(answer: NotDone): Called<never> {
  return { answer, standing: { endpointWorks: false, forbidden: 'retry', refusesEveryone: false } };
}

function notSent(why: string): AnswerSummary {
  return { ...noAnswer, message: `not sent: ${why}` };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from '@jest/globals';
import type { Identifier } from '../../src/core/identifier.ts';
import type { Intent } from '../../src/core/intent.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { type Calls, createCalls } from '../../src/dispatcher/calls.ts';
import { createDispatcher, type DispatchPolicy } from '../../src/dispatcher/dispatcher.ts';
import { createLookups, type FindLookup } from '../../src/dispatcher/lookup.ts';
import { createProtection, type Protection } from '../../src/dispatcher/protection.ts';
import { createThrottle, type Throttle } from '../../src/dispatcher/throttle.ts';
import { createEmulator, type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';
import type { Application } from '../../src/emulator/endpoints.ts';
import type { NewUser } from '../../src/emulator/users.ts';
import { createManagementApi, type ManagementApi } from '../../src/management-api/client.ts';
import type { Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { acceptanceOf, type Told } from '../store/fixtures.ts';
import { blindResigns } from './blind-resigns.ts';

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const start = Date.parse('2026-11-20T08:00:00Z');

export const userIdOf = (n: number): string => n.toString(16).padStart(24, '0');
export const emailOf = (n: number): Identifier => ({ userIdType: 'email', userId: `u${n}@example.com` });
export const externalIdOf = (n: number): Identifier => ({ userIdType: 'external_id', userId: `${1000 + n}` });

/** The nth user: signed in to one app, and known by the three identifiers above. */
export function userOf(n: number, change: Partial<NewUser> = {}): NewUser {
  const { userId: email } = emailOf(n);
  const { userId: externalId } = externalIdOf(n);
  return { userId: userIdOf(n), email, externalId, sessions: ['app-mail'], ...change };
}

export const usersUpTo = (count: number): NewUser[] =>
  Array.from({ length: count }, (_, index) => userOf(index + 1));

export const appsUpTo = (count: number): Application[] =>
  Array.from({ length: count }, (_, n) => ({ appId: `app-${n}`, appName: `App ${n}` }));

export interface RigOptions {
  readonly policy?: Partial<DispatchPolicy>;
  readonly users?: readonly NewUser[];
  readonly applications?: readonly Application[];
  readonly protectedPeople?: readonly Identifier[];
  readonly auth?: 'token' | 'signature';
  readonly timeoutMs?: number;
  /** The look-ups of the sources. */
  readonly find?: FindLookup;
  readonly random?: () => number;
}

/** Told whom the call that comes next is about. */
export type Hook = (userIds: readonly string[]) => void | Promise<void>;
type Hooked = 'getUser' | 'getUsers' | 'resignUsers' | 'kickUsers';
type Hooks = Readonly<Record<'before' | 'after', Map<Hooked, Hook>>>;

/** A dispatcher on a real store, the real client and the emulator; its clock stands until a test moves it. */
export interface Rig {
  readonly emulator: Emulator;
  readonly api: ManagementApi;
  readonly store: Store;
  readonly throttle: Throttle;
  readonly protection: Protection;
  /** `setByMs` sets the wall clock alone. */
  readonly clock: { now: number; setByMs: number };
  /** Takes in an intent, and gives its id. */
  tell(told: Told): Promise<string>;
  tick(): Promise<number>;
  /** Ticks until nothing is left to do at this moment. */
  work(): Promise<void>;
  /** Moves the clock in steps, and works after each. */
  pass(ms: number, stepMs?: number): Promise<void>;
  /** Runs before each of those calls is sent, such as to change GenAuth between a look and the act. */
  before(call: Hooked, hook: Hook): void;
  /** Runs after each of those calls is answered, before the answer is given on. */
  after(call: Hooked, hook: Hook): void;
  intent(id: string): Promise<Intent>;
  /** What became of intents, in order: `succeeded`, or `failed gave_up` where there is a reason. */
  fates(...ids: readonly string[]): Promise<string[]>;
  outcomes(): Promise<readonly Outcome[]>;
  /** The data of an intent's last outcome. */
  lastOutcome(id: string): Promise<Record<string, unknown>>;
  /** What was called since the last time that was asked, without tokens: `resign-user-batch 50`. */
  takeCalls(): string[];
  /** What a tick calls by, under a lease of its own, in milliseconds. */
  calls(leaseMs?: number): Calls;
  /** Closes the store as a process that ends does, and opens it again. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Opens rigs, and closes them after each test; a resign that was sent blindly fails whichever test it happened in. */
export function useRigs(): (options?: RigOptions) => Promise<Rig> {
  const rigs: Rig[] = [];
  afterEach(async () => {
    const closed = rigs.splice(0);
    for (const rig of closed) await rig.close();
    expect(closed.flatMap(({ emulator }) => blindResigns(emulator))).toEqual([]);
  });
  return async (options = {}) => {
    const rig = await openRig(options);
    rigs.push(rig);
    return rig;
  };
}

/** Tells of a resign of each of the first so many users, by email. @returns their ids */
export async function tellOfResigns(rig: Rig, last: number, first = 1): Promise<string[]> {
  const ids = [];
  for (let n = first; n <= last; n += 1) ids.push(await rig.tell({ identifiers: [emailOf(n)] }));
  return ids;
}

/** Every fate that one of them met, once. */
export async function ends(rig: Rig, ids: readonly string[]): Promise<string[]> {
  return [...new Set(await rig.fates(...ids))];
}

async function openRig(options: RigOptions): Promise<Rig> {
  const clock = { now: start, setByMs: 0 };
  const now = () => clock.now + clock.setByMs;
  const monotonic = () => clock.now;
  const { random = () => 0.5 } = options;
  const backoff = { minDelayMs: second, maxDelayMs: 15 * minute };
  const { applications = emulatorDefaults.applications } = options;
  const emulator = createEmulator({ now, applications });
  await emulator.start();
  emulator.addUsers(options.users ?? usersUpTo(3));
  const hooks: Hooks = { before: new Map(), after: new Map() };
  const client = createManagementApi({
    host: emulator.url,
    accessKeyId: 'emulator-key',
    accessKeySecret: 'emulator-secret',
    auth: options.auth ?? 'token',
    userPoolId: 'emulator-pool',
    arrayEncoding: 'repeat',
    now,
    timeoutMs: options.timeoutMs ?? 5 * second,
  });
  const api = withHooks(client, hooks);
  const throttle = createThrottle({ requestsPerSecond: 10_000, backoff });
  const protection = createProtection(api, options.protectedPeople ?? []);
  const policy: DispatchPolicy = {
    confirm: true,
    endSessions: false,
    safeguard: [],
    kickAppIds: 'all',
    backoff,
    giveUpAfterMs: 72 * hour,
    isDryRun: () => false,
    ...options.policy,
  };
  const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
  const path = join(folder, 'bridge.db');
  // So few, that the way of marks into the file goes on through most tests.
  const openStore = () => openSqliteStore({ path, maxFresh: 8 });
  let store = openStore();
  const { find } = options;
  const lookups = find && createLookups({ ...policy, find, longestLookupMs: second, now, random });
  const build = () =>
    createDispatcher({ store, api, throttle, protection, lookups, policy, now, monotonic, random });
  let dispatcher = build();
  let callsTaken = 0;

  const rig: Rig = {
    emulator,
    api,
    throttle,
    protection,
    clock,
    get store() {
      return store;
    },
    async tell(told) {
      const delivery = acceptanceOf(
        { identifiers: [emailOf(1)], at: clock.now, ...told },
        { fourEyes: false },
      );
      return String((await store.accept(delivery)).intents[0]);
    },
    tick: () => dispatcher.tick(),
    async work() {
      while ((await dispatcher.tick()) > 0);
    },
    async pass(ms, stepMs = ms) {
      for (const end = clock.now + ms; clock.now < end; ) {
        clock.now = Math.min(end, clock.now + stepMs);
        await rig.work();
      }
    },
    before: (call, hook) => void hooks.before.set(call, hook),
    after: (call, hook) => void hooks.after.set(call, hook),
    async intent(id) {
      const found = await store.findIntent(id);
      if (!found) throw new Error(`there is no intent ${id}`);
      return found.intent;
    },
    async fates(...ids) {
      const intents = await Promise.all(ids.map(rig.intent));
      return intents.map(({ status, failure }) => (failure ? `${status} ${failure.code}` : status));
    },
    async outcomes() {
      while ((await store.sequence(1_000)) > 0);
      return store.outcomesAfter(0, 10_000);
    },
    async lastOutcome(id) {
      const all = await rig.outcomes();
      return { ...all.findLast(({ data }) => 'intentId' in data && data.intentId === id)?.data };
    },
    takeCalls() {
      const calls = emulator.calls().filter(({ endpoint }) => endpoint !== 'get-management-token');
      const taken = calls.slice(callsTaken).map(({ endpoint, input }) => {
        const { userIds } = input as { userIds?: readonly string[] };
        return userIds ? `${endpoint} ${userIds.length}` : endpoint;
      });
      callsTaken = calls.length;
      return taken;
    },
    calls(leaseMs = minute) {
      const leaseEnd = performance.now() + leaseMs;
      return createCalls({ api, throttle, leaseEnd, person: null, now, random });
    },
    async restart() {
      await store.close();
      store = openStore();
      dispatcher = build();
    },
    async close() {
      client.close();
      await store.close();
      await emulator.close();
      await rm(folder, { recursive: true });
    },
  };
  return rig;
}

function withHooks(api: ManagementApi, hooks: Hooks): ManagementApi {
  type Query = { readonly identifier: Identifier } | { readonly userIds: readonly string[] } | Identifier;
  const idsOf = (query: Query): readonly string[] => {
    if ('userIds' in query) return query.userIds;
    return 'identifier' in query ? [query.identifier.userId] : [query.userId];
  };
  const hooked =
    <Q extends Query, T>(name: Hooked, send: (query: Q) => Promise<T>) =>
    async (query: Q): Promise<T> => {
      await hooks.before.get(name)?.(idsOf(query));
      const answer = await send(query);
      await hooks.after.get(name)?.(idsOf(query));
      return answer;
    };
  return {
    ...api,
    getUser: hooked('getUser', api.getUser),
    getUsers: hooked('getUsers', api.getUsers),
    resignUsers: hooked('resignUsers', api.resignUsers),
    kickUsers: hooked('kickUsers', api.kickUsers),
  };
}

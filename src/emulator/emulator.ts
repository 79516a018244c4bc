import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAccess } from './access.ts';
import type { EmulatedCall } from './calls.ts';
import { createCallLog } from './calls.ts';
import type { Application } from './endpoints.ts';
import type { FaultsInput } from './faults.ts';
import { createFaultBook } from './faults.ts';
import { serveApi } from './server.ts';
import { steer, steeringPath } from './steering.ts';
import type { EmulatedUser, NewUser } from './users.ts';
import { createUserDirectory } from './users.ts';

/**
 * The GenAuth V3 management API as it is documented, over real HTTP, with users, applications and sessions in memory.
 * What is documented nowhere is a choice: a fault that can be set, or an option.
 */
export interface Emulator {
  /** Where it listens, once it was started. */
  readonly url: string;
  readonly applications: readonly Application[];
  /** @param port 0, the default, takes any that is free */
  start(port?: number): Promise<void>;
  /** Breaks the connections that are left. Closing what does not listen does nothing. */
  close(): Promise<void>;
  /** @throws ZodError for a user of another shape */
  addUsers(users: readonly NewUser[]): void;
  users(): readonly EmulatedUser[];
  user(userId: string): EmulatedUser | undefined;
  /** @returns false when that user cannot sign in */
  signIn(userId: string, appId: string): boolean;
  /** What was called, by arrival. */
  calls(): readonly EmulatedCall[];
  /** Replaces everything that is set to go wrong. @throws ZodError */
  setFaults(faults: FaultsInput): void;
  /** Makes every token stale, so that the next call with one is not logged in. */
  revokeTokens(): void;
  /** Forgets users, calls, faults and tokens. */
  reset(): void;
}

export interface EmulatorOptions {
  readonly host?: string;
  readonly accessKeyId?: string;
  readonly accessKeySecret?: string;
  readonly userPoolId?: string;
  readonly applications?: readonly Application[];
  readonly tokenLifetimeSeconds?: number;
  readonly clockSkewMs?: number;
  readonly resignEndsSessions?: boolean;
  /** How many calls are remembered. */
  readonly maxCalls?: number;
  /** Of the random numbers behind a fault's probability. */
  readonly seed?: number;
  readonly now?: () => number;
}

/** What an emulator takes when it is told nothing else. */
export const emulatorDefaults = {
  host: '127.0.0.1',
  accessKeyId: 'emulator-key',
  accessKeySecret: 'emulator-secret',
  userPoolId: 'emulator-pool',
  applications: [
    { appId: 'app-mail', appName: 'Mail' },
    { appId: 'app-wiki', appName: 'Wiki' },
    { appId: 'app-payroll', appName: 'Payroll' },
  ],
  tokenLifetimeSeconds: 7_200,
  clockSkewMs: 300_000,
  resignEndsSessions: false,
  maxCalls: 100_000,
  seed: 1,
  now: Date.now,
} as const satisfies Required<EmulatorOptions>;

export function createEmulator(options: EmulatorOptions = {}): Emulator {
  const settings: Required<EmulatorOptions> = { ...emulatorDefaults, ...options };
  const { applications, now } = settings;
  const users = createUserDirectory(settings);
  const access = createAccess(settings);
  const faults = createFaultBook(settings.seed);
  const calls = createCallLog(settings.maxCalls);
  let closing = new AbortController();
  const tenant = {
    users,
    applications,
    get habits() {
      return faults.current;
    },
  };
  const rooms = { access, tenant, faults, calls, now };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(`http://emulator${request.url}`);
    if (url.pathname.startsWith(steeringPath)) await steer({ request, response, url }, emulator);
    else await serveApi({ request, response, url }, rooms, closing.signal);
  }

  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(closing.signal.aborted ? '' : `the emulator failed: ${error}`);
    });
  });

  const emulator: Emulator = {
    applications,
    get url() {
      const address = server.address() as AddressInfo | null;
      if (!address) throw new Error('the emulator was not started');
      return `http://${settings.host}:${address.port}`;
    },
    async start(port = 0) {
      closing = new AbortController();
      server.listen(port, settings.host);
      await once(server, 'listening');
    },
    async close() {
      if (!server.listening) return;
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    addUsers(added) {
      for (const user of added) users.add(user);
    },
    users: users.all,
    user: (userId) => users.find('user_id', userId),
    signIn(userId, appId) {
      const user = users.find('user_id', userId);
      return user !== undefined && users.signIn(user, appId);
    },
    calls: calls.all,
    setFaults: faults.set,
    revokeTokens: access.revokeTokens,
    reset() {
      users.clear();
      calls.clear();
      faults.set({});
      access.revokeTokens();
    },
  };
  return emulator;
}

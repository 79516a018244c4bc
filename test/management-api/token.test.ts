import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/emulator.ts';
import { createEmulator } from '../../src/emulator/emulator.ts';
import { exampleUsers } from '../../src/emulator/example-users.ts';
import type { ApiCall, ManagementApi } from '../../src/management-api/client.ts';
import { createManagementApi } from '../../src/management-api/client.ts';
import { until } from '../support/until.ts';
import { signedOptions } from './raw-server.ts';

const ada = '6319a1504f3b4c0f214dd5b1';

let now: number;
let emulator: Emulator;
let api: ManagementApi;
let seen: ApiCall[];

/** Tokens live for 100 seconds of a clock that the tests move. */
beforeEach(async () => {
  now = Date.now();
  seen = [];
  emulator = createEmulator({ tokenLifetimeSeconds: 100, now: () => now });
  emulator.addUsers(exampleUsers);
  await emulator.start();
  api = createManagementApi({
    ...signedOptions(emulator.url),
    auth: 'token',
    onCall: (call) => seen.push(call),
    now: () => now,
  });
});

afterEach(async () => {
  api.close();
  await emulator.close();
});

const look = () => api.getUser({ userIdType: 'user_id', userId: ada });
const calledEndpoints = () => emulator.calls().map(({ endpoint }) => endpoint);
const tokenCalls = () => calledEndpoints().filter((endpoint) => endpoint === 'get-management-token');

/** Waits for something that happens in the background. */
describe('a token', () => {
  it('is asked for once by calls that come at the same time', async () => {
    emulator.setFaults({ calls: [{ kind: 'latency', endpoint: 'get-management-token', ms: 30 }] });
    const answers = await Promise.all(Array.from({ length: 20 }, look));
    expect(answers.every(({ kind }) => kind === 'done')).toBe(true);
    expect(tokenCalls()).toHaveLength(1);
  });

  it('is replaced once, for all calls that it fails, and each of them goes on', async () => {
    await look();
    emulator.revokeTokens();
    const answers = await Promise.all(Array.from({ length: 20 }, look));
    expect(answers.every(({ kind }) => kind === 'done')).toBe(true);
    expect(tokenCalls()).toHaveLength(2);
  });

  it('is fetched again only once when calls are still not let in', async () => {
    emulator.setFaults({ calls: [{ kind: 'envelope', endpoint: 'get-user', statusCode: 401 }] });
    expect(await look()).toMatchObject({ kind: 'denied', summary: { statusCode: 401 } });
    expect(calledEndpoints()).toEqual([
      'get-management-token',
      'get-user',
      'get-management-token',
      'get-user',
    ]);
  });

  it('is renewed before it ends, without keeping a call waiting', async () => {
    await look();
    now += 89_000;
    await look();
    expect(tokenCalls()).toHaveLength(1);
    now += 2_000;
    emulator.setFaults({ calls: [{ kind: 'timeout', endpoint: 'get-management-token', times: 1 }] });
    expect(await look()).toMatchObject({ kind: 'done' });
    await until(() => tokenCalls().length === 2);
    expect(await look()).toMatchObject({ kind: 'done' });
    expect(tokenCalls()).toHaveLength(2);
  });

  it('is renewed by a call that finds it over', async () => {
    await look();
    now += 100_000;
    expect(await look()).toMatchObject({ kind: 'done' });
    expect(calledEndpoints()).toEqual([
      'get-management-token',
      'get-user',
      'get-management-token',
      'get-user',
    ]);
  });

  it('serves to its end when its renewal fails, and the renewal is tried again only after a while', async () => {
    await look();
    now += 91_000;
    emulator.setFaults({ calls: [{ kind: 'rateLimit', endpoint: 'get-management-token' }] });
    const throttled = () => seen.filter(({ kind }) => kind === 'busy').length;
    expect(await look()).toMatchObject({ kind: 'done' });
    await until(() => throttled() === 1);
    for (let index = 0; index < 5; index += 1) expect(await look()).toMatchObject({ kind: 'done' });
    expect(tokenCalls()).toHaveLength(2);
    now += 5_000;
    expect(await look()).toMatchObject({ kind: 'done' });
    await until(() => throttled() === 2);
    now += 4_000;
    expect(await look()).toMatchObject({ kind: 'busy' });
  });

  it.each([
    [{ kind: 'rateLimit', retryAfterSeconds: 3 } as const, { kind: 'busy', retryAfterMs: 3_000 }],
    [{ kind: 'http5xx', status: 503 } as const, { kind: 'unknown', sent: false }],
    [{ kind: 'halfClosed' } as const, { kind: 'unknown', sent: false }],
    [{ kind: 'forbidden' } as const, { kind: 'denied' }],
    [{ kind: 'html', status: 404 } as const, { kind: 'denied' }],
    [{ kind: 'envelope', statusCode: 404 } as const, { kind: 'denied' }],
    [
      { kind: 'envelope', statusCode: 200, data: { access_token: 'a\nb' } } as const,
      { kind: 'unknown', sent: false },
    ],
  ])('that cannot be had (%j) makes a call end as that, unsent', async (fault, expected) => {
    emulator.setFaults({ calls: [{ ...fault, endpoint: 'get-management-token' }] });
    expect(await api.resignUsers({ userIdType: 'user_id', userIds: [ada] })).toMatchObject(expected);
    expect(calledEndpoints()).toEqual(['get-management-token']);
  });

  it('that cannot be had after a call was not let in leaves that call undone', async () => {
    await look();
    emulator.revokeTokens();
    emulator.setFaults({ calls: [{ kind: 'http5xx', endpoint: 'get-management-token' }] });
    expect(await api.resignUsers({ userIdType: 'user_id', userIds: [ada] })).toMatchObject({
      kind: 'unknown',
      sent: false,
    });
  });
});

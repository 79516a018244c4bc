import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { userIdTypes } from '../../src/core/identifier.ts';
import type { Emulator } from '../../src/emulator/emulator.ts';
import { createEmulator } from '../../src/emulator/emulator.ts';
import { exampleUsers } from '../../src/emulator/example-users.ts';
import type { ApiCall, ManagementApi, ManagementApiOptions } from '../../src/management-api/client.ts';
import { createManagementApi } from '../../src/management-api/client.ts';
import { signedOptions } from './raw-server.ts';

const ada = '6319a1504f3b4c0f214dd5b1';
const katherine = '6319a1504f3b4c0f214dd5b4';
const nobody = '0'.repeat(24);

const namesOfAll = {
  user_id: ada,
  external_id: '1001',
  phone: '13800000002',
  email: 'ADA@example.com',
  username: 'ada',
  identity: '62f20932716fbcc10d966ee5:ou_8bae746eac07cd2564654140d2a9ac61',
  sync_relation: 'lark:ou_1004',
  custom_field: 'B-1004',
};

let emulator: Emulator;
let api: ManagementApi;
let seen: ApiCall[];

function connect(overrides: Partial<ManagementApiOptions> = {}): ManagementApi {
  api?.close();
  api = createManagementApi({
    ...signedOptions(emulator.url),
    auth: 'token',
    onCall: (call) => seen.push(call),
    ...overrides,
  });
  return api;
}

const calledEndpoints = () => emulator.calls().map(({ endpoint }) => endpoint);

beforeEach(async () => {
  seen = [];
  emulator = createEmulator();
  emulator.addUsers(exampleUsers);
  await emulator.start();
});

afterEach(async () => {
  api.close();
  await emulator.close();
});

describe.each(['token', 'signature'] as const)('the client with %s authorization', (auth) => {
  beforeEach(() => {
    connect({ auth });
  });

  it('kicks one user out of the given apps', async () => {
    const identifier = { userIdType: 'email', userId: 'ada@example.com' } as const;
    expect(await api.kickUsers({ identifier, appIds: ['app-mail'] })).toMatchObject({
      kind: 'done',
      data: null,
    });
    expect(emulator.user(ada)?.sessions).toEqual(['app-wiki']);
  });

  it('resigns one user, and several', async () => {
    expect(await api.resignUser({ userIdType: 'username', userId: 'ada' })).toMatchObject({ kind: 'done' });
    expect(await api.resignUsers({ userIdType: 'external_id', userIds: ['1002', '1003'] })).toMatchObject({
      kind: 'done',
      data: null,
    });
    expect(emulator.users().map(({ status }) => status)).toEqual([
      'Resigned',
      'Resigned',
      'Resigned',
      'Activated',
    ]);
  });

  it.each(userIdTypes)('finds a user by %s', async (userIdType) => {
    const answer = await api.getUser({ userIdType, userId: namesOfAll[userIdType] });
    expect(answer).toMatchObject({ kind: 'done', data: { status: 'Activated' } });
  });

  it.each(['repeat', 'brackets'] as const)(
    'finds several users, with lists sent by %s',
    async (arrayEncoding) => {
      connect({ auth, arrayEncoding });
      for (const userIds of [[ada], [ada, katherine, nobody]]) {
        const answer = await api.getUsers({ userIdType: 'user_id', userIds });
        expect(answer.kind === 'done' && answer.data.map(({ userId }) => userId)).toEqual(
          userIds.filter((one) => one !== nobody),
        );
      }
    },
  );

  it('says where a user logged in, and where there is a session', async () => {
    await api.kickUsers({ identifier: { userIdType: 'user_id', userId: ada }, appIds: ['app-mail'] });
    expect(await api.getLoggedInApps(ada)).toMatchObject({ kind: 'done', data: ['app-mail', 'app-wiki'] });
    expect(await api.checkSession({ userId: ada, appId: 'app-mail' })).toMatchObject({
      kind: 'done',
      data: false,
    });
    expect(await api.checkSession({ userId: ada, appId: 'app-wiki' })).toMatchObject({
      kind: 'done',
      data: true,
    });
  });

  it('is denied with a wrong secret, and says so of every call', async () => {
    connect({ auth, accessKeySecret: 'another' });
    const apiCode = auth === 'token' ? 2333 : 1300;
    expect(await api.listApplications()).toMatchObject({ kind: 'denied', summary: { apiCode } });
    expect(emulator.calls()).toHaveLength(1);
  });
});

describe('the client', () => {
  beforeEach(() => {
    connect();
  });

  it('maps a user, with what is empty as null', async () => {
    expect(await api.getUser({ userIdType: 'sync_relation', userId: 'lark:ou_1004' })).toEqual({
      kind: 'done',
      data: {
        userId: katherine,
        status: 'Activated',
        name: 'Katherine Johnson',
        externalId: '1004',
        email: 'katherine@example.com',
        phone: null,
        phoneCountryCode: null,
        username: null,
        identities: [],
      },
      summary: { statusCode: 200, apiCode: null, requestId: 'emulated-2', message: 'Success' },
    });
  });

  it('tells that a user does not exist from a look that failed', async () => {
    const identifier = { userIdType: 'user_id', userId: nobody } as const;
    expect(await api.getUser(identifier)).toMatchObject({ kind: 'done', data: null });
    expect(seen.at(-1)).toMatchObject({ endpoint: 'get-user', kind: 'done' });
    expect(await api.resignUser(identifier)).toMatchObject({ kind: 'refused', reason: 'user_not_found' });
    emulator.setFaults({ calls: [{ kind: 'http5xx' }] });
    expect(await api.getUser(identifier)).toMatchObject({ kind: 'unknown' });
  });

  it('is refused for an app that does not exist', async () => {
    const identifier = { userIdType: 'user_id', userId: ada } as const;
    expect(await api.kickUsers({ identifier, appIds: ['app-none'] })).toMatchObject({
      kind: 'refused',
      reason: 'app_not_found',
      summary: { apiCode: 2011 },
    });
  });

  it('lists the applications of every page', async () => {
    const applications = Array.from({ length: 120 }, (_, index) => ({
      appId: `app-${index}`,
      appName: `${index}`,
    }));
    const large = createEmulator({ applications });
    await large.start();
    connect({ host: large.url });
    const answer = await api.listApplications();
    expect(answer).toMatchObject({ kind: 'done', data: applications.map(({ appId }) => appId) });
    expect(large.calls().filter(({ endpoint }) => endpoint === 'list-applications')).toHaveLength(3);
    await large.close();
  });

  it('never takes an empty, a failed or a partial list of applications for success', async () => {
    const page = (list: unknown[], totalCount: number) =>
      emulator.setFaults({
        calls: [
          {
            kind: 'envelope',
            endpoint: 'list-applications',
            statusCode: 200,
            data: { list: list as never, totalCount },
          },
        ],
      });
    page([], 0);
    expect(await api.listApplications()).toMatchObject({
      kind: 'denied',
      summary: { message: 'the list of applications is empty' },
    });
    page([{ appId: 'app-mail' }], 5);
    seen = [];
    expect(await api.listApplications()).toMatchObject({ kind: 'unknown' });
    expect(seen).toHaveLength(2);
    page([{ name: 'without an id' }], 1);
    expect(await api.listApplications()).toMatchObject({ kind: 'unknown' });
    emulator.setFaults({ calls: [{ kind: 'forbidden', endpoint: 'list-applications' }] });
    expect(await api.listApplications()).toMatchObject({ kind: 'forbidden' });
  });

  it('throws for a list that the API would not take, and sends nothing', async () => {
    const tooMany = Array.from({ length: 51 }, (_, index) => `${index}`);
    const identifier = { userIdType: 'user_id', userId: ada } as const;
    for (const ids of [[], tooMany]) {
      await expect(api.kickUsers({ identifier, appIds: ids })).rejects.toThrow(RangeError);
      await expect(api.resignUsers({ userIdType: 'user_id', userIds: ids })).rejects.toThrow(RangeError);
      await expect(api.getUsers({ userIdType: 'user_id', userIds: ids })).rejects.toThrow(RangeError);
    }
    expect(emulator.calls()).toEqual([]);
  });

  it('tells its observer of every request and how it ended', async () => {
    await api.getUser({ userIdType: 'user_id', userId: ada });
    expect(seen).toEqual([
      { endpoint: 'get-management-token', kind: 'done', durationMs: expect.any(Number) },
      { endpoint: 'get-user', kind: 'done', durationMs: expect.any(Number) },
    ]);
  });

  it('repeats nothing when an answer is lost', async () => {
    await api.getUser({ userIdType: 'user_id', userId: ada });
    emulator.setFaults({ calls: [{ kind: 'halfClosed', applied: true, times: 1 }] });
    const answer = await api.resignUsers({ userIdType: 'user_id', userIds: [ada] });
    expect(answer).toMatchObject({ kind: 'unknown', sent: true });
    expect(emulator.user(ada)?.status).toBe('Resigned');
    expect(calledEndpoints().filter((endpoint) => endpoint === 'resign-user-batch')).toHaveLength(1);
  });

  it('refuses a host or a key that no request could carry', () => {
    for (const host of [
      '',
      'api.example.com',
      'ftp://a.example',
      'https://u:p@a.example',
      'https://a.example?x=1',
    ]) {
      expect(() => createManagementApi(signedOptions(host))).toThrow(TypeError);
    }
    expect(() => createManagementApi({ ...signedOptions('https://a.example'), accessKeyId: 'a\nb' })).toThrow(
      TypeError,
    );
  });

  it('says that nothing was sent when nobody listens', async () => {
    const vacant = createServer();
    vacant.listen(0, '127.0.0.1');
    await once(vacant, 'listening');
    const address = vacant.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    vacant.close();
    await once(vacant, 'close');
    for (const auth of ['token', 'signature'] as const) {
      connect({ host: `http://127.0.0.1:${port}`, auth });
      expect(await api.resignUser({ userIdType: 'user_id', userId: ada })).toMatchObject({
        kind: 'unknown',
        sent: false,
        summary: { message: 'ECONNREFUSED' },
      });
    }
  });
});

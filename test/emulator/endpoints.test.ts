import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/emulator.ts';
import { createEmulator } from '../../src/emulator/emulator.ts';
import { createCaller, request } from './caller.ts';

let emulator: Emulator;
let caller = createCaller(() => emulator.url);

beforeEach(async () => {
  emulator = createEmulator();
  emulator.addUsers([
    {
      userId: 'u1',
      email: 'Ada@example.com',
      departmentIds: ['d1'],
      roles: ['r1'],
      sessions: ['app-mail', 'app-wiki'],
    },
    {
      userId: 'u2',
      customData: { badge: 'B-2', floor: 4 },
      syncRelations: [{ provider: 'lark', userIdInIdp: 'ou:2' }],
    },
    { userId: 'u3' },
  ]);
  await emulator.start();
  caller = createCaller(() => emulator.url);
});

afterEach(() => emulator.close());

const statuses = () => emulator.users().map(({ status }) => status);
const resignAll = (userIds: readonly string[]) => caller.call('POST', 'resign-user-batch', { userIds });

describe('the emulated API', () => {
  it('answers business errors with HTTP 200 and the envelope', async () => {
    const reply = await caller.call('GET', 'get-user?userId=nobody');
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      statusCode: 404,
      message: 'User not found',
      apiCode: 2004,
      requestId: expect.any(String),
    });
  });

  it('says it in the language that was asked for, and in Chinese otherwise', async () => {
    const reply = await request(`${emulator.url}/api/v3/get-user?userId=u1`);
    expect(reply.body.message).toBe('尚未登录');
  });

  it('kicks out of the given apps only, and keeps the history of logins', async () => {
    const kick = { userId: 'ADA@EXAMPLE.COM', appIds: ['app-mail'], options: { userIdType: 'email' } };
    expect((await caller.call('POST', 'kick-users', kick)).body.data).toEqual({ success: true });
    expect(emulator.user('u1')).toMatchObject({
      sessions: ['app-wiki'],
      loggedInApps: ['app-mail', 'app-wiki'],
    });
    const apps = await caller.call('GET', 'get-user-loggedin-apps?userId=u1');
    expect(apps.body.data).toMatchObject([{ appId: 'app-mail' }, { appId: 'app-wiki' }]);
    const session = await caller.call('POST', 'check-session-status', { userId: 'u1', appId: 'app-mail' });
    expect(session.body.data).toEqual({ active: false });
  });

  it('answers 2011 to an app that does not exist, and kicks nobody', async () => {
    const reply = await caller.call('POST', 'kick-users', { userId: 'u1', appIds: ['app-mail', 'app-none'] });
    expect(reply.body).toMatchObject({ apiCode: 2011 });
    expect(emulator.user('u1')?.sessions).toHaveLength(2);
  });

  it('drops the relations of a resigned user and lets nobody log in, but ends no session', async () => {
    await caller.call('POST', 'resign-user', { userId: 'u1' });
    expect(emulator.user('u1')).toMatchObject({
      status: 'Resigned',
      departmentIds: [],
      roles: [],
      sessions: ['app-mail', 'app-wiki'],
    });
    expect(emulator.signIn('u1', 'app-payroll')).toBe(false);
    expect(emulator.signIn('u2', 'app-payroll')).toBe(true);
  });

  it('ends the sessions of a resigned user when it is made to', async () => {
    await emulator.close();
    emulator = createEmulator({ resignEndsSessions: true });
    emulator.addUsers([{ userId: 'u1', sessions: ['app-mail'] }]);
    await emulator.start();
    await resignAll(['u1']);
    expect(emulator.user('u1')).toMatchObject({ status: 'Resigned', sessions: [] });
  });

  it('shows of a user what was asked for', async () => {
    const data = async (query: string) => (await caller.call('GET', `get-user?${query}`)).body.data;
    expect(await data('userId=lark:ou:2&userIdType=sync_relation')).not.toHaveProperty('identities');
    expect(
      await data('userId=4&userIdType=custom_field&withIdentities=true&withCustomData=true'),
    ).toMatchObject({
      userId: 'u2',
      identities: [],
      customData: { badge: 'B-2' },
    });
  });

  it('leaves unknown ids out of a look at several users, whichever way the list is sent', async () => {
    for (const key of ['userIds', 'userIds%5B%5D']) {
      const reply = await caller.call('GET', `get-user-batch?${key}=u3&${key}=nobody&${key}=u1&${key}=u3`);
      expect(reply.body.data).toMatchObject([{ userId: 'u3' }, { userId: 'u1' }]);
    }
    emulator.setFaults({ lookUnknown: 'refuse' });
    const reply = await caller.call('GET', 'get-user-batch?userIds=u3&userIds=nobody');
    expect(reply.body).toMatchObject({ statusCode: 404, apiCode: 2004 });
  });

  it('shows the sync relations of a user', async () => {
    const reply = await caller.call('GET', 'get-user-sync-relations?userId=u2');
    expect(reply.body.data).toEqual([{ provider: 'lark', userIdInIdp: 'ou:2' }]);
  });

  it('lists applications by pages of 10 unless told otherwise, of 50 at most', async () => {
    expect((await caller.call('GET', 'list-applications?page=2&limit=2')).body.data).toMatchObject({
      totalCount: 3,
      list: [{ appId: 'app-payroll' }],
    });
    expect((await caller.call('GET', 'list-applications?limit=51')).body).toMatchObject({ statusCode: 400 });
  });

  it.each([
    ['POST', 'kick-users', { userld: 'u1', appIds: ['app-mail'] }],
    ['POST', 'kick-users', { userId: 'u1', appIds: ['app-mail'], userIdType: 'email' }],
    ['POST', 'kick-users', { userId: 'u1', appIds: [] }],
    ['POST', 'kick-users', { userId: 'u1', appIds: Array(51).fill('app-mail') }],
    ['POST', 'kick-users', { userId: 'u1', appIds: ['app-mail'], options: { userIdType: 'mail' } }],
    ['POST', 'resign-user', { userId: '' }],
    ['POST', 'resign-user', { userId: 'u1', options: { userIdType: 'email' } }],
    ['POST', 'resign-user-batch', { userIds: [] }],
    ['POST', 'resign-user-batch', { userIds: Array(51).fill('u1') }],
    ['POST', 'resign-user-batch', 'text'],
    ['GET', 'get-user?userId=u1&userIdType=mail', undefined],
    ['GET', 'get-user-batch?userIdType=email', undefined],
    ['POST', 'check-session-status', { userId: 'u1', appId: 'app-mail', userIdType: 'email' }],
  ] as const)('answers 400 to %s %s with %j, and does nothing', async (method, path, body) => {
    expect(await caller.call(method, path, body)).toMatchObject({ status: 200, body: { statusCode: 400 } });
    expect(statuses()).toEqual(['Activated', 'Activated', 'Activated']);
    expect(emulator.user('u1')?.sessions).toHaveLength(2);
  });

  it('names the field that is malformed', async () => {
    const reply = await caller.call('POST', 'kick-users', { userId: 'u1', appIds: [] });
    expect(reply.body.message).toBe('Parameter appIds is malformed');
  });

  it('has no other routes', async () => {
    for (const path of ['get-user-session', 'constructor', 'kick-users']) {
      expect((await caller.call('GET', path)).status).toBe(404);
    }
  });

  it('answers 413 to a body that is too large', async () => {
    const reply = await caller.call('POST', 'resign-user', { userId: 'u'.repeat(1024 * 1024) });
    expect(reply.body).toMatchObject({ statusCode: 413 });
  });
});

describe('a resign batch with an unknown id', () => {
  it('resigns nobody by default', async () => {
    expect((await resignAll(['u1', 'nobody', 'u2'])).body).toMatchObject({ statusCode: 404, apiCode: 2004 });
    expect(statuses()).toEqual(['Activated', 'Activated', 'Activated']);
    expect(emulator.calls().at(-1)).toMatchObject({ applied: false });
  });

  it('resigns those before it, and is refused, when set to partial', async () => {
    emulator.setFaults({ batchUnknown: 'partial' });
    expect((await resignAll(['u1', 'nobody', 'u2'])).body).toMatchObject({ statusCode: 404 });
    expect(statuses()).toEqual(['Resigned', 'Activated', 'Activated']);
    expect(emulator.calls().at(-1)).toMatchObject({ applied: true });
  });

  it('resigns all others, and says success, when set to skip', async () => {
    emulator.setFaults({ batchUnknown: 'skip' });
    expect((await resignAll(['u1', 'nobody', 'u2'])).body).toMatchObject({ statusCode: 200 });
    expect(statuses()).toEqual(['Resigned', 'Resigned', 'Activated']);
  });

  it('is refused as a whole, as is a single resign, for a poisoned user', async () => {
    emulator.setFaults({ poisonedUserIds: ['u2'] });
    expect((await resignAll(['u1', 'u2'])).body).toMatchObject({ statusCode: 422 });
    expect((await caller.call('POST', 'resign-user', { userId: 'u2' })).body).toMatchObject({
      statusCode: 422,
    });
    expect(statuses()).toEqual(['Activated', 'Activated', 'Activated']);
    expect((await resignAll(['u1', 'u3'])).body).toMatchObject({ statusCode: 200 });
  });
});

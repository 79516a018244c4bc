import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/emulator.ts';
import { createEmulator } from '../../src/emulator/emulator.ts';
import type { Caller } from './caller.ts';
import { createCaller, request } from './caller.ts';

let emulator: Emulator;
let caller: Caller;

beforeEach(async () => {
  emulator = createEmulator({ maxCalls: 10 });
  await emulator.start();
  caller = createCaller(() => emulator.url);
});

afterEach(() => emulator.close());

const steer = (method: string, path: string, body?: unknown) =>
  request(`${emulator.url}/__emulator/${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });

describe('the record of calls', () => {
  beforeEach(() => emulator.addUsers([{ userId: 'u1' }, { userId: 'u2', status: 'Suspended' }]));

  it('keeps what was asked, what was answered and what a look showed', async () => {
    await caller.call('GET', 'get-user-batch?userIds=u1&userIds=u2');
    await caller.call('POST', 'resign-user-batch', { userIds: ['u1'], userIdType: 'user_id' });
    await caller.call('GET', 'get-user?userId=u1');
    const answer = { httpStatus: 200, statusCode: 200, apiCode: null };
    const at = expect.any(Number);
    expect(emulator.calls().slice(1)).toEqual([
      {
        ...{
          seq: 2,
          at,
          endpoint: 'get-user-batch',
          method: 'GET',
          input: { userIds: ['u1', 'u2'] },
          answer,
        },
        ...{ answeredAfter: 2, applied: false, looks: { u1: 'Activated', u2: 'Suspended' } },
      },
      {
        ...{
          seq: 3,
          at,
          endpoint: 'resign-user-batch',
          method: 'POST',
          answer,
          answeredAfter: 3,
          applied: true,
        },
        input: { userIds: ['u1'], userIdType: 'user_id' },
      },
      {
        ...{ seq: 4, at, endpoint: 'get-user', method: 'GET', input: { userId: 'u1' }, answer },
        ...{ answeredAfter: 4, applied: false, looks: { u1: 'Resigned' } },
      },
    ]);
  });

  it('tells a call made before a look was answered from one made after it', async () => {
    await caller.call('GET', 'list-applications');
    emulator.setFaults({ calls: [{ kind: 'latency', endpoint: 'get-user', ms: 50 }] });
    const look = caller.call('GET', 'get-user?userId=u1');
    while (emulator.calls().length < 3) await new Promise(setImmediate);
    await caller.call('POST', 'resign-user', { userId: 'u1' });
    await look;
    expect(emulator.calls()[2]).toMatchObject({ seq: 3, answeredAfter: 4, looks: { u1: 'Resigned' } });
  });

  it('records no look whose answer was not sent whole', async () => {
    emulator.setFaults({ calls: [{ kind: 'halfClosed', endpoint: 'get-user', applied: true }] });
    await expect(caller.call('GET', 'get-user?userId=u1')).rejects.toThrow();
    expect(emulator.calls().at(-1)).not.toHaveProperty('looks');
  });

  it('forgets the oldest calls', async () => {
    for (let index = 0; index < 25; index += 1) await caller.call('GET', `get-user?userId=u${index}`);
    const seqs = emulator.calls().map(({ seq }) => seq);
    expect(seqs).toEqual([17, 18, 19, 20, 21, 22, 23, 24, 25, 26]);
    expect(emulator.calls().every(({ answer }) => answer.httpStatus === 200)).toBe(true);
  });

  it('is empty after a reset, as all else', async () => {
    await caller.call('GET', 'get-user?userId=u1');
    emulator.setFaults({ calls: [{ kind: 'forbidden' }] });
    emulator.reset();
    expect(emulator.calls()).toEqual([]);
    expect(emulator.users()).toEqual([]);
    expect((await caller.call('GET', 'get-user?userId=u1')).body).toMatchObject({ apiCode: 2020 });
  });
});

describe('users', () => {
  it('are replaced by their id, and lose the identifiers they no longer have', async () => {
    emulator.addUsers([{ userId: 'u1', email: 'a@example.com' }]);
    emulator.addUsers([{ userId: 'u1', email: 'b@example.com' }]);
    expect(emulator.users()).toHaveLength(1);
    const look = (email: string) => caller.call('GET', `get-user?userIdType=email&userId=${email}`);
    expect((await look('a@example.com')).body.statusCode).toBe(404);
    expect((await look('b@example.com')).body.statusCode).toBe(200);
  });
});

describe('steering over HTTP', () => {
  it('adds users and shows them', async () => {
    const added = await steer('POST', 'users', { users: [{ userId: 'u1', sessions: ['app-mail'] }] });
    expect(added).toMatchObject({ status: 200, body: { users: 1 } });
    expect((await steer('GET', 'users')).body.users).toMatchObject([{ userId: 'u1', status: 'Activated' }]);
  });

  it('refuses users of another shape with every fault, and adds none', async () => {
    const users = [{ userId: 'u1' }, { email: 5, mail: 'x' }, { userId: 'u3', status: 'Gone' }];
    const reply = await steer('POST', 'users', { users });
    expect(reply.status).toBe(400);
    expect(reply.body.faults).toHaveLength(4);
    expect(reply.body.faults).toContainEqual(expect.stringMatching(/^users\[1\]\.userId: /));
    const unknownApp = await steer('POST', 'users', { users: [{ userId: 'u1', sessions: ['app-none'] }] });
    expect(unknownApp.body.faults).toEqual(['users[0].sessions[0]: there is no such application']);
    expect(emulator.users()).toEqual([]);
  });

  it('sets faults and takes them back', async () => {
    const set = await steer('POST', 'faults', {
      calls: [{ kind: 'forbidden', endpoint: 'list-applications' }],
    });
    expect(set.status).toBe(200);
    expect((await caller.call('GET', 'list-applications')).body.statusCode).toBe(403);
    await steer('POST', 'faults', {});
    expect((await caller.call('GET', 'list-applications')).body.statusCode).toBe(200);
  });

  it('refuses faults of another shape, and keeps those that are set', async () => {
    await steer('POST', 'faults', { batchUnknown: 'skip' });
    for (const body of [{ calls: [{ kind: 'fire' }] }, { batchUnknown: 'x', more: 1 }, '{', '']) {
      const reply = await steer('POST', 'faults', body);
      expect(reply.status).toBe(400);
      expect(reply.body.faults).not.toHaveLength(0);
    }
    emulator.addUsers([{ userId: 'u1' }]);
    const resigned = await caller.call('POST', 'resign-user-batch', { userIds: ['u1', 'nobody'] });
    expect(resigned.body.statusCode).toBe(200);
  });

  it('shows calls past a place, at most as many as wanted', async () => {
    for (const userId of ['a', 'b', 'c']) await caller.call('GET', `get-user?userId=${userId}`);
    const reply = await steer('GET', 'calls?after=2&limit=1');
    expect(reply.body.calls).toMatchObject([{ seq: 3, endpoint: 'get-user', input: { userId: 'b' } }]);
    expect((await steer('GET', 'calls?limit=0')).status).toBe(400);
  });

  it('says what there is when something else is asked for', async () => {
    expect(await steer('DELETE', 'users')).toMatchObject({
      status: 404,
      body: { error: expect.any(String) },
    });
  });
});

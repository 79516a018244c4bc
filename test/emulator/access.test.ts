import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/emulator.ts';
import { createEmulator, emulatorDefaults } from '../../src/emulator/emulator.ts';
import { createCaller, request } from './caller.ts';

const { accessKeyId, accessKeySecret, userPoolId } = emulatorDefaults;

let now: number;
let emulator: Emulator;
const caller = createCaller(() => emulator.url);

beforeEach(async () => {
  now = Date.now();
  emulator = createEmulator({ now: () => now });
  emulator.addUsers([{ userId: 'u1' }]);
  await emulator.start();
});

afterEach(() => emulator.close());

describe('access by token', () => {
  const look = (headers: Record<string, string>) =>
    request(`${emulator.url}/api/v3/get-user?userId=u1`, { headers });

  it('gives a JWT that names its pool and its end', async () => {
    const [, payload = ''] = (await caller.token()).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const seconds = Math.floor(now / 1_000);
    expect(claims).toMatchObject({ scoped_userpool_id: userPoolId, iat: seconds, exp: seconds + 7_200 });
  });

  it('takes the token raw or as a bearer token', async () => {
    const token = await caller.token();
    for (const authorization of [token, `Bearer ${token}`]) {
      const reply = await look({ authorization, 'x-authing-userpool-id': userPoolId });
      expect(reply.body).toMatchObject({ statusCode: 200, data: { userId: 'u1' } });
    }
  });

  it('answers 401 and 2020 to an absent, a foreign, a stale and a revoked token', async () => {
    const token = await caller.token();
    const notLoggedIn = { status: 200, body: { statusCode: 401, apiCode: 2020 } };
    const pool = { 'x-authing-userpool-id': userPoolId };
    expect(await look(pool)).toMatchObject(notLoggedIn);
    expect(await look({ ...pool, authorization: 'Bearer x.y.z' })).toMatchObject(notLoggedIn);
    now += 7_199_000;
    expect(await look({ ...pool, authorization: token })).toMatchObject({ body: { statusCode: 200 } });
    now += 1_000;
    expect(await look({ ...pool, authorization: token })).toMatchObject(notLoggedIn);
    const fresh = await caller.token();
    emulator.revokeTokens();
    expect(await look({ ...pool, authorization: fresh })).toMatchObject(notLoggedIn);
  });

  it('answers 2224 without the header of the pool, or with another pool', async () => {
    const authorization = await caller.token();
    for (const headers of [{ authorization }, { authorization, 'x-authing-userpool-id': 'another' }]) {
      expect((await look(headers)).body).toMatchObject({ apiCode: 2224 });
    }
  });

  it('answers 2333 to wrong credentials and 400 to malformed ones', async () => {
    const ask = (body: unknown) =>
      request(`${emulator.url}/api/v3/get-management-token`, { method: 'POST', body: JSON.stringify(body) });
    expect((await ask({ accessKeyId, accessKeySecret: 'wrong' })).body).toMatchObject({ apiCode: 2333 });
    expect((await ask({ accessKeyId })).body).toMatchObject({ statusCode: 400 });
  });

  it('records no secret', async () => {
    await caller.token();
    expect(JSON.stringify(emulator.calls())).not.toContain(accessKeySecret);
  });
});

describe('access by signature', () => {
  const body = { userId: 'u1', appIds: ['app-mail'], options: { userIdType: 'user_id' } };
  const signedFields = `appIds=["app-mail"]&options={"userIdType":"user_id"}&userId=u1`;
  let nonce = 0;

  async function call(changes: Record<string, string | undefined> = {}, secret: string = accessKeySecret) {
    nonce += 1;
    const all: Record<string, string | undefined> = {
      date: new Date(now).toUTCString(),
      'x-authing-signature-method': 'HMAC-SHA1',
      'x-authing-signature-nonce': String(nonce),
      'x-authing-signature-version': '1.0',
      ...changes,
    };
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(all)) if (value !== undefined) headers[name] = value;
    const lines = Object.keys(headers)
      .sort()
      .map((name) => `${name}:${headers[name]}\n`);
    const text = `POST\n${lines.join('')}/api/v3/kick-users?${signedFields}`;
    const signature = createHmac('sha1', secret).update(text).digest('base64');
    return request(`${emulator.url}/api/v3/kick-users`, {
      method: 'POST',
      headers: { ...headers, authorization: `authing ${accessKeyId}:${signature}` },
      body: JSON.stringify(body),
    });
  }

  it('lets in a request that is signed well', async () => {
    expect((await call()).body).toMatchObject({ statusCode: 200, data: { success: true } });
  });

  it('takes a date in Unix milliseconds, and one in a header of its own', async () => {
    expect((await call({ date: String(now) })).body).toMatchObject({ statusCode: 200 });
    expect((await call({ date: undefined, 'x-authing-date': String(now) })).body).toMatchObject({
      statusCode: 200,
    });
  });

  it.each([
    [1301, { 'x-authing-signature-method': 'HMAC-SHA256' }],
    [1302, { 'x-authing-signature-version': '2.0' }],
    [1303, { date: 'yesterday' }],
    [1304, { date: undefined }],
    [1305, { date: 'Wed, 21 Oct 2015 07:28:00 GMT' }],
  ])('answers %i to %j', async (apiCode, changes) => {
    expect(await call(changes)).toMatchObject({ status: 200, body: { apiCode } });
  });

  it('answers 1300 to another secret', async () => {
    expect((await call({}, 'another')).body).toMatchObject({ apiCode: 1300 });
  });

  it('answers 1306 to a nonce that was used, for as long as its date may be good', async () => {
    const once = { 'x-authing-signature-nonce': 'once' };
    now += 599_000;
    expect((await call(once)).body).toMatchObject({ statusCode: 200 });
    expect((await call(once)).body).toMatchObject({ apiCode: 1306 });
    now += 2_000;
    expect((await call(once)).body).toMatchObject({ apiCode: 1306 });
    now += 600_000;
    await call();
    now += 601_000;
    expect((await call(once)).body).toMatchObject({ statusCode: 200 });
  });
});

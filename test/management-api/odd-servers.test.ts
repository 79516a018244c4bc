import { afterEach, describe, expect, it } from '@jest/globals';
import type { ManagementApi } from '../../src/management-api/client.ts';
import { createManagementApi } from '../../src/management-api/client.ts';
import type { RawRequest, RawServer } from './raw-server.ts';
import { say, signedOptions, startRawServer } from './raw-server.ts';

const user = { userIdType: 'user_id', userId: 'a b/c?&d' } as const;
const done = { statusCode: 200, message: '', data: { success: true } };

let server: RawServer;
let api: ManagementApi;

async function serve(answer: (raw: RawRequest) => void, timeoutMs = 5_000): Promise<void> {
  server = await startRawServer(answer);
  api = createManagementApi({ ...signedOptions(server.url), timeoutMs });
}

afterEach(async () => {
  api.close();
  await server.close();
});

describe('the client, before a server that is not the emulator', () => {
  it('does not follow a redirect, and gives its credentials to nobody else', async () => {
    const other = await startRawServer(({ response }) => say(response, 200, done));
    await serve(({ response }) =>
      response.writeHead(307, { location: `${other.url}/api/v3/resign-user` }).end(),
    );
    expect(await api.resignUser(user)).toMatchObject({ kind: 'denied', summary: { statusCode: 307 } });
    expect(server.requests).toHaveLength(1);
    expect(other.requests).toHaveLength(0);
    await other.close();
  });

  it('gives up waiting for an answer that does not come', async () => {
    await serve(() => undefined, 50);
    expect(await api.resignUser(user)).toEqual({
      kind: 'unknown',
      sent: true,
      summary: { statusCode: null, apiCode: null, requestId: null, message: 'timeout' },
    });
  });

  it('gives up waiting for a body that does not end', async () => {
    await serve(({ response }) => response.writeHead(200).write('{"statusCode":200,'), 50);
    expect(await api.resignUser(user)).toMatchObject({ kind: 'unknown', summary: { message: 'timeout' } });
  });

  it('does not know what became of a call whose connection broke, before or in the answer', async () => {
    await serve(({ request }) => request.socket.destroy());
    expect(await api.resignUser(user)).toMatchObject({ kind: 'unknown', sent: true });
    api.close();
    await server.close();
    await serve(({ response }) => {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('{"statusCode":200,', () => response.destroy());
    });
    expect(await api.resignUser(user)).toMatchObject({ kind: 'unknown', sent: true });
  });

  it('stops reading an answer that is too large', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    let written = 0;
    await serve(({ response }) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed) {
          written += 1;
          if (!response.write(chunk)) break;
        }
      };
      response.on('drain', more);
      more();
    });
    expect(await api.resignUser(user)).toMatchObject({
      kind: 'unknown',
      sent: true,
      summary: { message: 'the answer is too large' },
    });
    expect(written).toBeLessThan(64);
  });

  it('keeps a path prefix of the host, trims its slashes, and leaves it out of the signature', async () => {
    await serve(({ response }) => say(response, 200, done));
    api.close();
    api = createManagementApi(signedOptions(`${server.url}/genauth//`));
    expect(await api.resignUser(user)).toMatchObject({ kind: 'done' });
    expect(server.requests[0]?.path).toBe('/genauth/api/v3/resign-user');
  });

  it('uses one connection for calls that follow one another', async () => {
    const ports = new Set<number | undefined>();
    await serve(({ request, response }) => {
      ports.add(request.socket.remotePort);
      say(response, 200, done);
    });
    for (let index = 0; index < 5; index += 1) await api.resignUser(user);
    expect(server.requests).toHaveLength(5);
    expect(ports.size).toBe(1);
  });

  it('encodes ids', async () => {
    await serve(({ response }) => say(response, 200, { statusCode: 404, message: 'gone' }));
    expect(await api.getUser(user)).toMatchObject({ kind: 'done', data: null });
    const { searchParams, pathname } = new URL(server.requests[0]?.path ?? '', 'http://x');
    expect(pathname).toBe('/api/v3/get-user');
    expect(Object.fromEntries(searchParams)).toEqual({ ...user, withIdentities: 'true' });
  });

  it('asks for English messages and JSON', async () => {
    await serve(({ response }) => say(response, 200, done));
    await api.resignUser(user);
    expect(server.requests[0]?.headers).toMatchObject({
      'x-authing-lang': 'en-US',
      accept: 'application/json',
      'content-type': 'application/json',
    });
  });

  it('tries once more, with another nonce, when its nonce was used before', async () => {
    await serve(({ response }) => say(response, 200, { statusCode: 401, message: '', apiCode: 1306 }));
    expect(await api.resignUser(user)).toMatchObject({ kind: 'denied', summary: { apiCode: 1306 } });
    const nonces = server.requests.map(({ headers }) => headers['x-authing-signature-nonce']);
    expect(nonces).toHaveLength(2);
    expect(new Set(nonces).size).toBe(2);
  });

  it.each([
    ['of the configuration', 'configured', jwt({ scoped_userpool_id: 'claimed' }), 'configured'],
    ['of the token', null, jwt({ scoped_userpool_id: 'claimed' }), 'claimed'],
    ['that the key is named after', null, jwt({}), 'emulator-key'],
    ['that the key is named after, beside an opaque token', null, 'opaque', 'emulator-key'],
  ])('names the user pool %s', async (_title, userPoolId, token, expected) => {
    await serve(({ response, path }) => {
      const isToken = path.endsWith('/get-management-token');
      say(response, 200, isToken ? { ...done, data: { access_token: token, expires_in: 7_200 } } : done);
    });
    api.close();
    api = createManagementApi({ ...signedOptions(server.url), auth: 'token', userPoolId });
    expect(await api.resignUser(user)).toMatchObject({ kind: 'done' });
    expect(server.requests[1]?.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'x-authing-userpool-id': expected,
    });
  });

  it('reads users with odd fields, and none without an id or a status', async () => {
    const odd = {
      userId: 'u1',
      status: 'Activated',
      email: '',
      phone: 5,
      identities: [null, { extIdpId: 'e' }],
    };
    const answers: unknown[] = [[odd, null], [{ userId: 'u1' }], null];
    await serve(({ response }) =>
      say(response, 200, { statusCode: 200, message: '', data: answers.shift() }),
    );
    const look = () => api.getUsers({ userIdType: 'user_id', userIds: ['u1'] });
    const empty = { name: null, externalId: null, phoneCountryCode: null, username: null };
    expect(await look()).toMatchObject({
      kind: 'done',
      data: [{ userId: 'u1', status: 'Activated', email: null, phone: null, identities: [], ...empty }],
    });
    expect(await look()).toMatchObject({ kind: 'unknown' });
    expect(await look()).toMatchObject({ kind: 'unknown' });
  });

  it('ends a call in flight as unknown when it is closed', async () => {
    let arrived = (): void => undefined;
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    await serve(() => arrived());
    const answer = api.resignUser(user);
    await arrival;
    api.close();
    expect(await answer).toMatchObject({ kind: 'unknown', sent: true });
  });
});

function jwt(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
}

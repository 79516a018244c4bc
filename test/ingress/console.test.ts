import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { as, inHouse, tokens } from './house.ts';

const header = { 'x-offboard-console': '1' };
const token = tokens.find(({ name }) => name === 'olaf')?.token;

async function signIn(url: string): Promise<string> {
  const answer = await request(url).post('/console/session').set(header).send({ token });
  expect([answer.status, answer.body]).toEqual([200, { name: 'olaf', role: 'operator' }]);
  return String(answer.headers['set-cookie']);
}

describe('/console', () => {
  it(
    'is one page with its own files, and lets in nothing from elsewhere',
    inHouse(async ({ url }) => {
      const moved = await request(url).get('/console');
      expect([moved.status, moved.headers.location]).toEqual([308, 'console/']);
      const page = await request(url).get('/console/');
      expect([page.status, page.type]).toEqual([200, 'text/html']);
      const policy = String(page.headers['content-security-policy']);
      expect(policy).toMatch(/^default-src 'none'; script-src 'self' 'sha256-[A-Za-z0-9+/=]{44}';/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|http|\*/);
      const files = [...page.text.matchAll(/(?:href|src)="([^"]+)"|"\.\/([^"]+)"/g)].map(
        ([, linked, mapped]) => linked ?? mapped,
      );
      expect(files).toEqual(['icon.svg', 'console.css', 'preact.js', 'hooks.js', 'htm.js', 'app.js']);
      for (const file of files) expect((await request(url).get(`/console/${file}`)).status).toBe(200);
      for (const path of ['none.js', '..%2fpackage.json', '%2e%2e/package.json', 'index.html'])
        expect((await request(url).get(`/console/${path}`)).status).toBe(404);
    }),
  );

  it(
    'keeps the token where no script and no other site can use it',
    inHouse(async ({ url }) => {
      const cookie = await signIn(url);
      expect(cookie).toMatch(
        /^offboard_token=\S+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
      );
      const own = { ...header, cookie: cookie.split(';')[0] };
      expect((await request(url).get('/v1/status').set(own)).status).toBe(200);
      expect((await request(url).post('/v1/pause').set(own).send({ scope: 'all' })).status).toBe(200);
      expect((await request(url).get('/console/session').set(own)).body.name).toBe('olaf');
      const foreign = { cookie: own.cookie };
      expect((await request(url).get('/v1/status').set(foreign)).status).toBe(401);
      expect((await request(url).post('/v1/resume').set(foreign).send({ scope: 'all' })).status).toBe(401);
      expect((await request(url).get('/console/session').set(foreign)).status).toBe(403);
      const ended = await request(url).delete('/console/session').set(own);
      expect([ended.status, String(ended.headers['set-cookie'])]).toEqual([
        204,
        expect.stringContaining('offboard_token=; Path=/; Max-Age=0;'),
      ]);
    }),
  );

  it.each([
    ['https://console.example', true],
    ['null', true],
    ['http://127.0.0.1:8080', false],
    ['http://bridge.internal', false],
  ])('gives a browser whose page is of the origin %s a cookie that is Secure: %j', (origin, isSecure) =>
    inHouse(async ({ url }) => {
      const sent = request(url)
        .post('/console/session')
        .set({ ...header, origin });
      const begun = await sent.send({ token });
      const ended = await request(url)
        .delete('/console/session')
        .set({ ...header, origin });
      for (const { headers } of [begun, ended])
        expect(String(headers['set-cookie']).endsWith('; Secure')).toBe(isSecure);
    })(),
  );

  it('ends the sessions of a token that is not in the configuration any more', async () => {
    let cookie = '';
    await inHouse(async ({ url }) => {
      cookie = await signIn(url);
    })();
    const others = tokens.map((one) => (one.name === 'olaf' ? { ...one, token: 'n'.repeat(32) } : one));
    await inHouse(
      async ({ url }) => {
        const own = { ...header, cookie: cookie.split(';')[0] };
        for (const path of ['/v1/status', '/console/session'])
          expect((await request(url).get(path).set(own)).status).toBe(401);
        expect((await request(url).post('/v1/pause').set(own).send({ scope: 'all' })).status).toBe(401);
      },
      { tokens: others },
    )();
  });

  it(
    'prefers the header of a request to its cookie',
    inHouse(async ({ url }) => {
      const cookie = String((await signIn(url)).split(';')[0]);
      const sent = request(url)
        .post('/v1/pause')
        .set({ ...header, cookie, ...as('vera') });
      expect((await sent.send({ scope: 'all' })).status).toBe(403);
    }),
  );

  it.each(['{"token":"wrong"}', '{"token":1}', '{}', 'x', '', '{"token":"a b"}'])(
    'signs nobody in for %j',
    (body) =>
      inHouse(async ({ url }) => {
        const answer = await request(url)
          .post('/console/session')
          .set({ ...header, 'content-type': 'application/json' })
          .send(body);
        expect([answer.status, answer.headers['set-cookie']]).toEqual([401, undefined]);
      })(),
  );

  it(
    'is not there without tokens',
    inHouse(
      async ({ url }) => {
        for (const path of ['/console', '/console/', '/console/app.js', '/console/session'])
          expect((await request(url).get(path).set(header)).status).toBe(404);
      },
      { tokens: [] },
    ),
  );
});

import { describe, expect, it } from '@jest/globals';
import { Router } from 'express';
import request from 'supertest';
import type { Log } from '../../src/core/log.ts';
import { createBodyReader } from '../../src/ingress/body.ts';
import { createHttpApp } from '../../src/ingress/http.ts';
import { send } from '../../src/ingress/problem.ts';
import { withRequestIds } from '../../src/ingress/request-id.ts';
import { inHouse } from './house.ts';

/** An application that logs a line while it answers, once the body is there and the turn has passed. */
function world() {
  const lines: object[] = [];
  const write: Log['info'] = (facts, message) => void lines.push({ ...facts, message });
  const log = withRequestIds({ info: write, warn: write, error: write });
  const route = Router();
  const readBody = createBodyReader({ maxBodyBytes: 1_000 });
  route.post('/', async (request, response) => {
    await readBody(request);
    await new Promise((resolve) => setImmediate(resolve));
    log.info({ source: 'hr' }, 'taken');
    send(response, { status: 200, contentType: 'text/plain', body: '' });
  });
  route.get('/broken', () => {
    throw new Error('broken');
  });
  return { app: createHttpApp({ routes: [route], trustProxy: false, log }), log, lines };
}

describe('the id of a request', () => {
  it('is the one that the caller gives, on every line and in the answer', async () => {
    const { app, log, lines } = world();
    const ids = ['from-the-caller.1', 'from-the-caller.2'];
    const answers = await Promise.all(
      ids.map((id) => request(app).post('/').set('x-request-id', id).send('body')),
    );
    expect(answers.map(({ headers }) => headers['x-request-id'])).toEqual(ids);
    log.info({}, 'outside of a request');
    expect(lines).toEqual([
      ...ids.map((requestId) => ({ requestId, source: 'hr', message: 'taken' })),
      { message: 'outside of a request' },
    ]);
  });

  it.each(['short', 'with space in it', 'ada@example.com', '{"json":"injected"}', 'x'.repeat(65)])(
    'is made when the caller gives %j',
    async (given) => {
      const { app } = world();
      const { headers } = await request(app).post('/').set('x-request-id', given);
      expect(headers['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    },
  );

  it('is there when a request fails, or leads nowhere', async () => {
    const { app, lines } = world();
    for (const [path, status] of [
      ['/broken', 500],
      ['/nowhere', 404],
    ] as const) {
      const answer = await request(app).get(path).set('x-request-id', 'of-a-failure');
      expect([answer.status, answer.headers['x-request-id']]).toEqual([status, 'of-a-failure']);
    }
    expect(lines).toMatchObject([{ requestId: 'of-a-failure', message: 'a request failed' }]);
  });

  it(
    'is in the answer of the live stream too',
    inHouse(async ({ url }) => {
      const headers = { authorization: `Bearer ${'v'.repeat(32)}`, accept: 'text/event-stream' };
      const gone = new AbortController();
      const response = await fetch(`${url}/v1/outcomes`, {
        headers: { ...headers, 'x-request-id': 'of-a-stream' },
        signal: gone.signal,
      });
      expect([response.status, response.headers.get('x-request-id')]).toEqual([200, 'of-a-stream']);
      gone.abort();
    }),
  );
});

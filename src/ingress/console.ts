import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { type AccessOptions, createAccess, type Principal } from './api/access.ts';
import type { ReadBody } from './body.ts';
import { readAssets } from './console/assets.ts';
import { consoleHeader, sessionCookie } from './console/session.ts';
import { HttpProblem, send } from './problem.ts';

const maxSignInBytes = 4_096;
const signIn = z.strictObject({ token: z.string().min(1).max(512) });

export interface ConsoleOptions extends AccessOptions {
  readonly readBody: ReadBody;
}

/** `/console`: static files, and a session. Everything it shows, it asks of the operator API under that session. */
export function consoleRoutes({ readBody, ...whose }: ConsoleOptions): Router {
  const router = Router({ strict: true });
  if (whose.tokens.length === 0) return router;
  const access = createAccess(whose);
  const { files, policy } = readAssets();
  const headers = {
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  };

  router.get('/console', (_request, response) => {
    send(response, {
      status: 308,
      contentType: 'text/plain',
      body: '',
      headers: { location: 'console/' },
    });
  });
  router
    .route('/console/session')
    .all((request, _response, next) => {
      if (request.get(consoleHeader) === undefined) throw new HttpProblem(403);
      next();
    })
    .get((request, response) => sendWho(response, access.identify(request)))
    .post(async (request, response) => {
      const token = readToken(await readBody(request, maxSignInBytes));
      const principal = access.identify(request, `Bearer ${token}`);
      response.setHeader('set-cookie', sessionCookie(token, request));
      sendWho(response, principal);
    })
    .delete((request, response) => {
      response.setHeader('set-cookie', sessionCookie(null, request));
      send(response, { status: 204, contentType: 'text/plain', body: '' });
    });
  router.get('/console/{:file}', (request: Request<{ file?: string }>, response) => {
    const asset = files.get(request.params.file ?? '');
    if (!asset) throw new HttpProblem(404);
    send(response, { status: 200, ...asset, headers });
  });
  return router;
}

/** @throws HttpProblem 401 for a body without a token, as for one with a wrong one */
function readToken(body: Buffer): string {
  try {
    return signIn.parse(JSON.parse(String(body))).token;
  } catch {
    throw new HttpProblem(401);
  }
}

function sendWho(response: Response, { name, role }: Principal): void {
  send(response, { status: 200, contentType: 'application/json', body: JSON.stringify({ name, role }) });
}

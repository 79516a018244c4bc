import { type Request, type Response, Router } from 'express';
import { createAllowances } from './allowance.ts';
import { type AccessOptions, createAccess, hasRole, type Principal } from './api/access.ts';
import { type DeadLetterRoutesOptions, deadLetterRoutes } from './api/dead-letters.ts';
import { type HeldRoutesOptions, heldRoutes } from './api/held.ts';
import { type IntentRoutesOptions, intentRoutes } from './api/intents.ts';
import { openApiDocument } from './api/openapi.ts';
import { type OperationRoutesOptions, operationRoutes } from './api/operation.ts';
import { type OutcomeRoutesOptions, outcomeRoutes } from './api/outcomes.ts';
import { type PeopleRoutesOptions, peopleRoutes } from './api/people.ts';
import { type Answer, type Route, readCall } from './api/route.ts';
import type { ReadBody } from './body.ts';
import { HttpProblem, send } from './problem.ts';
import { createRefusals } from './refusals.ts';

export interface ApiOptions
  extends AccessOptions,
    IntentRoutesOptions,
    OutcomeRoutesOptions,
    DeadLetterRoutesOptions,
    PeopleRoutesOptions,
    HeldRoutesOptions,
    OperationRoutesOptions {
  readonly store: IntentRoutesOptions['store'] &
    OutcomeRoutesOptions['store'] &
    DeadLetterRoutesOptions['store'] &
    PeopleRoutesOptions['store'] &
    HeldRoutesOptions['store'] &
    OperationRoutesOptions['store'];
  readonly receiver: IntentRoutesOptions['receiver'] & DeadLetterRoutesOptions['receiver'];
  /** None = the operator API is off, and not there to be found. */
  readonly tokens: AccessOptions['tokens'];
  readonly readBody: ReadBody;
  /** How many requests one token may make in a while; a stream counts once. 1,000 in 5 s unless told. */
  readonly pace?: { readonly requests: number; readonly perMs: number };
}

/**
 * The operator API under `/v1`: every route asks for a bearer token, then for a role, then reads the request by its
 * schemas. `/openapi.json` describes it, to anybody.
 */
export function apiRoutes(options: ApiOptions): Router {
  const router = Router();
  if (options.tokens.length === 0) return router;
  const enter = createEntrance(options);
  const recordRefusal = createRefusals(options);
  const routes: readonly Route[] = [
    ...intentRoutes(options),
    ...outcomeRoutes(options),
    ...heldRoutes(options),
    ...deadLetterRoutes(options),
    ...peopleRoutes(options),
    ...operationRoutes(options),
  ];

  async function run(route: Route, request: Request, response: Response): Promise<void> {
    const principal = enter(request);
    try {
      if (!hasRole(principal, route.role))
        throw new HttpProblem(403, { detail: `this needs the role ${route.role}` });
      request.body = await options.readBody(request);
      const answer = await route.answer(readCall(route, { request, response, principal }));
      if (answer) sendJson(response, answer);
    } catch (error) {
      if (error instanceof HttpProblem && error.status === 403) {
        const reason = `${route.method.toUpperCase()} /v1${route.path}: ${error.message}`;
        await recordRefusal({ source: 'api', actor: principal.actor, reason });
      }
      throw error;
    }
  }

  for (const route of routes) {
    router[route.method](`/v1${route.path}`, (request, response) => run(route, request, response));
  }
  for (const [path, methods] of methodsByPath(routes)) {
    router.all(`/v1${path}`, (request) => {
      enter(request);
      throw new HttpProblem(405, { headers: { allow: methods.join(', ') } });
    });
  }
  router.use('/v1', (request) => {
    enter(request);
    throw new HttpProblem(404, { detail: 'the operator API has no such route' });
  });
  const document = openApiDocument(routes);
  router.get('/openapi.json', (_request, response) => sendJson(response, { status: 200, body: document }));
  return router;
}

/** Says who is there. @throws HttpProblem 401, or 429 to those who come too often */
function createEntrance({
  now,
  pace = { requests: 1_000, perMs: 5_000 },
  ...whose
}: Pick<ApiOptions, 'tokens' | 'onWrongToken' | 'now' | 'pace'>): (request: Request) => Principal {
  const { identify } = createAccess(whose);
  const allowanceOf = createAllowances(pace.requests, pace.perMs);
  return (request) => {
    const principal = identify(request);
    const allowance = allowanceOf(principal.name);
    const at = now();
    if (allowance.take(at)) return principal;
    throw new HttpProblem(429, {
      detail: `more than ${pace.requests} requests in ${pace.perMs / 1_000} s`,
      headers: { 'retry-after': String(Math.ceil(allowance.waitMs(at) / 1_000)) },
    });
  };
}

function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  for (const { path, method } of routes)
    paths.set(path, [...(paths.get(path) ?? []), method.toUpperCase()].sort());
  return paths;
}

function sendJson(response: Response, { status, body, headers = {} }: Answer): void {
  send(response, { status, contentType: 'application/json', body: JSON.stringify(body), headers });
}

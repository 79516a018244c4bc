import type { Request } from 'express';
import { isSameText } from '../../core/authenticity.ts';
import type { Log } from '../../core/log.ts';
import { createAllowance } from '../allowance.ts';
import { authorizationOf } from '../console/session.ts';
import { HttpProblem } from '../problem.ts';

/** Each may do what those before it may. */
const roles = ['viewer', 'operator', 'approver'] as const;
export type Role = (typeof roles)[number];

/** A bearer token of one person. */
export interface ApiToken {
  readonly name: string;
  readonly role: Role;
  readonly token: string;
  /** The same person in Slack. */
  readonly slackUser?: string | null;
}

/** Whoever is behind a request. */
export interface Principal {
  readonly name: string;
  readonly role: Role;
  /** As outcomes and decisions name them: `api:<name>`. */
  readonly actor: string;
}

export interface Access {
  /** @param authorization that of the request, or of its session, unless told. @throws HttpProblem 401 */
  identify(request: Request, authorization?: string): Principal;
}

export interface AccessOptions {
  readonly tokens: readonly ApiToken[];
  /** Told of a request with a token that is nobody's. */
  readonly onWrongToken?: (request: Request) => void;
}

/** Lines a minute about wrong tokens; all of them are counted. */
const maxWrongTokenLines = 60;

/** What is done about a token that is nobody's, which may be a guess: it is counted, and the log says where from. */
export function createWrongTokenNote({
  count,
  now,
  log,
}: {
  readonly count: () => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}): (request: Request) => void {
  const lines = createAllowance(maxWrongTokenLines, 60_000);
  return ({ ip }) => {
    count();
    if (lines.take(now())) log.warn({ sender: ip }, 'a token of the operator API is wrong');
  };
}

/** Tells whether two actors are one person, who may come by the operator API as well as by Slack. */
export function compareActors(
  tokens: readonly Pick<ApiToken, 'name' | 'slackUser'>[],
): (one: string | null, other: string) => boolean {
  const inSlack = new Map(
    tokens.flatMap(({ name, slackUser }) => (slackUser ? [[`api:${name}`, `slack:${slackUser}`]] : [])),
  );
  const personOf = (actor: string): string => inSlack.get(actor) ?? actor;
  return (one, other) => one !== null && personOf(one) === personOf(other);
}

export function hasRole(principal: Principal, role: Role): boolean {
  return roles.indexOf(principal.role) >= roles.indexOf(role);
}

/** All tokens are compared, so that time tells nothing of any. */
export function createAccess({ tokens, onWrongToken }: AccessOptions): Access {
  return {
    identify(request, authorization = authorizationOf(request)) {
      const [, given] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
      if (given === undefined) throw unauthorized('Bearer');
      let found: Principal | null = null;
      for (const { name, role, token } of tokens)
        if (isSameText(token, given)) found = { name, role, actor: `api:${name}` };
      if (found) return found;
      onWrongToken?.(request);
      throw unauthorized('Bearer error="invalid_token"');
    },
  };
}

function unauthorized(challenge: string): HttpProblem {
  const detail = 'a bearer token of server.tokens is needed';
  return new HttpProblem(401, { detail, headers: { 'www-authenticate': challenge } });
}

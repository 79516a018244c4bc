import { createHash, timingSafeEqual } from 'node:crypto';
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
  /** @param authorization the header. @throws HttpProblem 401 */
  identify(authorization: string | undefined): Principal;
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

/** Tokens are compared by their digests in constant time, and all of them, so that time tells nothing of any. */
export function createAccess(tokens: readonly ApiToken[]): Access {
  const known = tokens.map(({ name, role, token }) => ({
    principal: { name, role, actor: `api:${name}` },
    digest: digest(token),
  }));
  return {
    identify(authorization) {
      const [, given] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
      if (given === undefined) throw unauthorized('Bearer');
      const presented = digest(given);
      let found: Principal | null = null;
      for (const one of known) if (timingSafeEqual(one.digest, presented)) found = one.principal;
      if (!found) throw unauthorized('Bearer error="invalid_token"');
      return found;
    },
  };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function unauthorized(challenge: string): HttpProblem {
  const detail = 'a bearer token of server.tokens is needed';
  return new HttpProblem(401, { detail, headers: { 'www-authenticate': challenge } });
}

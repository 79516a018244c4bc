import { isSameText } from '../../core/authenticity.ts';
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

/** All tokens are compared, so that time tells nothing of any. */
export function createAccess(tokens: readonly ApiToken[]): Access {
  return {
    identify(authorization) {
      const [, given] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
      if (given === undefined) throw unauthorized('Bearer');
      let found: Principal | null = null;
      for (const { name, role, token } of tokens)
        if (isSameText(token, given)) found = { name, role, actor: `api:${name}` };
      if (!found) throw unauthorized('Bearer error="invalid_token"');
      return found;
    },
  };
}

function unauthorized(challenge: string): HttpProblem {
  const detail = 'a bearer token of server.tokens is needed';
  return new HttpProblem(401, { detail, headers: { 'www-authenticate': challenge } });
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { listFaults } from '../core/faults.ts';
import { readJson } from './api.ts';
import type { EmulatedCall } from './calls.ts';
import type { Application } from './endpoints.ts';
import type { FaultsInput } from './faults.ts';
import { faultsSchema } from './faults.ts';
import { readBody } from './server.ts';
import type { EmulatedUser, NewUser } from './users.ts';
import { userSchema } from './users.ts';

/** Everything under this path steers the emulator, and needs no key. */
export const steeringPath = '/__emulator/';

const callsQuery = z.strictObject({
  after: z.coerce.number().int().nonnegative().default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
});
const usersBody = z.strictObject({ users: z.array(userSchema).min(1).max(100_000) });

const maxBodyBytes = 64 * 1024 * 1024;

/** The part of an emulator that can be steered over HTTP. */
export interface Steered {
  readonly applications: readonly Application[];
  calls(): readonly EmulatedCall[];
  users(): readonly EmulatedUser[];
  addUsers(users: readonly NewUser[]): void;
  setFaults(faults: FaultsInput): void;
}

/**
 * - `GET calls?after=<seq>&limit=`: what was called, in order
 * - `GET users`, `POST users` with `{ users: [...] }`: who there is; adding, or replacing by `userId`
 * - `POST faults` with `{ calls, batchUnknown, lookUnknown, poisonedUserIds }`: all of it anew, `{}` for none
 */
export async function steer(
  { request, response, url }: { request: IncomingMessage; response: ServerResponse; url: URL },
  emulator: Steered,
): Promise<void> {
  const what = `${request.method} ${url.pathname.slice(steeringPath.length)}`;
  const body = await readBody(request, maxBodyBytes);
  switch (what) {
    case 'GET calls':
      return answer(callsQuery, Object.fromEntries(url.searchParams), ({ after, limit }) => {
        const calls = emulator.calls().filter(({ seq }) => seq > after);
        return { calls: calls.slice(0, limit) };
      });
    case 'GET users':
      return write(response, 200, { users: emulator.users() });
    case 'POST users':
      return answer(withKnownApplications(emulator.applications), body && readJson(body), ({ users }) => {
        emulator.addUsers(users);
        return { users: emulator.users().length };
      });
    case 'POST faults':
      return answer(faultsSchema, body && readJson(body), (faults) => {
        emulator.setFaults(faults);
        return faults;
      });
    default:
      return write(response, 404, { error: 'there is GET calls, GET users, POST users and POST faults' });
  }

  function answer<T>(schema: z.ZodType<T>, value: unknown, act: (input: T) => unknown): void {
    const read = schema.safeParse(value);
    if (read.success) write(response, 200, act(read.data));
    else write(response, 400, { error: 'the request cannot be read', faults: listFaults(read.error) });
  }
}

function withKnownApplications(applications: Steered['applications']): typeof usersBody {
  const known = new Set(applications.map(({ appId }) => appId));
  return usersBody.superRefine(({ users }, context) => {
    for (const [index, { sessions }] of users.entries()) {
      for (const [place, appId] of sessions.entries()) {
        if (known.has(appId)) continue;
        const path = ['users', index, 'sessions', place];
        context.addIssue({ code: 'custom', path, message: 'there is no such application' });
      }
    }
  });
}

function write(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

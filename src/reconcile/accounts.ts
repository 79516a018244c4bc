import { setTimeout as delay } from 'node:timers/promises';
import type { DirectoryAccess } from '../core/handler.ts';
import { type FoundUser, isInactive } from '../core/identifier.ts';
import type { Answer } from '../management-api/answer.ts';
import type { ManagementApi } from '../management-api/client.ts';

type Api = Pick<ManagementApi, 'listUsers' | 'getSyncRelations'>;

const maxTries = 5;
const defaultPauseMs = 1_000;
const maxPauseMs = 60_000;

/**
 * The ids, in the directory, of everybody who is still active in GenAuth under its relation.
 * @throws when any answer is not whole
 */
export async function listActivePeople(
  api: Api,
  access: DirectoryAccess,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const people = new Set<string>();
  let seen = 0;
  for (let page = 1; ; page += 1) {
    const { list, totalCount } = await insist(() => api.listUsers(page), signal);
    for (const user of list) {
      if (isInactive(user)) continue;
      for (const id of await idsOf(user, { api, access, signal })) people.add(id);
    }
    seen += list.length;
    if (seen >= totalCount) return people;
    if (list.length === 0) throw new Error("GenAuth's list of users is not whole");
  }
}

async function idsOf(
  { userId, identities }: FoundUser,
  { api, access, signal }: { api: Api; access: DirectoryAccess; signal: AbortSignal },
): Promise<readonly string[]> {
  const { userIdType, name } = access;
  if (userIdType === 'identity') {
    return (identities ?? []).filter((one) => one.extIdpId === name).map((one) => one.userIdInIdp);
  }
  const relations = await insist(() => api.getSyncRelations(userId), signal);
  return relations.filter((one) => one.provider === name).map((one) => one.userIdInIdp);
}

/** Waits where the API asks for it; whatever else is not an answer ends the comparison. */
export async function insist<T>(call: () => Promise<Answer<T>>, signal: AbortSignal): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    const answer = await call();
    if (answer.kind === 'done') return answer.data;
    if (answer.kind !== 'busy' || tries >= maxTries)
      throw new Error(`GenAuth did not answer: ${answer.kind}`);
    await delay(Math.min(answer.retryAfterMs ?? defaultPauseMs, maxPauseMs), undefined, { signal });
  }
}

import { type FoundUser, type Identifier, identifierKey, matches } from '../core/identifier.ts';
import type { ManagementApi } from '../management-api/client.ts';

/** The people whose intents are always held, by every name they have. */
export interface Protection {
  /** False until every protected person was looked up once; after that, a look that fails leaves the last answer standing. */
  readonly isReady: boolean;
  readonly isEmpty: boolean;
  covers(user: FoundUser): boolean;
  /** Looks every entry up. @returns how many answers were missing */
  refresh(): Promise<number>;
}

export function createProtection(
  api: Pick<ManagementApi, 'getUser'>,
  entries: readonly Identifier[],
): Protection {
  /** By entry; who was found once stays protected, also when the entry names nobody any more. */
  const found = new Map<string, string | null>();

  async function refresh(): Promise<number> {
    let missing = 0;
    for (const entry of entries) {
      const answer = await api.getUser(entry);
      const key = identifierKey(entry);
      if (answer.kind === 'done') found.set(key, answer.data?.userId ?? found.get(key) ?? null);
      else missing += 1;
    }
    return missing;
  }

  return {
    get isReady() {
      return found.size === new Set(entries.map(identifierKey)).size;
    },
    isEmpty: entries.length === 0,
    covers: (user) =>
      [...found.values()].includes(user.userId) || entries.some((entry) => matches(user, entry) === true),
    refresh,
  };
}

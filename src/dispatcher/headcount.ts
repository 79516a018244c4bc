import { isInactive } from '../core/identifier.ts';
import type { ManagementApi } from '../management-api/client.ts';
import type { Store } from '../store/contract.ts';
import type { Throttle } from './throttle.ts';

/** How many users of the pool are active, for limits that are a share of them. */
export interface Headcount {
  /** `null` while it is not known. */
  readonly current: () => number | null;
  /** Whether it is wanted, and not known. */
  isMissing(): boolean;
  /** Counts anew when it is time. */
  tick(): Promise<number>;
}

export interface HeadcountOptions {
  readonly api: Pick<ManagementApi, 'listUsers'>;
  readonly store: Pick<Store, 'keepNote' | 'findNote'>;
  readonly throttle: Pick<Throttle, 'turn'>;
  /** Nobody is counted unless a limit needs it. */
  readonly isWanted: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const noteKey = 'safeguard:active-users';
/** A count is made anew after this, and good for that long, in milliseconds. */
const freshMs = 6 * 3_600_000;
const goodForMs = 7 * 86_400_000;
/** 50,000 users, which take so many calls each time. */
const maxPages = 1_000;

interface Count {
  readonly users: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/**
 * Counts by reading every page of users, because no filter by status is documented. The count is kept, so that a
 * restart does not begin without one. A list that is not whole counts for nothing: the last count stands until it is
 * too old.
 */
export function createHeadcount(options: HeadcountOptions): Headcount {
  const { store, isWanted, now } = options;
  let count: Count | null = null;
  let isRead = false;

  function current(): number | null {
    return count !== null && now() - count.at < goodForMs ? count.users : null;
  }

  async function recall(): Promise<void> {
    if (isRead) return;
    const text = await store.findNote(noteKey, now());
    const [users, at] = (text ?? '').split(' ').map(Number);
    if (users && at) count = { users, at };
    isRead = true;
  }

  return {
    current,
    isMissing: () => isWanted && current() === null,
    async tick() {
      if (!isWanted) return 0;
      await recall();
      if (count !== null && now() - count.at < freshMs) return 0;
      const users = await countActive(options);
      if (users === null) return 0;
      const at = now();
      count = { users, at };
      await store.keepNote({ key: noteKey, text: `${users} ${at}`, expiresAt: at + goodForMs }, at);
      return 0;
    },
  };
}

/** @returns `null` when GenAuth did not show all of them */
async function countActive({ api, throttle }: HeadcountOptions): Promise<number | null> {
  const active = new Set<string>();
  let seen = 0;
  for (let page = 1; page <= maxPages; page += 1) {
    await throttle.turn();
    const answer = await api.listUsers(page);
    if (answer.kind !== 'done') return null;
    const { list, totalCount } = answer.data;
    for (const user of list) if (!isInactive(user)) active.add(user.userId);
    seen += list.length;
    if (seen >= totalCount) return active.size;
    if (list.length === 0) return null;
  }
  return null;
}

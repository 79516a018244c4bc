import { isDueAtOnce } from './acceptance.ts';
import type { Store } from './contract.ts';
import { migrationsBehind as behindOnPostgres } from './postgres/migrations.ts';
import { type Nudge, openPostgresStore } from './postgres.ts';
import { migrationsBehind as behindOnSqlite } from './sqlite/connection.ts';
import { openSqliteStore } from './sqlite.ts';

export type { Nudge } from './postgres.ts';

export interface OpenOptions {
  /** `sqlite:<path>` or `postgres://…`. */
  readonly url: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told what there is to do beside what this process did and has on disk; correctness never depends on it. */
  readonly onNudge: (nudge: Nudge) => void;
}

/** Opens the store that a URL names, and brings it up to date. @throws StoreUnavailable when it cannot be had */
export async function openStore({ url, now, onNudge }: OpenOptions): Promise<Store> {
  if (isPostgres(url)) return openPostgresStore({ url, now, onNudge });
  return withNudges(openSqliteStore({ path: pathOf(url) }), onNudge);
}

/**
 * How many migrations the next start would take a store through, or `null` when it would make the store. Changes nothing.
 * @throws StoreUnavailable, or what the file system says, when it could not even do that
 */
export async function migrationsBehind(url: string): Promise<number | null> {
  return isPostgres(url) ? behindOnPostgres(url) : behindOnSqlite(pathOf(url));
}

function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/.test(url);
}

function pathOf(url: string): string {
  return url.slice('sqlite:'.length);
}

/** Nudges before something to do is committed: what is claimed and sequenced at once shares that commit. */
function withNudges(store: Store, onNudge: OpenOptions['onNudge']): Store {
  return {
    ...store,
    accept(acceptance) {
      const accepted = store.accept(acceptance);
      if (isDueAtOnce(acceptance)) onNudge('work');
      return accepted;
    },
    settle(token, settlements, now) {
      const settled = store.settle(token, settlements, now);
      onNudge('work');
      return settled;
    },
  };
}

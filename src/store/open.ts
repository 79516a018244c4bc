import { isDueAtOnce } from './acceptance.ts';
import type { Store } from './contract.ts';
import { type Nudge, openPostgresStore } from './postgres.ts';
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

/** Opens the store that a URL names. @throws StoreUnavailable when it cannot be had */
export async function openStore({ url, now, onNudge }: OpenOptions): Promise<Store> {
  if (/^postgres(ql)?:/.test(url)) return openPostgresStore({ url, now, onNudge });
  return withNudges(openSqliteStore({ path: url.slice('sqlite:'.length) }), onNudge);
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

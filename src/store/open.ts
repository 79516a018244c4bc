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
  return openSqliteStore({ path: url.slice('sqlite:'.length), onWork: () => onNudge('work') });
}

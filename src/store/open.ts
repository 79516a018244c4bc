import type { Store } from './contract.ts';
import { openPostgresStore } from './postgres.ts';
import { openSqliteStore } from './sqlite.ts';

export interface OpenOptions {
  /** `sqlite:<path>` or `postgres://…`. */
  readonly url: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told that another process left something to do: intents and outcomes, or outcomes that have their place. */
  readonly onNudge: (nudge: 'work' | 'outcomes') => void;
}

/** Opens the store that a URL names. @throws StoreUnavailable when it cannot be had */
export async function openStore({ url, now, onNudge }: OpenOptions): Promise<Store> {
  if (/^postgres(ql)?:/.test(url)) return openPostgresStore({ url, now, onNudge });
  return openSqliteStore({ path: url.slice('sqlite:'.length) });
}

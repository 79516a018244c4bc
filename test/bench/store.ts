import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from '../support/postgres/database.ts';
import { startPostgres } from '../support/postgres/server.ts';

export const storeKinds = ['sqlite', 'postgres'] as const;
export type StoreKind = (typeof storeKinds)[number];

/** An empty store, and a folder beside it for whoever uses it. */
export interface BenchStore {
  readonly url: string;
  readonly folder: string;
}

/** Runs in a folder of its own, which is gone afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-bench-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs on a new store, which is gone afterwards. */
export function onStore<T>(kind: StoreKind, work: (store: BenchStore) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    if (kind === 'sqlite') return work({ url: `sqlite:${join(folder, 'bridge.db')}`, folder });
    const database = await createDatabase();
    try {
      return await work({ url: database.url, folder });
    } finally {
      await database.drop();
    }
  });
}

/** Starts a PostgreSQL unless `TEST_DATABASE_URL` names one. @returns what stops it */
export async function preparePostgres(): Promise<() => Promise<void>> {
  if (process.env.TEST_DATABASE_URL) return async () => undefined;
  const server = await startPostgres();
  process.env.TEST_DATABASE_URL = server.url;
  return server.stop;
}

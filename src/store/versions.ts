import { StoreNewer } from './contract.ts';

/**
 * The schema of a store is the number of migrations that were run on it.
 * @throws StoreNewer when a newer release wrote it
 */
export function refuseNewer(version: number, known: number): void {
  if (version <= known) return;
  throw new StoreNewer(`the database is of a newer release (schema ${version}, this one knows ${known})`);
}

import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { z } from 'zod';

/** The release that runs, as its package says. */
export function readVersion(): string {
  const file = findPackageJSON(import.meta.url);
  const text = file === undefined ? '{}' : readFileSync(file, 'utf8');
  return z.object({ version: z.string().catch('unknown') }).parse(JSON.parse(text)).version;
}

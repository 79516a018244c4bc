import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openPostgresStore } from '../../src/store/postgres.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { createDatabase } from '../support/postgres/database.ts';
import { createCourse } from './agreement/course.ts';
import { type Step, steps } from './agreement/steps.ts';

/** `RUNS=1000 SEED=7 npm test -- test/store/agreement` looks longer, and elsewhere. */
const numRuns = Number(process.env.RUNS ?? 25);
const seed = Number(process.env.SEED ?? 1);

/** So few that their way into the file goes on through most courses. */
const maxFresh = 8;

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Does the same to a store of each kind, and compares all that there is to see after every step. */
async function compare(taken: readonly Step[]): Promise<void> {
  files += 1;
  const path = join(folder, `${files}.db`);
  const database = await createDatabase();
  const sqlite = await createCourse(async () => openSqliteStore({ path, maxFresh }));
  const postgres = await createCourse(() => openPostgresStore({ url: database.url }));
  try {
    for (const step of taken) {
      const expected = await sqlite.view(await sqlite.take(step));
      expect(await postgres.view(await postgres.take(step))).toEqual(expected);
    }
  } finally {
    await Promise.all([sqlite.close(), postgres.close()]);
    await database.drop();
  }
}

describe('SQLite and PostgreSQL', () => {
  it('make the same of whatever comes, in whatever order', async () => {
    await fc.assert(fc.asyncProperty(steps, compare), { numRuns, seed, verbose: 1 });
  }, 600_000);
});

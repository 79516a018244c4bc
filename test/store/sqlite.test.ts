import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { recordOutcome } from '../../src/core/outcome.ts';
import { StoreUnavailable } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { testSafeguard } from './safeguard-suite.ts';
import { deliveryOf, type StoreUnderTest, testStore } from './store-suite.ts';

async function inFolder<T>(run: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
  try {
    return await run(join(folder, 'bridge.db'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function sqliteUnderTest(): StoreUnderTest {
  let folder = '';
  const open = async () => openSqliteStore({ path: join(folder, 'bridge.db') });
  return {
    async open() {
      folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
      return open();
    },
    async reopen(store) {
      await store.close();
      return open();
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

testStore('the SQLite store', sqliteUnderTest);
testSafeguard('the safeguard of the SQLite store', sqliteUnderTest);

describe('the SQLite file', () => {
  it('gives publishers their outcomes at once after a crash, because nobody else can be at it', () =>
    inFolder(async (path) => {
      const before = openSqliteStore({ path });
      await before.record(recordOutcome({ type: 'operator.decided', source: 'api', time: 1 }));
      await before.sequence(1);
      const claim = { now: 1, token: 't', leaseMs: 60_000, limit: 1 };
      expect(await before.claimOutcomes('log', claim)).toHaveLength(1);
      await before.close();
      const after = openSqliteStore({ path });
      expect(await after.claimOutcomes('log', { ...claim, token: 'u' })).toHaveLength(1);
      await after.close();
    }));

  it('is readable by its owner only', () =>
    inFolder(async (path) => {
      const store = openSqliteStore({ path });
      await store.accept(deliveryOf({}));
      for (const suffix of ['', '-wal']) expect((await stat(`${path}${suffix}`)).mode & 0o777).toBe(0o600);
      await store.close();
    }));

  it('is refused to a second process, and free again when the first is gone, however it went', () =>
    inFolder(async (path) => {
      const script = `
        const { openSqliteStore } = await import(${JSON.stringify(new URL('../../src/store/sqlite.ts', import.meta.url).href)});
        globalThis.store = openSqliteStore({ path: process.argv[1] });
        process.stdout.write('open');
        setInterval(() => {}, 1000);`;
      const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, path]);
      await new Promise<void>((resolve) => run.child.stdout?.once('data', () => resolve()));
      try {
        expect(() => openSqliteStore({ path })).toThrow(StoreUnavailable);
      } finally {
        run.child.kill('SIGKILL');
      }
      await expect(run).rejects.toMatchObject({ signal: 'SIGKILL' });
      await openSqliteStore({ path }).close();
    }));

  it('is refused when a newer release wrote it', () =>
    inFolder(async (path) => {
      await openSqliteStore({ path }).close();
      const database = new DatabaseSync(path);
      database.exec('pragma user_version = 999');
      database.close();
      expect(() => openSqliteStore({ path })).toThrow(/newer release/);
    }));

  it('refuses work once it is closed', () =>
    inFolder(async (path) => {
      const store = openSqliteStore({ path });
      await store.close();
      await expect(store.accept(deliveryOf({}))).rejects.toThrow(StoreUnavailable);
    }));
});

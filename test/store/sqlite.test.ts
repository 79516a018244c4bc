import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { createAudit } from '../../src/core/audit.ts';
import { personKey } from '../../src/core/identifier.ts';
import { firstPreviousHash, type OutcomeDraft, recordOutcome } from '../../src/core/outcome.ts';
import { outcomeHash } from '../../src/core/seal.ts';
import { StoreUnavailable } from '../../src/store/contract.ts';
import { migrations } from '../../src/store/sqlite/migrations.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { readOutcome } from '../../src/store/trail.ts';
import {
  acceptanceOf,
  again,
  claimRequest,
  email,
  limitOf,
  settleAll,
  start,
  succeeded,
  type Told,
} from './fixtures.ts';
import { testStore } from './store-suite.ts';
import type { StoreUnderTest } from './subject.ts';

async function inFolder<T>(run: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
  try {
    return await run(join(folder, 'bridge.db'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function sqliteUnderTest(options: { maxFresh?: number } = {}): StoreUnderTest {
  let folder = '';
  const open = async () => openSqliteStore({ ...options, path: join(folder, 'bridge.db') });
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

/** A file as the release before the third migration left it. */
function writeOldTrail(path: string, drafts: readonly OutcomeDraft[]): void {
  const database = new DatabaseSync(path);
  for (const migration of migrations.slice(0, 2)) database.exec(migration);
  database.exec(`pragma user_version = 2; insert into store (id) values ('old')`);
  let hash = firstPreviousHash;
  for (const [index, draft] of drafts.entries()) {
    const row = { seq: index + 1, draft: JSON.stringify(draft), position: index + 1, previous_hash: hash };
    hash = outcomeHash(readOutcome({ storeId: 'old' }, row), null);
    database
      .prepare(
        `insert into outcomes (seq, intent, recorded_at, draft, position, previous_hash, hash)
         values (?, 1, 1, ?, ?, ?, ?)`,
      )
      .run(row.seq, row.draft, row.position, row.previous_hash, hash);
  }
  database.prepare('insert into trail (position, hash) values (?, ?)').run(drafts.length, hash);
  database.close();
}

/** A file as the release before the fifth migration left it, with one intent in it. */
function writeOldIntent(path: string, told: Told): void {
  const database = new DatabaseSync(path);
  for (const migration of migrations.slice(0, 4)) database.exec(migration);
  database.exec(`pragma user_version = 4; insert into store (id) values ('old')`);
  database.prepare('insert into trail (position, hash) values (0, ?)').run(firstPreviousHash);
  const { eventId, parts } = acceptanceOf(told);
  const [part] = parts;
  if (part?.kind !== 'intent') throw new Error('it is no intent');
  const marks = part.facts.identifiers.map(personKey);
  database
    .prepare(
      `insert into intents (seq, source, event_id, part, person, action, status, due_at, user_id_type, received_at,
         content_digest, facts)
       values (7, 'hr', ?, 0, ?, 'resign', 'scheduled', ?, 'email', ?, 'digest', ?)`,
    )
    .run(eventId, marks[0] ?? '', start + 1e9, start, JSON.stringify(part.facts));
  for (const mark of marks) database.prepare('insert into marks (mark, intent) values (?, 7)').run(mark);
  database.close();
}

/** SQLite asks an authorizer about all that a statement touches, whenever it plans it. */
function openCountingPlans(path: string) {
  let asked = 0;
  const { prepare } = DatabaseSync.prototype;
  const databases = new Set<DatabaseSync>();
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql) {
    databases.add(this);
    return prepare.call(this, sql);
  };
  try {
    const store = openSqliteStore({ path });
    for (const database of databases) {
      database.setAuthorizer(() => {
        asked += 1;
        return constants.SQLITE_OK;
      });
    }
    return { store, planned: () => asked };
  } finally {
    DatabaseSync.prototype.prepare = prepare;
  }
}

testStore('the SQLite store', sqliteUnderTest);
// A key is in memory, on its way, or in the file: here the first two last for a commit or two.
testStore('the SQLite store, whose keys are moved at once', () => sqliteUnderTest({ maxFresh: 1 }));

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

  it('has nothing of a person any more who was erased, not even in what it has freed', () =>
    inFolder(async (path) => {
      const store = openSqliteStore({ path });
      const payload = {
        method: 'POST',
        query: {},
        headers: {},
        body: Buffer.from('{"who":"ada@example.com"}'),
      };
      const parts = [{ kind: 'unreadable', faults: ['body: is odd'] }] as const;
      await store.accept({
        ...acceptanceOf({ eventId: 'odd' }),
        parts,
        payload: { ...payload, position: null },
      });
      const beside = (from: number) =>
        Array.from({ length: 40 }, (_, n) => ({
          identifiers: [email(`u${from + n}@example.com`)],
          effectiveAt: start + 1e9,
        }));
      for (const one of beside(0)) await store.accept(acceptanceOf(one));
      const identifiers = [
        email('ada@example.com'),
        { userIdType: 'external_id', userId: 'AL-1001' },
      ] as const;
      const told = {
        identifiers,
        subject: 'AL-1001',
        requestedBy: 'hr@example.com',
        reason: 'goes to Turin',
      };
      const { intents } = await store.accept(acceptanceOf({ ...told, eventId: 'odd' }));
      for (const one of beside(100)) await store.accept(acceptanceOf(one));
      for (let at = start; at < start + 5; at += 1) {
        const batch = await store.claim({ ...claimRequest(), now: at });
        if (!batch) throw new Error('nothing to claim');
        const answer = {
          statusCode: 200,
          apiCode: null,
          requestId: 'r',
          message: `${'x'.repeat(99)}bye Ada`,
        };
        const change = { answer, seenUserId: 'id-of-ada' };
        const settlement = at < start + 4 ? again({ dueAt: at + 1 }) : succeeded;
        await store.settle(batch.token, settleAll(batch, settlement, change), at);
        await store.sequence(100);
      }
      expect((await store.findIntent(intents[0] ?? ''))?.intent.status).toBe('succeeded');
      const person = personKey(email('ada@example.com'));
      const erasure = { person, userId: 'ada@example.com', by: 'api:anna', at: start };
      expect(await store.erase(erasure)).toMatchObject({ kind: 'erased', intents: 1, deadLetters: 1 });
      await store.close();
      const bytes = (await readFile(path)).toString('latin1');
      for (const text of ['ada@', 'AL-1001', 'hr@', 'Turin', 'bye Ada', 'id-of-ada', person])
        expect([text, bytes.includes(text)]).toEqual([text, false]);
    }));

  it('is readable by its owner only', () =>
    inFolder(async (path) => {
      const store = openSqliteStore({ path });
      await store.accept(acceptanceOf({}));
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

  it('is refused when a newer release wrote it, and is not in use afterwards', () =>
    inFolder(async (path) => {
      await openSqliteStore({ path }).close();
      const database = new DatabaseSync(path);
      database.exec('pragma user_version = 999');
      database.close();
      expect(() => openSqliteStore({ path })).toThrow(/newer release/);
      expect(() => openSqliteStore({ path })).toThrow(/newer release/);
    }));

  it('goes on with the trail of a release before there were seals, whose outcomes stay as they were told', () =>
    inFolder(async (path) => {
      const person = personKey({ userIdType: 'email', userId: 'ada@example.com' });
      const drafts: OutcomeDraft[] = ['a', 'b'].map((intentId) => ({
        type: 'user.kick.succeeded',
        source: 'hr',
        subject: 'email:ada@example.com',
        time: 1,
        data: { intentId, person, userId: 'ada@example.com' },
      }));
      writeOldTrail(path, drafts);
      const store = openSqliteStore({ path });
      await store.record(recordOutcome({ type: 'operator.decided', source: 'api', time: 2 }));
      const erasure = { person, userId: null, by: 'api:anna', at: 3 };
      expect(await store.erase(erasure)).toMatchObject({ outcomes: 0, unsealed: 2 });
      await store.sequence(10);
      const audit = createAudit();
      for (const entry of await store.entriesAfter(0, 10)) audit.add(entry);
      expect(audit.end()).toMatchObject({ count: 4, erased: 0, fault: null });
      expect((await store.entriesAfter(0, 3)).map(({ seal }) => seal === null)).toEqual([true, true, false]);
      await store.close();
    }));

  it('knows the events and the people of an older release', () =>
    inFolder(async (path) => {
      const told = { identifiers: [email('ada@example.com')], eventId: 'it left' };
      writeOldIntent(path, told);
      const store = openSqliteStore({ path });
      expect(await store.accept(acceptanceOf(told))).toMatchObject({
        kind: 'duplicate',
        intents: ['old-7'],
        contentDigest: 'digest',
      });
      await store.accept(acceptanceOf({ identifiers: told.identifiers, action: 'withdraw' }));
      expect((await store.findIntent('old-7'))?.intent.status).toBe('canceled');
      await store.close();
    }));

  it('finds events and people while their keys are moved into the file, also after a crash in the middle of that', () =>
    inFolder(async (path) => {
      // With so few in memory, a move of some commits begins again and again.
      const open = (at: string) => openSqliteStore({ path: at, maxFresh: 64 });
      let [place, store] = [path, open(path)];
      const crash = async (): Promise<void> => {
        const next = `${place}-next`;
        // As the file is on disk at this moment; what was in memory is gone.
        for (const suffix of ['', '-wal']) await copyFile(`${place}${suffix}`, `${next}${suffix}`);
        await store.close();
        [place, store] = [next, open(next)];
      };
      const told = (n: number) => ({
        identifiers: [email(`u${n}@example.com`)],
        eventId: `left ${n}`,
        effectiveAt: start + 1e9,
      });
      const ids: string[] = [];
      for (let n = 0; n < 400; n += 1) {
        if (n % 37 === 36) await crash();
        ids.push((await store.accept(acceptanceOf(told(n)))).intents[0] ?? '');
      }
      for (const [n, id] of ids.entries()) {
        const repeated = await store.accept(acceptanceOf(told(n)));
        expect(repeated).toMatchObject({ kind: 'duplicate', intents: [id] });
      }
      await crash();
      for (const [n, id] of ids.entries()) {
        await store.accept(acceptanceOf({ identifiers: told(n).identifiers, action: 'withdraw' }));
        expect((await store.findIntent(id))?.intent.status).toBe('canceled');
      }
      await store.close();
    }));

  it('finds what is taken in while the store is pruned', () =>
    inFolder(async (path) => {
      const store = openSqliteStore({ path });
      const told = { eventId: 'left', effectiveAt: start + 1e9 };
      const before = { settled: 0, outcomes: 0, deadLetters: 0 };
      // One commit has both; pruning moves all marks that are there into the file.
      const [, { intents }] = await Promise.all([
        store.prune(before, 1, start),
        store.accept(acceptanceOf(told)),
      ]);
      expect(await store.accept(acceptanceOf(told))).toMatchObject({ kind: 'duplicate', intents });
      await store.close();
    }));

  it('finds nobody by the marks of what could not be kept', () =>
    inFolder(async (path) => {
      const store = openSqliteStore({ path });
      const ofEdith = { identifiers: [email('edith@example.com')] };
      const later = { effectiveAt: start + 1e9 };
      // No date is that far ahead: it fails once it has its row, and takes the others of its commit along at first.
      const broken = store.accept(acceptanceOf({ ...ofEdith, effectiveAt: 9e15 }));
      const [, kept] = await Promise.allSettled([broken, store.accept(acceptanceOf(later))]);
      await expect(broken).rejects.toThrow(RangeError);
      if (kept.status === 'rejected') throw kept.reason;
      await store.accept(acceptanceOf({ ...ofEdith, action: 'withdraw' }));
      expect((await store.findIntent(kept.value.intents[0] ?? ''))?.intent.status).toBe('scheduled');
      await store.close();
    }));

  it('resolves a dead letter of before a restart when it can be read', () =>
    inFolder(async (path) => {
      const before = openSqliteStore({ path });
      const parts = [{ kind: 'unreadable', faults: ['body: is odd'] }] as const;
      const payload = { method: 'POST', query: {}, headers: {}, body: Buffer.from('?'), position: null };
      await before.accept({ ...acceptanceOf({ eventId: 'odd' }), parts, payload });
      await before.close();
      const store = openSqliteStore({ path });
      expect((await store.listDeadLetters({ cursor: null, limit: 9 })).items).toHaveLength(1);
      await store.accept(acceptanceOf({ eventId: 'odd' }));
      expect((await store.listDeadLetters({ cursor: null, limit: 9 })).items).toHaveLength(0);
      await store.close();
    }));

  it('plans every statement of the way of an event once, however often it is run', () =>
    inFolder(async (path) => {
      const { store, planned } = openCountingPlans(path);
      const takeTheWay = async (name: string) => {
        await store.accept(acceptanceOf({ identifiers: [email(`${name}@example.com`)] }));
        const batch = await store.claim(claimRequest({ safeguard: [limitOf({ maxResigns: 20 })] }));
        if (!batch) throw new Error('nothing was claimed');
        await store.settle(batch.token, settleAll(batch, succeeded), start);
        await store.tendHeld({ now: start, safeguard: [], askAgainBefore: 0 });
        await store.sequence(10);
        await store.claimOutcomes('log', { now: start, token: name, leaseMs: 1, limit: 10 });
        await store.settleOutcomes('log', name, 1);
        await store.isBacklogged(10, start);
        await store.listIntents({ cursor: null, limit: 10, statuses: null, person: null, source: null });
      };
      await takeTheWay('ada');
      expect(planned()).toBeGreaterThan(0);
      await takeTheWay('grace');
      const before = planned();
      await takeTheWay('edith');
      expect(planned() - before).toBe(0);
      await store.close();
    }));

  it('refuses work once it is closed', () =>
    inFolder(async (path) => {
      const store = openSqliteStore({ path });
      await store.close();
      await expect(store.accept(acceptanceOf({}))).rejects.toThrow(StoreUnavailable);
    }));
});

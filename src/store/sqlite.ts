import type { Store } from './contract.ts';
import { createGroupCommit } from './group-commit.ts';
import { createLeases } from './leases.ts';
import { accept } from './sqlite/accept.ts';
import { claim } from './sqlite/claim.ts';
import { openConnection } from './sqlite/connection.ts';
import { findDeadLetter, listDeadLetters, resolveById } from './sqlite/dead-letters.ts';
import { erase } from './sqlite/erase.ts';
import { decideHeldSet, findHeldSet, listHeldSets, tendHeld } from './sqlite/held.ts';
import { createFlusher, recallMarks } from './sqlite/marks.ts';
import { findNote, keepNote } from './sqlite/notes.ts';
import {
  claimOutcomes,
  entriesAfter,
  insertOutcome,
  keepPublishers,
  outcomesAfter,
  sequence,
  settleOutcomes,
} from './sqlite/outcomes.ts';
import { readPauses, setPause } from './sqlite/pauses.ts';
import { prune } from './sqlite/prune.ts';
import { findIntent, isBacklogged, listIntents, oldestDueAt, readFigures } from './sqlite/reading.ts';
import { beginAct, decide, settle } from './sqlite/settle.ts';
import { transaction } from './sqlite/transaction.ts';

export interface SqliteStoreOptions {
  /** The database file; its folder is made when it is missing. */
  readonly path: string;
  /** How many marks of new intents may be in memory only; see `sqlite/marks.ts`. */
  readonly maxFresh?: number;
}

/**
 * The store in one SQLite file, for one process. All writes of a turn of the event loop share a commit.
 * @throws StoreUnavailable when another process has the file
 */
export function openSqliteStore({ path, maxFresh = 32_768 }: SqliteStoreOptions): Store {
  const connection = openConnection(path);
  recallMarks(connection);
  const flusher = createFlusher(connection, maxFresh);
  // Whoever published before is gone: the lock says so. What was claimed of GenAuth's may still be under way there.
  connection.run('update cursors set lease_token = null, lease_until = null');
  const group = createGroupCommit<() => unknown, unknown>({
    runAll(works) {
      const results = transaction(connection, () => {
        const done = works.map((run) => run());
        flusher.step();
        return done;
      });
      flusher.commit();
      return results;
    },
    maxGroup: 2_048,
  });
  const leases = createLeases();
  const write = <T>(run: () => T): Promise<T> => group.commit(run) as Promise<T>;
  let closing: Promise<void> | null = null;
  const read = async <T>(run: () => T): Promise<T> => run();

  return {
    id: connection.storeId,
    accept: (acceptance) => write(() => accept(connection, acceptance)),
    async claim(request) {
      const batch = await write(() => claim(connection, request, leases.alive()));
      if (batch) leases.begin(request);
      return batch;
    },
    beginAct: (token, seen, { now, lookAgeMs }) => {
      const lookedAt = now - lookAgeMs;
      return write(() => beginAct(connection, { token, seen, now, lookedAt, alive: leases.alive() }));
    },
    async settle(token, settlements, now) {
      const settled = await write(() => settle(connection, token, settlements, now));
      leases.end(token);
      return settled;
    },
    decide: (request) => write(() => decide(connection, request)),
    decideAll: (requests) => write(() => requests.map((request) => decide(connection, request))),
    tendHeld: (request) => write(() => tendHeld(connection, request)),
    listHeldSets: (query) => read(() => listHeldSets(connection, query)),
    findHeldSet: (id) => read(() => findHeldSet(connection, id)),
    decideHeldSet: (id, decision, waiting) =>
      write(() => decideHeldSet(connection, id, { decision, waiting })),
    setPause: (decision) => write(() => setPause(connection, decision)),
    pauses: () => read(() => readPauses(connection)),
    record: (outcome) => write(() => insertOutcome(connection, null, outcome)),
    listIntents: (query) => read(() => listIntents(connection, query)),
    findIntent: (id) => read(() => findIntent(connection, id)),
    resolveDeadLetter: (id) => write(() => resolveById(connection, id)),
    listDeadLetters: (query) => read(() => listDeadLetters(connection, query)),
    findDeadLetter: (id) => read(() => findDeadLetter(connection, id)),
    sequence: (limit) => write(() => sequence(connection, limit)),
    outcomesAfter: (position, limit) => read(() => outcomesAfter(connection, position, limit)),
    entriesAfter: (position, limit) => read(() => entriesAfter(connection, position, limit)),
    erase: (erasure) => write(() => erase(connection, erasure)),
    claimOutcomes: (publisher, request) => write(() => claimOutcomes(connection, publisher, request)),
    settleOutcomes: (publisher, token, position) =>
      write(() => settleOutcomes(connection, publisher, token, position)),
    keepPublishers: (names, forgetBefore, now) =>
      write(() => keepPublishers(connection, names, { forgetBefore, now })),
    keepNote: (note, now) => write(() => keepNote(connection, note, now)),
    findNote: (key, now) => read(() => findNote(connection, key, now)),
    leaseTurns: async () => null,
    figures: (now) => read(() => readFigures(connection, now)),
    isBacklogged: (limit, now) => read(() => isBacklogged(connection, limit, now)),
    oldestDueAt: (now) => read(() => oldestDueAt(connection, now)),
    prune: (before, limit, now) => write(() => prune(connection, before, { limit, now })),
    probe: () => write(() => void connection.run('update store set id = id')),
    close() {
      closing ??= group.close().then(() => connection.close());
      return closing;
    },
  };
}

import type { Admission } from '../core/admission.ts';
import type { IntentSettlement } from '../core/settlement.ts';
import { bringsOutcomes, isDueAtOnce } from './acceptance.ts';
import type { Acceptance, AcceptReceipt, Store } from './contract.ts';
import { createGroupCommit } from './group-commit.ts';
import { createLeases } from './leases.ts';
import { acceptAll } from './postgres/accept.ts';
import { openChanges } from './postgres/changes.ts';
import { claim, type KeptRequest } from './postgres/claim.ts';
import { createClaimLine } from './postgres/claim-line.ts';
import { compareClocks, createDatabaseClock, type DatabaseClock, toleratedSkewMs } from './postgres/clock.ts';
import { openDatabase, type Transaction } from './postgres/connection.ts';
import { findDeadLetter, listDeadLetters, resolveById } from './postgres/dead-letters.ts';
import { erase } from './postgres/erase.ts';
import { decideHeldSet, findHeldSet, hasHeldToTend, listHeldSets, tendHeld } from './postgres/held.ts';
import { migrate } from './postgres/migrations.ts';
import { findNote, keepNote } from './postgres/notes.ts';
import { type Nudge, type Nudges, openNudges } from './postgres/nudge.ts';
import {
  claimOutcomes,
  entriesAfter,
  hasNews,
  hasUnsequenced,
  keepPublishers,
  outcomesAfter,
  sequence,
  settleOutcomes,
} from './postgres/outcomes.ts';
import { readPauses, setPause } from './postgres/pauses.ts';
import { prune } from './postgres/prune.ts';
import { findIntent, isBacklogged, listIntents, oldestDueAt, readFigures } from './postgres/reading.ts';
import { beginAct, decideAll, settle } from './postgres/settle.ts';
import { leaseTurns } from './postgres/turns.ts';

export type { Nudge } from './postgres/nudge.ts';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:5432/db`, and what the driver takes after it, such as `?sslmode=verify-full`. */
  readonly url: string;
  /** This process's clock in epoch milliseconds; it is compared with the database's. */
  readonly now?: () => number;
  /** Told that another process left something to do. */
  readonly onNudge?: (nudge: Nudge) => void;
}

/** The most deliveries that share a commit, so that none waits long for the others. */
const maxGroup = 100;

/**
 * The store in a PostgreSQL database, for many processes. Due times and leases go by the database's clock. Deliveries
 * that arrive while a commit is under way share the next one.
 * @throws StoreUnavailable when the database cannot be reached, or a newer release wrote it
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, now = Date.now, onNudge = () => undefined } = options;
  const database = openDatabase(url);
  const clock = createDatabaseClock(now);
  const leases = createLeases();
  let nudges: Nudges | null = null;
  try {
    // First, so that no move to this database begins once it was seen that there is none.
    nudges = await openNudges({ url, database, onNudge });
    const storeId = await migrate(url);
    await compareClocks(clock, database);
    const open: Open = { storeId, database, clock, leases, nudges };
    return { id: storeId, ...writing(open), ...publishing(open), ...reading(open) };
  } catch (error) {
    await nudges?.close();
    await database.close();
    throw error;
  }
}

interface Open {
  readonly storeId: string;
  readonly database: ReturnType<typeof openDatabase>;
  readonly clock: DatabaseClock;
  readonly leases: ReturnType<typeof createLeases>;
  readonly nudges: Nudges;
}

/** A transaction, after which other processes are nudged. */
function transactions({ database, storeId, nudges }: Open) {
  return async <T>(run: (tx: Transaction) => Promise<T>, nudge: Nudge | null): Promise<T> => {
    const done = await database.transaction((queries) => run({ ...queries, storeId }));
    if (nudge) nudges.send(nudge);
    return done;
  };
}

type Writing = Pick<
  Store,
  | 'accept'
  | 'claim'
  | 'beginAct'
  | 'settle'
  | 'decide'
  | 'decideAll'
  | 'tendHeld'
  | 'decideHeldSet'
  | 'setPause'
  | 'record'
  | 'resolveDeadLetter'
  | 'leaseTurns'
  | 'prune'
  | 'probe'
  | 'close'
>;

function writing(open: Open): Writing {
  const { database, storeId, clock, leases, nudges } = open;
  const write = transactions(open);
  const group = createGroupCommit<Acceptance, AcceptReceipt>({
    async runAll(acceptances) {
      const receipts = await acceptAll({ database, storeId }, acceptances);
      if (acceptances.some(leavesWork)) nudges.send('work');
      return receipts;
    },
    maxGroup,
  });
  const claimInLine = createClaimLine((request: KeptRequest) =>
    claim({ database, storeId, clock, alive: leases.alive() }, request),
  );
  let closing: Promise<void> | null = null;

  async function closeAll(): Promise<void> {
    await group.close();
    await nudges.close();
    await database.close();
  }

  const decideAllShifted: Store['decideAll'] = (requests) => {
    const shifted = requests.map((one) => ({ ...one, admission: shiftAdmission(clock, one.admission) }));
    return write((tx) => decideAll(tx, shifted), 'work');
  };
  return {
    accept: (acceptance) => group.commit(shiftAcceptance(clock, acceptance)),
    async claim(request) {
      const batch = await claimInLine({ ...request, nowBy: clock.keep(request.now) });
      if (batch) leases.begin(request);
      return batch;
    },
    async beginAct(token, seen, { now: asked, lookAgeMs }) {
      const nowBy = clock.keep(asked);
      const now = nowBy(await compareClocks(clock, database));
      // Whoever sent it may have gone by a clock that was behind, as far as that is tolerated, and this one be ahead.
      const lookedAt = now - lookAgeMs - 2 * toleratedSkewMs;
      return write((tx) => beginAct(tx, { token, seen, now, lookedAt, alive: leases.alive() }), null);
    },
    async settle(token, settlements, now) {
      const shifted = settlements.map((one) => shiftSettlement(clock, one));
      const settled = await write(
        (tx) => settle(tx, { token, settlements: shifted, now, dueAt: clock.shift(now) }),
        'work',
      );
      leases.end(token);
      return settled;
    },
    decide: async (request) => (await decideAllShifted([request]))[0] ?? 'not_found',
    decideAll: decideAllShifted,
    async tendHeld(request) {
      if (!(await hasHeldToTend(database, request))) return 0;
      return write((tx) => tendHeld(tx, request), 'work');
    },
    decideHeldSet: (id, decision, waiting) =>
      write((tx) => decideHeldSet(tx, id, { decision, waiting }), 'work'),
    setPause: (decision) => write((tx) => setPause(tx, decision), 'work'),
    record: (outcome) =>
      write(async (tx) => {
        const changes = await openChanges(tx, 0);
        changes.tell(null, outcome);
        await changes.write();
      }, 'work'),
    resolveDeadLetter: (id) => write((tx) => resolveById(tx, id), null),
    leaseTurns: (slice) => leaseTurns(database, slice),
    prune: (before, limit, now) => write((tx) => prune(tx, before, { limit, now }), 'work'),
    probe: async () => void (await database.run('update store set id = id')),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

type Publishing = Pick<
  Store,
  | 'sequence'
  | 'outcomesAfter'
  | 'entriesAfter'
  | 'erase'
  | 'claimOutcomes'
  | 'keepPublishers'
  | 'settleOutcomes'
  | 'keepNote'
  | 'findNote'
>;

/** Nothing is locked while there is nothing to publish. */
function publishing(open: Open): Publishing {
  const { database, storeId, clock } = open;
  const write = transactions(open);
  const { nudges } = open;
  return {
    async sequence(limit) {
      if (!(await hasUnsequenced(database))) return 0;
      const placed = await write((tx) => sequence(tx, limit), null);
      if (placed > 0) nudges.send('outcomes');
      return placed;
    },
    outcomesAfter: (position, limit) => outcomesAfter({ ...database, storeId }, position, limit),
    entriesAfter: (position, limit) => entriesAfter({ ...database, storeId }, position, limit),
    erase: (erasure) => write((tx) => erase(tx, erasure), 'work'),
    async claimOutcomes(publisher, request) {
      if (!(await hasNews(database, publisher))) return null;
      const shifted = { ...request, now: clock.shift(request.now) };
      return write((tx) => claimOutcomes(tx, publisher, shifted), null);
    },
    settleOutcomes: (publisher, token, position) => settleOutcomes(database, { publisher, token, position }),
    keepPublishers: (names, forgetBefore, now) =>
      write((tx) => keepPublishers(tx, names, { forgetBefore, now }), null),
    keepNote: (note, now) => write((tx) => keepNote(tx, note, now), null),
    findNote: (key, now) => findNote(database, key, now),
  };
}

type Reading = Pick<
  Store,
  | 'listHeldSets'
  | 'findHeldSet'
  | 'pauses'
  | 'listIntents'
  | 'findIntent'
  | 'listDeadLetters'
  | 'findDeadLetter'
  | 'figures'
  | 'isBacklogged'
  | 'oldestDueAt'
>;

function reading({ database, storeId, clock }: Open): Reading {
  const queries = { ...database, storeId };
  return {
    pauses: () => readPauses(queries),
    listHeldSets: (query) => listHeldSets(queries, query),
    findHeldSet: (id) => findHeldSet(queries, id),
    listIntents: (query) => listIntents(queries, query),
    findIntent: (id) => findIntent(queries, id),
    listDeadLetters: (query) => listDeadLetters(queries, query),
    findDeadLetter: (id) => findDeadLetter(queries, id),
    figures: (now) => readFigures(queries, clock.shift(now)),
    isBacklogged: (limit, now) => isBacklogged(queries, limit, clock.shift(now)),
    oldestDueAt: (now) => oldestDueAt(queries, clock.shift(now)),
  };
}

/** Whether a delivery has something to do for anybody now; what waits for its time is found then. */
function leavesWork(acceptance: Acceptance): boolean {
  return isDueAtOnce(acceptance) || bringsOutcomes(acceptance);
}

function shiftAcceptance(clock: DatabaseClock, acceptance: Acceptance): Acceptance {
  const parts = acceptance.parts.map((part) =>
    part.kind === 'intent' ? { ...part, admission: shiftAdmission(clock, part.admission) } : part,
  );
  return { ...acceptance, parts };
}

/** A date is the same by every clock; what is due at once, or after a delay, was reckoned by this process's. */
function shiftAdmission(clock: DatabaseClock, admission: Admission): Admission {
  return admission.status === 'pending' ? { ...admission, dueAt: clock.shift(admission.dueAt) } : admission;
}

function shiftSettlement(clock: DatabaseClock, one: IntentSettlement): IntentSettlement {
  const { settlement } = one;
  const isSoon =
    settlement.kind === 'again' || (settlement.kind === 'resolved' && settlement.resolution.settled);
  return isSoon ? { ...one, settlement: { ...settlement, dueAt: clock.shift(settlement.dueAt) } } : one;
}

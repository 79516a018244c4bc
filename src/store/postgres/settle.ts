import type { IntentSettlement } from '../../core/settlement.ts';
import type { DecisionReceipt, DecisionRequest } from '../contract.ts';
import { judgeDecision, judgeSettlement, marksTold, voidByName } from '../judgement.ts';
import { type BeginRequest, foundDone, isSentMeanwhile, noteMerge, noteSent, userMark } from '../merge.ts';
import { isPaused } from '../pauses.ts';
import { readId, readIntent, type StoredIntent, showId } from '../rows.ts';
import { openChanges } from './changes.ts';
import type { Transaction } from './connection.ts';
import { lockDeliveries, locks } from './locks.ts';
import { readPauses } from './pauses.ts';

/** Notes that a claimed resign is about to be sent; see `Store.beginAct`. */
export async function beginAct(tx: Transaction, request: BeginRequest): Promise<string[]> {
  const { token, seen, now } = request;
  const marks = seen.map(({ userId }) => userMark(userId));
  await lockUsers(tx, marks);
  const stored = await lockIntents(
    tx,
    seen.map(({ intentId }) => intentId),
  );
  const [acts, pauses] = await Promise.all([findActs(tx, marks), readPauses(tx)]);
  const changes = await openChanges(tx, 0);
  const begun = seen.filter(({ intentId, userId }) => {
    const one = stored.get(intentId);
    if (one?.leaseToken !== token || one.intent.voided || isPaused(pauses, one.intent)) return false;
    const mark = userMark(userId);
    const others = (acts.get(mark) ?? []).filter(({ seq }) => seq !== one.seq);
    if (others.some((other) => isSentMeanwhile(other, request))) return false;
    const noted = changes.note(one, { acted: true, seenUserId: userId, actedAt: now }, [mark]);
    acts.set(mark, [...others, noted]);
    return true;
  });
  await changes.write();
  return begun.map(({ intentId }) => intentId);
}

/** Whoever is about to resign the same user waits here; taken in order, so that two never wait for one another. */
async function lockUsers(tx: Transaction, marks: readonly string[]): Promise<void> {
  await tx.run(
    `select pg_advisory_xact_lock(:class, key)
     from (select distinct hashtext(mark) as key from unnest(:marks::text[]) as mark order by key) keys`,
    { class: locks.user, marks },
  );
}

/** The resigns of users that were sent, or are about to be, by their marks. */
async function findActs(tx: Transaction, marks: readonly string[]): Promise<Map<string, StoredIntent[]>> {
  const rows = await tx.all(
    `select m.mark, i.* from marks m join intents i on i.seq = m.intent
     where m.mark = any(:marks::text[]) and i.action = 'resign' and i.acted = 1`,
    { marks },
  );
  const acts = new Map<string, StoredIntent[]>();
  for (const row of rows) {
    const mark = String(row.mark);
    acts.set(mark, [...(acts.get(mark) ?? []), readIntent(tx, row)]);
  }
  return acts;
}

export interface SettleRequest {
  readonly token: string;
  readonly settlements: readonly IntentSettlement[];
  readonly now: number;
  /** The same instant by the database's clock. */
  readonly dueAt: number;
}

/**
 * Settles a claimed batch; see `Store.settle`. Under a name that a look-up has told, a withdraw may be taken in just
 * now: that one waits, and finds the resign then, or is waited for, and found here.
 */
export async function settle(
  tx: Transaction,
  { token, settlements, now, dueAt }: SettleRequest,
): Promise<boolean> {
  const told = settlements.flatMap(marksTold);
  await lockDeliveries(tx, told);
  const stored = await lockIntents(
    tx,
    settlements.map(({ intentId }) => intentId),
  );
  if (settlements.some(({ intentId }) => stored.get(intentId)?.leaseToken !== token)) return false;
  const withdraws = await findWithdraws(tx, told);
  const kicks = settlements.filter(({ bringKick }) => bringKick !== null).length;
  const changes = await openChanges(tx, kicks);
  const judged = settlements.flatMap((settlement) => {
    const leased = stored.get(settlement.intentId);
    if (!leased) return [];
    const marks = marksTold(settlement);
    const ofPerson = withdraws.filter(({ mark }) => marks.includes(mark));
    const one = voidByName(
      leased,
      ofPerson.map((withdraw) => withdraw.stored),
    );
    const { kick, ...step } = judgeSettlement(one, settlement, now);
    return [{ one, kick, step, mark: foundDone(one, step) }];
  });
  const doers = await findDoers(
    tx,
    judged.flatMap(({ mark }) => mark ?? []),
  );
  for (const { one, kick, step, mark } of judged) {
    const merged = noteMerge(step, doers.get(mark ?? '') ?? null);
    changes.take(one, noteSent(merged, one, dueAt));
    if (kick) changes.insert({ ...kick, dueAt });
  }
  await changes.write();
  return true;
}

/** The withdraws with any of these marks, oldest first, once for each. */
async function findWithdraws(
  tx: Transaction,
  marks: readonly string[],
): Promise<{ mark: string; stored: StoredIntent }[]> {
  if (marks.length === 0) return [];
  const rows = await tx.all(
    `select m.mark, i.* from marks m join intents i on i.seq = m.intent
     where m.mark = any(:marks::text[]) and i.action = 'withdraw' and i.status = 'succeeded'
     order by i.seq`,
    { marks: [...new Set(marks)] },
  );
  return rows.map((row) => ({ mark: String(row.mark), stored: readIntent(tx, row) }));
}

/** The intents by which the bridge resigned users, by their marks; see `noteMerge`. */
async function findDoers(tx: Transaction, marks: readonly string[]): Promise<Map<string, string>> {
  if (marks.length === 0) return new Map();
  const rows = await tx.all(
    `select distinct on (m.mark) m.mark, i.seq from marks m join intents i on i.seq = m.intent
     where m.mark = any(:marks::text[]) and i.action = 'resign' and i.status = 'succeeded' and i.acted = 1
     order by m.mark, i.settled_at desc, i.seq desc`,
    { marks },
  );
  return new Map(rows.map(({ mark, seq }) => [String(mark), showId(tx, Number(seq))]));
}

/** Releases or cancels intents, each named once; see `Store.decideAll`. */
export async function decideAll(
  tx: Transaction,
  requests: readonly DecisionRequest[],
): Promise<DecisionReceipt[]> {
  const found = await lockIntents(
    tx,
    requests.map(({ intentId }) => intentId),
  );
  const changes = await openChanges(tx, 0);
  const decided = requests.map((request) => {
    const stored = found.get(request.intentId);
    if (!stored) return 'not_found';
    const steps = judgeDecision(stored, request);
    if (!steps) return 'wrong_state';
    steps.reduce(changes.take, stored);
    return 'done';
  });
  await changes.write();
  return decided;
}

/** Locks rows in the order of their numbers, and gives the intents by their ids. */
async function lockIntents(tx: Transaction, ids: readonly string[]): Promise<Map<string, StoredIntent>> {
  const seqs = ids.map((id) => readId(tx, id)).filter((seq) => seq !== null);
  const rows = await tx.all(
    'select * from intents where seq = any(:seqs::bigint[]) order by seq for update',
    {
      seqs,
    },
  );
  return new Map(
    rows.map((row) => {
      const stored = readIntent(tx, row);
      return [stored.intent.id, stored];
    }),
  );
}

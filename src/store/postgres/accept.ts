import { hash } from 'node:crypto';
import { intentOutcome } from '../../core/outcome.ts';
import { hasKin, judgeArrival, mayBeUnderWay } from '../acceptance.ts';
import type { Acceptance, AcceptReceipt } from '../contract.ts';
import { deadLetterOutcome, lettersOf } from '../dead-letters.ts';
import { cancelStep } from '../judgement.ts';
import { type Origin, showId } from '../rows.ts';
import { type Changes, openChanges } from './changes.ts';
import type { Database, Transaction } from './connection.ts';
import { insertDeadLetter, resolveDeadLetters } from './dead-letters.ts';
import { type Ledger, loadLedger } from './ledger.ts';
import { lockDeliveries } from './locks.ts';
import { isReadable, type Part, partsOf } from './part.ts';

/**
 * Takes in deliveries, each as if it came alone; see `Store.accept`. What is known about their events and people is
 * loaded once and kept up to date in memory, so that the number of statements does not grow with the deliveries.
 */
export function acceptAll(
  { database, storeId }: { readonly database: Database } & Origin,
  acceptances: readonly Acceptance[],
): Promise<AcceptReceipt[]> {
  const deliveries = acceptances.map((acceptance) => ({ acceptance, parts: partsOf(acceptance) }));
  const parts = deliveries.flatMap((delivery) => delivery.parts.filter(isReadable));
  return database.exchange({
    async read(queries) {
      const tx = { ...queries, storeId };
      const locked = lockKeys(tx, acceptances, parts);
      const [ledger, changes] = await Promise.all([
        loadLedger(tx, parts),
        openChanges(tx, parts.length),
        locked,
      ]);
      return { ledger, changes };
    },
    async write(queries, { ledger, changes }) {
      const tx = { ...queries, storeId };
      const resolved: Part[] = [];
      const receipts: AcceptReceipt[] = [];
      for (const delivery of deliveries) {
        receipts.push(await acceptOne(tx, delivery, { ledger, changes, resolved }));
      }
      const last = Promise.all([changes.write(), resolveDeadLetters(tx, resolved)]);
      return { result: receipts, last };
    },
  });
}

/** Whoever takes in the same event, or something about the same person, waits here. */
async function lockKeys(
  tx: Transaction,
  acceptances: readonly Acceptance[],
  parts: readonly Part[],
): Promise<void> {
  const events = acceptances.map(({ source, eventId }) =>
    hash('sha256', `${source}:${eventId}`, 'base64url'),
  );
  const marks = parts.filter(({ accepted }) => hasKin(accepted)).flatMap((part) => part.marks);
  await lockDeliveries(tx, [...events, ...marks]);
}

interface Group {
  readonly ledger: Ledger;
  readonly changes: Changes;
  /** Parts whose dead letters, if they have any, are readable now. */
  readonly resolved: Part[];
}

async function acceptOne(
  tx: Transaction,
  { acceptance, parts }: { acceptance: Acceptance; parts: ReturnType<typeof partsOf> },
  group: Group,
): Promise<AcceptReceipt> {
  const receipt = { intents: [] as string[], deadLetters: [] as string[] };
  let isNew = false;
  let { contentDigest } = acceptance;
  const letters = lettersOf(acceptance);
  for (const [part, one] of parts.entries()) {
    if (!isReadable(one)) {
      const faults = letters.get(part);
      if (!faults) continue;
      // Only what came before is resolved by what could be read: this one waits for somebody.
      await resolveDeadLetters(tx, group.resolved.splice(0));
      const letter = await insertDeadLetter(tx, acceptance, { part, faults });
      if (letter.isNew) group.changes.tell(null, deadLetterOutcome(acceptance, letter.id, faults));
      isNew ||= letter.isNew;
      receipt.deadLetters.push(letter.id);
      continue;
    }
    const repeated = group.ledger.findRepeat(one);
    if (repeated) {
      contentDigest = repeated.contentDigest;
      receipt.intents.push(showId(tx, repeated.seq));
      continue;
    }
    isNew = true;
    receipt.intents.push(acceptIntent(one, group));
    group.resolved.push(one);
  }
  return { kind: isNew ? 'accepted' : 'duplicate', ...receipt, contentDigest };
}

function acceptIntent(one: Part, { ledger, changes }: Group): string {
  const { acceptance, part, accepted, marks } = one;
  const { receivedAt } = acceptance;
  const kin = hasKin(accepted) ? ledger.kinOf(marks) : [];
  const { row, outcome, voids } = judgeArrival(acceptance, part, { accepted, marks, kin });
  const stored = changes.insert(row);
  for (const { stored: other, failure } of voids) {
    const after = mayBeUnderWay(other)
      ? changes.note(other, { voided: failure })
      : changes.take(other, cancelStep(failure, receivedAt));
    ledger.replace(after);
  }
  ledger.add(one, stored);
  if (outcome) {
    changes.tell(
      stored.seq,
      intentOutcome(stored.intent, { status: outcome, time: receivedAt, failure: row.failure }),
    );
  }
  return stored.intent.id;
}

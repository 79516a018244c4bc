import type { Erasure, ErasureCounts, ErasureReceipt } from '../contract.ts';
import { erasedColumns, erasureOutcome, isNamedIn, openOnes, personInDraft } from '../erasure.ts';
import { readIntent, showId } from '../rows.ts';
import { eraseRows } from '../trail.ts';
import { openChanges } from './changes.ts';
import type { Transaction } from './connection.ts';
import { lockRows } from './locks.ts';

/** Erases a person; see `Store.erase`. Nothing gets its place in the trail meanwhile. */
export async function erase(tx: Transaction, erasure: Erasure): Promise<ErasureReceipt> {
  const { person, userId } = erasure;
  await tx.get('select position from trail for update');
  const rows = await lockRows(() =>
    tx.all(
      `with named as (select i.* from marks m join intents i on i.seq = m.intent where m.mark = :person)
       select * from intents where seq in (
         select seq from named
         union select k.seq from named n join intents k
           on k.source = n.source and k.event_id = n.event_id || '#kick' and k.part = n.seq)
       order by seq for update`,
      { person },
    ),
  );
  const stored = rows.map((row) => readIntent(tx, row));
  const open = openOnes(stored);
  if (open.length > 0) return { kind: 'open', intents: open };
  for (const one of stored) {
    await tx.run(
      'update intents set person = :person, facts = :facts, progress = :progress where seq = :seq',
      {
        ...erasedColumns(one),
      },
    );
    await tx.run('delete from marks where intent = :seq', { seq: one.seq });
  }
  const seqs = stored.map(({ seq }) => seq);
  const counts: ErasureCounts = {
    intents: stored.length,
    ...(await eraseOutcomes(tx, person, seqs)),
    ...(userId === null ? { deadLetters: 0, openDeadLetters: [] } : await eraseLetters(tx, userId)),
  };
  const changes = await openChanges(tx, 0);
  changes.tell(null, erasureOutcome(erasure, counts));
  await changes.write();
  return { kind: 'erased', ...counts };
}

async function eraseOutcomes(tx: Transaction, person: string, intents: readonly number[]) {
  const rows = await tx.all(
    `select seq, draft, position, salt, sealed from outcomes
     where intent = any(:intents::bigint[]) or (intent is not null and position(:named::text in draft) > 0)`,
    { intents, named: personInDraft(person) },
  );
  const { erased, unsealed } = eraseRows(rows);
  for (const row of erased) {
    await tx.run('update outcomes set draft = :draft, sealed = :sealed, salt = null where seq = :seq', {
      ...row,
    });
  }
  return { outcomes: erased.length, unsealed };
}

/** One at a time: bodies can be large. */
async function eraseLetters(tx: Transaction, userId: string) {
  const openDeadLetters: string[] = [];
  let deadLetters = 0;
  let after = 0;
  for (;;) {
    const row = await tx.get(
      'select seq, status, body from dead_letters where seq > :after order by seq limit 1',
      { after },
    );
    if (!row) return { deadLetters, openDeadLetters };
    after = Number(row.seq);
    if (!isNamedIn(row.body as Uint8Array, userId)) continue;
    if (row.status === 'open') {
      openDeadLetters.push(showId(tx, after, 'd'));
      continue;
    }
    await tx.run(`update dead_letters set body = '', query = '{}', headers = '{}' where seq = :seq`, {
      seq: after,
    });
    deadLetters += 1;
  }
}

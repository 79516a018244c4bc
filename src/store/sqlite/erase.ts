import type { Erasure, ErasureCounts, ErasureReceipt } from '../contract.ts';
import { erasedColumns, erasureOutcome, isNamedIn, openOnes, personInDraft } from '../erasure.ts';
import { readIntent, showId } from '../rows.ts';
import { eraseRows } from '../trail.ts';
import type { Connection } from './connection.ts';
import { flushAll } from './marks.ts';
import { insertOutcome } from './outcomes.ts';

/** Erases a person; see `Store.erase`. */
export function erase(connection: Connection, erasure: Erasure): ErasureReceipt {
  const { person, userId } = erasure;
  flushAll(connection);
  const stored = connection
    .all(
      `with named as (select i.* from marks m join intents i on i.seq = m.intent where m.mark = :person)
       select * from named
       union select k.* from named n
         join marks m on m.mark = event_mark(n.source, n.event_id || '#kick', n.seq)
         join intents k on k.seq = m.intent
       order by seq`,
      { person },
    )
    .map((row) => readIntent(connection, row));
  const open = openOnes(stored);
  if (open.length > 0) return { kind: 'open', intents: open };
  for (const one of stored) {
    connection.run(
      'update intents set person = :person, facts = :facts, progress = :progress where seq = :seq',
      erasedColumns(one),
    );
    // Its event stays known.
    connection.run(
      `delete from marks where intent = :seq
         and mark <> (select event_mark(source, event_id, part) from intents where seq = :seq)`,
      { seq: one.seq },
    );
  }
  const counts: ErasureCounts = {
    intents: stored.length,
    ...eraseOutcomes(
      connection,
      person,
      stored.map(({ seq }) => seq),
    ),
    ...(userId === null ? { deadLetters: 0, openDeadLetters: [] } : eraseLetters(connection, userId)),
  };
  insertOutcome(connection, null, erasureOutcome(erasure, counts));
  return { kind: 'erased', ...counts };
}

function eraseOutcomes(connection: Connection, person: string, intents: readonly number[]) {
  const rows = connection.all(
    `select seq, draft, position, salt, sealed from outcomes
     where intent in (select value from json_each(:intents))
       or (intent is not null and instr(draft, :named) > 0)`,
    { intents: JSON.stringify(intents), named: personInDraft(person) },
  );
  const { erased, unsealed } = eraseRows(rows);
  for (const row of erased) {
    connection.run('update outcomes set draft = :draft, sealed = :sealed, salt = null where seq = :seq', {
      ...row,
    });
  }
  return { outcomes: erased.length, unsealed };
}

/** One at a time: bodies can be large. */
function eraseLetters(connection: Connection, userId: string) {
  const openDeadLetters: string[] = [];
  let deadLetters = 0;
  let after = 0;
  for (;;) {
    const row = connection.get(
      'select seq, status, body from dead_letters where seq > :after order by seq limit 1',
      { after },
    );
    if (!row) return { deadLetters, openDeadLetters };
    after = Number(row.seq);
    if (!isNamedIn(row.body as Uint8Array, userId)) continue;
    if (row.status === 'open') {
      openDeadLetters.push(showId(connection, after, 'd'));
      continue;
    }
    connection.run(`update dead_letters set body = x'', query = '{}', headers = '{}' where seq = :seq`, {
      seq: after,
    });
    deadLetters += 1;
  }
}

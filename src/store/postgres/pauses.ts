import type { Pause, PauseDecision } from '../contract.ts';
import { pauseOutcome, readPause } from '../pauses.ts';
import { openChanges } from './changes.ts';
import type { Queries, Transaction } from './connection.ts';

/** See `Store.setPause`. */
export async function setPause(tx: Transaction, decision: PauseDecision): Promise<void> {
  const { scope, by, at, reason, verdict } = decision;
  if (verdict === 'resumed') await tx.run('delete from pauses where scope = :scope', { scope });
  else
    await tx.run(
      `insert into pauses (scope, by, at, reason) values (:scope, :by, :at, :reason)
       on conflict (scope) do update set by = excluded.by, at = excluded.at, reason = excluded.reason`,
      { scope, by, at, reason },
    );
  const changes = await openChanges(tx, 0);
  changes.tell(null, pauseOutcome(decision));
  await changes.write();
}

export async function readPauses(queries: Queries): Promise<Pause[]> {
  return (await queries.all('select scope, by, at, reason from pauses order by at, scope')).map(readPause);
}

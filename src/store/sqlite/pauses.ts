import type { Pause, PauseDecision } from '../contract.ts';
import { pauseOutcome, readPause } from '../pauses.ts';
import type { Connection } from './connection.ts';
import { insertOutcome } from './outcomes.ts';

/** See `Store.setPause`. */
export function setPause(connection: Connection, decision: PauseDecision): void {
  const { scope, by, at, reason, verdict } = decision;
  if (verdict === 'resumed') connection.run('delete from pauses where scope = :scope', { scope });
  else
    connection.run(
      `insert into pauses (scope, by, at, reason) values (:scope, :by, :at, :reason)
       on conflict (scope) do update set by = excluded.by, at = excluded.at, reason = excluded.reason`,
      { scope, by, at, reason },
    );
  insertOutcome(connection, null, pauseOutcome(decision));
}

export function readPauses(connection: Connection): Pause[] {
  return connection.all('select scope, by, at, reason from pauses order by at, scope').map(readPause);
}

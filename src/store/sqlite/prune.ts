import { pruningOutcome } from '../../core/outcome.ts';
import type { RetentionLimits } from '../contract.ts';
import { lastToPrune } from '../trail.ts';
import type { Connection } from './connection.ts';
import { pruneHeldSets } from './held.ts';
import { flushAll } from './marks.ts';
import { insertOutcome } from './outcomes.ts';

/** Deletes what is past its retention; see `Store.prune`. */
export function prune(
  connection: Connection,
  before: RetentionLimits,
  { limit, now }: { limit: number; now: number },
): number {
  flushAll(connection);
  const old = JSON.stringify(
    connection
      .all('select seq from intents where settled_at < :before order by settled_at limit :limit', {
        before: before.settled,
        limit,
      })
      .map((row) => Number(row.seq)),
  );
  connection.run('delete from marks where intent in (select value from json_each(:old))', { old });
  const removed = [
    connection.run('delete from intents where seq in (select value from json_each(:old))', { old }),
    connection.run(
      'delete from dead_letters where seq in (select seq from dead_letters where received_at < :before limit :limit)',
      { before: before.deadLetters, limit },
    ),
  ];
  const others =
    pruneOutcomes(connection, before, { limit, now }) + pruneHeldSets(connection, before.settled, limit);
  return removed.reduce((sum, { changes }) => sum + changes, others);
}

function pruneOutcomes(
  connection: Connection,
  before: RetentionLimits,
  { limit, now }: { limit: number; now: number },
): number {
  const told =
    connection.get('select min(position) as position from cursors')?.position ?? Number.MAX_SAFE_INTEGER;
  const rows = connection.all(
    'select position, hash, recorded_at from outcomes where position > 0 order by position limit :limit',
    { limit },
  );
  const last = lastToPrune(rows, { before: before.outcomes, told: Number(told) });
  if (!last) return 0;
  insertOutcome(connection, null, pruningOutcome(last, now));
  return connection.run('delete from outcomes where position <= :position', { position: last.position })
    .changes;
}

import { pruningOutcome } from '../../core/outcome.ts';
import type { RetentionLimits } from '../contract.ts';
import { lastToPrune } from '../trail.ts';
import { openChanges } from './changes.ts';
import type { Transaction } from './connection.ts';
import { pruneHeldSets } from './held.ts';

/** Deletes what is past its retention; see `Store.prune`. */
export async function prune(
  tx: Transaction,
  before: RetentionLimits,
  { limit, now }: { limit: number; now: number },
): Promise<number> {
  const old = await tx.all(
    `delete from intents where seq in (
       select seq from intents where settled_at < :before order by settled_at limit :limit for update skip locked)
     returning seq`,
    { before: before.settled, limit },
  );
  await tx.run('delete from marks where intent = any(:old::bigint[])', {
    old: old.map(({ seq }) => seq),
  });
  const outcomes = await pruneOutcomes(tx, before, { limit, now });
  const deadLetters = await tx.run(
    `delete from dead_letters where seq in (
       select seq from dead_letters where received_at < :before limit :limit for update skip locked)`,
    { before: before.deadLetters, limit },
  );
  return old.length + outcomes + deadLetters + (await pruneHeldSets(tx, before.settled, limit));
}

/** Whoever has the trail's row is the one who prunes; another that comes meanwhile leaves it to that one. */
async function pruneOutcomes(
  tx: Transaction,
  before: RetentionLimits,
  { limit, now }: { limit: number; now: number },
): Promise<number> {
  if (!(await tx.get('select position from trail for update skip locked'))) return 0;
  const cursors = await tx.get('select min(position) as position from cursors');
  const rows = await tx.all(
    'select position, hash, recorded_at from outcomes where position > 0 order by position limit :limit',
    { limit },
  );
  const told = Number(cursors?.position ?? Number.MAX_SAFE_INTEGER);
  const last = lastToPrune(rows, { before: before.outcomes, told });
  if (!last) return 0;
  const changes = await openChanges(tx, 0);
  changes.tell(null, pruningOutcome(last, now));
  await changes.write();
  return tx.run('delete from outcomes where position <= :position', { position: last.position });
}

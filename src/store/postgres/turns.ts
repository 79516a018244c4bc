import type { TurnSlice } from '../contract.ts';
import type { Queries } from './connection.ts';

/** No turn is given further ahead, so that a clock of the database that was set back does not stop everybody. */
const maxAheadMs = 10_000;

const clockMs = '(extract(epoch from clock_timestamp()) * 1000)::double precision';

/**
 * Takes a slice off the one schedule of all processes; see `Store.leaseTurns`. The row says from when on nobody has a
 * turn yet. It is in an unlogged table: a commit of it waits for no disk, and after a crash the schedule begins anew.
 */
export async function leaseTurns(
  queries: Queries,
  { turns, intervalMs, burstMs }: TurnSlice,
): Promise<number> {
  const row = await queries.get(
    `insert into turns as t (name, next_at)
     values ('genauth', ${clockMs} - :burstMs::double precision + :sliceMs::double precision)
     on conflict (name) do update set next_at = least(
       greatest(t.next_at + :sliceMs::double precision, excluded.next_at),
       ${clockMs} + :maxAheadMs::double precision)
     returning next_at - :sliceMs::double precision - ${clockMs} as wait_ms`,
    { burstMs, sliceMs: turns * intervalMs, maxAheadMs },
  );
  return Number(row?.wait_ms);
}

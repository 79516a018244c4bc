import { type Log, traceOf } from '../core/log.ts';
import { recordOutcome } from '../core/outcome.ts';
import type { Store } from '../store/contract.ts';
import { createAllowances } from './allowance.ts';

/** Refusals a minute of one person that are recorded; the trail must not be filled by asking in vain. */
const maxRefusals = 10;

export interface Refusal {
  readonly source: string;
  /** Who asked, such as `api:ada`. */
  readonly actor: string;
  readonly reason: string;
}

export interface RefusalsOptions {
  readonly store: Pick<Store, 'record'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** Records whom we know but did not let. A refusal stands even when it cannot be recorded: this never rejects. */
export function createRefusals({ store, now, log }: RefusalsOptions): (refusal: Refusal) => Promise<void> {
  const allowanceOf = createAllowances(maxRefusals, 60_000);
  return async (refusal) => {
    const time = now();
    if (!allowanceOf(refusal.actor).take(time)) return;
    await store
      .record(recordOutcome({ type: 'request.refused', time, ...refusal }))
      .catch((error: unknown) => log.error(traceOf(error), 'a refusal was not recorded'));
  };
}

import type { Decisions } from './contract/decisions.ts';
import type { Dispatch } from './contract/dispatch.ts';
import type { Intake } from './contract/intake.ts';
import type { Reading } from './contract/reading.ts';
import type { Trail } from './contract/trail.ts';
import type { Upkeep } from './contract/upkeep.ts';

export type * from './contract/decisions.ts';
export type * from './contract/dispatch.ts';
export type * from './contract/intake.ts';
export type * from './contract/reading.ts';
export type * from './contract/trail.ts';
export type * from './contract/upkeep.ts';

/**
 * The durable memory: the only place where the three legs meet.
 *
 * The contract is written for many processes on one store. A promise that resolved means that the change is on disk.
 * All times are epoch milliseconds, and `now` is the caller's clock. An implementation never decides what becomes of
 * an intent; it keeps the order, the leases and the counts, and does what the rules beside it (`acceptance.ts`, `judgement.ts`) say.
 */
export interface Store extends Intake, Dispatch, Decisions, Trail, Reading, Upkeep {
  /** The id of this store, the first part of every id it gives; it stays with the data. */
  readonly id: string;
}

/** Refused by the store because it cannot take more, or is closed; the caller may try again. */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable';
}

/** It is the store that was left: another has its content, or is getting it. */
export class StoreMoved extends StoreUnavailable {
  override readonly name = 'StoreMoved';
}

/** A newer release wrote the store. */
export class StoreNewer extends StoreUnavailable {
  override readonly name = 'StoreNewer';
}

/** Another process has the store for itself. */
export class StoreInUse extends StoreUnavailable {
  override readonly name = 'StoreInUse';
}

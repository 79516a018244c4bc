import type { Store } from '../store/contract.ts';

export interface SequencerOptions {
  readonly store: Pick<Store, 'sequence'>;
  /** The most outcomes of one transaction; 500 unless told. */
  readonly limit?: number;
}

/** Gives outcomes their places in the trail; nobody reads those that have none. */
export function createSequencer({ store, limit = 500 }: SequencerOptions): { tick(): Promise<number> } {
  return { tick: () => store.sequence(limit) };
}

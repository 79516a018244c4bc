import type { Outcome, OutcomeDraft } from '../../core/outcome.ts';
import type { TrailEntry } from '../../core/seal.ts';

/** How outcomes get their places, and are told. */
export interface Trail {
  /** Appends an outcome that belongs to no change of an intent. */
  record(outcome: OutcomeDraft): Promise<void>;

  /** Gives outcomes their positions and hashes, at most `limit`. @returns how many */
  sequence(limit: number): Promise<number>;

  /** Sequenced outcomes past a position, in order. */
  outcomesAfter(position: number, limit: number): Promise<readonly Outcome[]>;

  /** The same with what proves them; for whoever audits the trail, and never for publishers. */
  entriesAfter(position: number, limit: number): Promise<readonly TrailEntry[]>;

  /** Leases a publisher's next outcomes; `null` when it has none, or another process is at it. */
  claimOutcomes(publisher: string, request: OutcomeClaim): Promise<readonly Outcome[] | null>;

  /** Moves a publisher's cursor and ends its lease. @returns false when the lease has passed to another */
  settleOutcomes(publisher: string, token: string, position: number): Promise<boolean>;

  /**
   * Says which publishers this process has, so that pruning waits for them. The cursor of one that no process has had
   * since then is dropped: should it come back, it begins with the oldest outcome that is left.
   * @param forgetBefore epoch milliseconds
   * @returns those that were dropped
   */
  keepPublishers(names: readonly string[], forgetBefore: number, now: number): Promise<readonly string[]>;

  /**
   * Erases what is personal of a person's settled intents, of their outcomes and of the resolved dead letters that
   * name them, and records that somebody did, in one transaction. Changes nothing while an intent of theirs is open.
   */
  erase(erasure: Erasure): Promise<ErasureReceipt>;
}

export interface OutcomeClaim {
  readonly now: number;
  readonly token: string;
  readonly leaseMs: number;
  readonly limit: number;
}

export interface Erasure {
  /** The key of the person; it stands for every intent that is found by it. */
  readonly person: string;
  /** The identifier as it was written, which dead letters are searched for; `null` when only the key is known. */
  readonly userId: string | null;
  /** Who asked for it. */
  readonly by: string;
  readonly at: number;
}

export type ErasureReceipt =
  /** Something about the person is still open: these intents. */
  | { readonly kind: 'open'; readonly intents: readonly string[] }
  | ({ readonly kind: 'erased' } & ErasureCounts);

export interface ErasureCounts {
  readonly intents: number;
  readonly outcomes: number;
  readonly deadLetters: number;
  /** Outcomes that were written before there were seals; they go when they are pruned. */
  readonly unsealed: number;
  /** Dead letters that seem to name the person and are still open: nobody has read them yet. */
  readonly openDeadLetters: readonly string[];
}

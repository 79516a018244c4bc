import type { Admission } from '../../core/admission.ts';
import type { FailureCode } from '../../core/failure.ts';
import type { Act, Decision, Intent } from '../../core/intent.ts';
import type { SafeguardLimit } from '../../core/safeguard.ts';
import type { Page, PageQuery } from './reading.ts';

/** What people decide, and what waits for them. */
export interface Decisions {
  /** A person releases or cancels an intent. Changes nothing in the wrong state. */
  decide(request: DecisionRequest): Promise<DecisionReceipt>;

  /** The same for many at once, in one transaction. @returns what became of each, in order */
  decideAll(requests: readonly DecisionRequest[]): Promise<readonly DecisionReceipt[]>;

  /**
   * Looks after what is held, a bounded part of it at a time: holds scheduled resigns of machines that would be more
   * than a limit lets through around their date; asks anew about what nobody decided for too long; and puts what was
   * held together into sets.
   * @returns how many intents it was about; 0 = nothing is left to do now
   */
  tendHeld(request: TendRequest): Promise<number>;

  /** Sets of which something still waits, newest first. */
  listHeldSets(query: PageQuery): Promise<Page<HeldSet>>;

  findHeldSet(id: string): Promise<HeldSet | null>;

  /**
   * Notes what a person decided about a set, once, and tells of it; nothing joins it any more. Its intents are decided
   * one by one.
   * @param waiting how many must wait of it, so that nothing is decided that the person did not see; `null` = any number
   */
  decideHeldSet(id: string, decision: Decision, waiting: number | null): Promise<DecisionReceipt>;

  /** Pauses a scope or resumes it, and tells who did; survives a restart. */
  setPause(decision: PauseDecision): Promise<void>;

  pauses(): Promise<readonly Pause[]>;
}

/** What became of a decision: what it is about may not be there, or not in a state for it. */
export type DecisionReceipt = 'done' | 'not_found' | 'wrong_state';

export interface DecisionRequest {
  readonly intentId: string;
  readonly decision: Decision;
  /** Of a release: how the intent goes on. Of a cancelation: `canceled`, with the failure to tell. */
  readonly admission: Admission;
  /** Set when only an intent that is held for this very reason is meant; another is in the wrong state. */
  readonly heldFor?: FailureCode;
}

export interface TendRequest {
  readonly now: number;
  /** As in a claim. */
  readonly safeguard: readonly SafeguardLimit[];
  /** What is held since before then, undecided, is asked about anew; epoch milliseconds. */
  readonly askAgainBefore: number;
}

/**
 * What one burst held together: the same source, action and reason; of machines, also the same day to come, and of
 * people, the same person, words and date.
 */
export interface HeldSet {
  readonly id: string;
  readonly source: string;
  readonly action: Act;
  readonly code: FailureCode;
  /** Who asked for all of it; `null` for a machine. */
  readonly actor: string | null;
  /** The day that it is about, as `YYYY-MM-DD` in UTC, where that lay ahead. */
  readonly day: string | null;
  readonly since: number;
  /** How many still wait, and how many it ever had. */
  readonly waiting: number;
  readonly size: number;
  /** What was decided about all of it. */
  readonly decision: Decision | null;
  /** Some of those that wait, or else of all. */
  readonly sample: readonly Intent[];
}

/** `all`, an action, or a source id. */
export type PauseScope = string;

export interface Pause {
  readonly scope: PauseScope;
  readonly by: string;
  readonly at: number;
  readonly reason: string | null;
}

/** Who decided it, when and why; of a resumption, too. */
export interface PauseDecision extends Pause {
  readonly verdict: 'paused' | 'resumed';
}

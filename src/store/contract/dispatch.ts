import type { UserIdType } from '../../core/identifier.ts';
import type { Act, Intent } from '../../core/intent.ts';
import type { SafeguardLimit } from '../../core/safeguard.ts';
import type { IntentSettlement } from '../../core/settlement.ts';

/** How intents are carried out. */
export interface Dispatch {
  /**
   * Claims one batch that may share a call: same action, same `userIdType`, same cap, same need to look first, each
   * person once, oldest first, kicks asked by a person before all. No person is in two batches at once, and of one
   * person's due intents only the oldest is taken. Paused scopes are passed over. Counts machine intents against the
   * safeguard, cuts the batch at its limit and holds what is past it. `null` when nothing can be claimed.
   */
  claim(request: ClaimRequest): Promise<Batch | null>;

  /**
   * Notes, before a resign is sent, whom the look before it showed: from here on it may have been carried out, and the
   * next thing is a look at that very user.
   * @returns the ids of those that may be sent: not who was withdrawn or paused meanwhile, nor a user of whom another
   * resign is under way or was sent since the look, and nobody when the lease has passed
   */
  beginAct(token: string, seen: readonly SeenUser[], times: ActTimes): Promise<readonly string[]>;

  /**
   * Settles every intent of a claimed batch, with its outcomes and the kicks it brings, in one transaction. A resign for
   * which a look-up tells a name under which it was withdrawn is canceled.
   * @returns false, and changes nothing, when the lease has passed to another
   */
  settle(token: string, settlements: readonly IntentSettlement[], now: number): Promise<boolean>;

  /**
   * Leases a slice of the turns to call GenAuth that all processes on this store share. What is not taken in its time is
   * nobody's, so that the share of a process that is gone comes back by itself.
   * @returns in how many milliseconds the first turn is, not further back than `burstMs`; the others follow `intervalMs`
   * apart. `null` when no other process can be on this store: the caller keeps the rate by itself
   */
  leaseTurns(slice: TurnSlice): Promise<number | null>;
}

export interface ClaimRequest {
  readonly now: number;
  /** Names this lease; every settle is conditional on it. */
  readonly token: string;
  readonly leaseMs: number;
  /** How many intents a batch of that action may hold; 0 claims none. */
  readonly limits: Readonly<Record<Act, number>>;
  /** The limits as they stand now; none = nothing is counted against any. */
  readonly safeguard: readonly SafeguardLimit[];
}

export interface Batch {
  readonly token: string;
  readonly action: Act;
  readonly userIdType: UserIdType;
  readonly cap: number;
  readonly acted: boolean;
  readonly intents: readonly Intent[];
}

export interface SeenUser {
  readonly intentId: string;
  /** GenAuth's `user_id`. */
  readonly userId: string;
}

export interface ActTimes {
  readonly now: number;
  /**
   * How long ago the looks began, by the monotonic clock or that of `now`, whichever says longer: what was sent since
   * then they may not show.
   */
  readonly lookAgeMs: number;
}

export interface TurnSlice {
  readonly turns: number;
  /** The time that each turn takes of the rate of all. */
  readonly intervalMs: number;
  /** How much time in which nobody called may be made up for. */
  readonly burstMs: number;
}

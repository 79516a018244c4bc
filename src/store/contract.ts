import type { Admission } from '../core/admission.ts';
import type { FailureCode } from '../core/failure.ts';
import type { UserIdType } from '../core/identifier.ts';
import type { Act, Decision, Intent, IntentFacts, IntentStatus } from '../core/intent.ts';
import type { Outcome, OutcomeDraft } from '../core/outcome.ts';
import type { SafeguardLimit } from '../core/safeguard.ts';
import type { TrailEntry } from '../core/seal.ts';
import type { IntentSettlement } from '../core/settlement.ts';

/**
 * The durable memory: the only place where the three legs meet.
 *
 * The contract is written for many processes on one store. A promise that resolved means that the change is on disk.
 * All times are epoch milliseconds, and `now` is the caller's clock. An implementation never decides what becomes of
 * an intent; it keeps the order, the leases and the counts, and says what the rules of `core` say.
 */
export interface Store {
  /** The id of this store, the first part of every id it gives; it stays with the data. */
  readonly id: string;

  /**
   * Takes in what one delivery became, in one transaction: de-duplicates each part, applies withdraws, replaces what
   * a later event of the same source and subject makes obsolete, stores intents and dead letters, and records the
   * outcomes of what was not simply put in line. Concurrent calls share a commit; one that fails does not fail others.
   */
  accept(acceptance: Acceptance): Promise<AcceptReceipt>;

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
   * @returns the ids of those that may be sent: not who was withdrawn meanwhile, and nobody when the lease has passed
   */
  beginAct(token: string, seen: readonly SeenUser[]): Promise<readonly string[]>;

  /**
   * Settles every intent of a claimed batch, with its outcomes and the kicks it brings, in one transaction.
   * @returns false, and changes nothing, when the lease has passed to another
   */
  settle(token: string, settlements: readonly IntentSettlement[], now: number): Promise<boolean>;

  /** A person releases or cancels an intent. Changes nothing in the wrong state. */
  decide(request: DecisionRequest): Promise<'done' | 'not_found' | 'wrong_state'>;

  /** The same for many at once, in one transaction. @returns what became of each, in order */
  decideAll(requests: readonly DecisionRequest[]): Promise<readonly ('done' | 'not_found' | 'wrong_state')[]>;

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
  /** Notes what a person decided about a set, once; nothing joins it any more. Its intents are decided one by one. */
  decideHeldSet(id: string, decision: Decision): Promise<'done' | 'not_found' | 'wrong_state'>;

  /** Pauses a scope, or resumes it with `null`; survives a restart. */
  setPause(scope: PauseScope, pause: Omit<Pause, 'scope'> | null): Promise<void>;
  pauses(): Promise<readonly Pause[]>;

  /** Appends an outcome that belongs to no change of an intent. */
  record(outcome: OutcomeDraft): Promise<void>;

  /** Intents, newest first. */
  listIntents(query: IntentQuery): Promise<Page<Intent>>;
  findIntent(id: string): Promise<{ readonly intent: Intent; readonly outcomes: readonly Outcome[] } | null>;

  /** Dead letters that are still open, newest first; without their payloads. */
  listDeadLetters(query: PageQuery): Promise<Page<DeadLetter>>;
  /** A dead letter that was read again, and is about nobody any more. */
  resolveDeadLetter(id: string): Promise<void>;
  findDeadLetter(id: string): Promise<(DeadLetter & { readonly payload: DeadLetterPayload }) | null>;

  /** Gives outcomes their positions and hashes, at most `limit`. @returns how many */
  sequence(limit: number): Promise<number>;
  /** Sequenced outcomes past a position, in order. */
  outcomesAfter(position: number, limit: number): Promise<readonly Outcome[]>;
  /** The same with what proves them; for whoever audits the trail, and never for publishers. */
  entriesAfter(position: number, limit: number): Promise<readonly TrailEntry[]>;

  /**
   * Erases what is personal of a person's settled intents, of their outcomes and of the resolved dead letters that
   * name them, and records that somebody did, in one transaction. Changes nothing while an intent of theirs is open.
   */
  erase(erasure: Erasure): Promise<ErasureReceipt>;

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
   * Keeps a note under a key until it expires, in the place of an earlier one: what a conversation with people outside
   * needs to go on after a restart, such as where a message is, or when a source last sent something. Notes that have expired are cleared away meanwhile.
   */
  keepNote(note: Note, now: number): Promise<void>;
  /** The text of a note that has not expired. */
  findNote(key: string, now: number): Promise<string | null>;

  /**
   * Leases a slice of the turns to call GenAuth that all processes on this store share. What is not taken in its time is
   * nobody's, so that the share of a process that is gone comes back by itself.
   * @returns in how many milliseconds the first turn is, not further back than `burstMs`; the others follow `intervalMs`
   * apart. `null` when no other process can be on this store: the caller keeps the rate by itself
   */
  leaseTurns(slice: TurnSlice): Promise<number | null>;

  /** How much is waiting, and how far the publishers are. */
  figures(now: number): Promise<StoreFigures>;
  /** Whether due and unsettled intents are at least that many. */
  isBacklogged(limit: number, now: number): Promise<boolean>;

  /**
   * Deletes what is older than its retention, at most `limit` rows of each kind. Outcomes go from the oldest on, once
   * every publisher has told them; a checkpoint in the trail then says where it begins. @returns how many rows
   */
  prune(before: RetentionLimits, limit: number, now: number): Promise<number>;
  /** Writes to disk, to see whether it can; rejects when it cannot. */
  probe(): Promise<void>;
  /** Finishes what was asked of it; closing twice is closing once. */
  close(): Promise<void>;
}

/** What one delivery, or one request, became. `parts` are in the delivery's own order. */
export interface Acceptance {
  readonly source: string;
  /** The sender's event id, or where that is missing a digest of the content. */
  readonly eventId: string;
  /** Set when `eventId` is a digest: for how long the same bytes may be a repeat. */
  readonly retrySpanMs: number | null;
  /** A digest of the content, by which a caller can tell a repeat from another event under the same id. */
  readonly contentDigest: string;
  readonly receivedAt: number;
  readonly parts: readonly (AcceptedIntent | UnreadablePart)[];
  /** The delivery itself, kept with its dead letters. */
  readonly payload: DeadLetterPayload | null;
}

export interface AcceptedIntent {
  readonly kind: 'intent';
  readonly facts: IntentFacts;
  readonly admission: Admission;
  /** A kick asked for by a person goes before everything else. */
  readonly urgent: boolean;
  /** Does not count against the safeguard; one with a reference does once it is resolved. */
  readonly exempt: boolean;
  /** A withdraw by an operator voids what any source asked for. */
  readonly allSources: boolean;
}

export interface UnreadablePart {
  readonly kind: 'unreadable';
  readonly faults: readonly string[];
}

export interface AcceptReceipt {
  /** `duplicate` when nothing of it was new. */
  readonly kind: 'accepted' | 'duplicate';
  readonly intents: readonly string[];
  readonly deadLetters: readonly string[];
  /** The digest of the content under which this event id was first accepted. */
  readonly contentDigest: string;
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

export interface SeenUser {
  readonly intentId: string;
  /** GenAuth's `user_id`. */
  readonly userId: string;
}

export interface DecisionRequest {
  readonly intentId: string;
  readonly decision: Decision;
  /** For a release: how the intent goes on. When it is canceled: with which failure, if this one is `canceled`. */
  readonly admission: Admission;
  /** Set when only an intent that is held for this very reason is meant; another is in the wrong state. */
  readonly heldFor?: FailureCode;
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

/** See `Store.keepNote`. */
export interface Note {
  readonly key: string;
  readonly text: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** `all`, an action, or a source id. */
export type PauseScope = string;

export interface Pause {
  readonly scope: PauseScope;
  readonly by: string;
  readonly at: number;
  readonly reason: string | null;
}

export interface PageQuery {
  /** The opaque cursor of the page before. */
  readonly cursor: string | null;
  readonly limit: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export interface IntentQuery extends PageQuery {
  readonly statuses: readonly IntentStatus[] | null;
  readonly person: string | null;
  readonly source: string | null;
  /** Only those of a set. */
  readonly heldSet?: string | null;
}

/** The raw delivery of a dead letter; headers that hold secrets are left out. */
export interface DeadLetterPayload {
  readonly method: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly position: string | null;
}

export interface DeadLetter {
  readonly id: string;
  readonly source: string;
  readonly eventId: string;
  /** Which part of the delivery could not be read. */
  readonly part: number;
  readonly receivedAt: number;
  readonly faults: readonly string[];
  /** How often it came, or was replayed, without becoming readable. */
  readonly tries: number;
  readonly status: 'open' | 'resolved';
}

export interface OutcomeClaim {
  readonly now: number;
  readonly token: string;
  readonly leaseMs: number;
  readonly limit: number;
}

export interface TurnSlice {
  readonly turns: number;
  /** The time that each turn takes of the rate of all. */
  readonly intervalMs: number;
  /** How much time in which nobody called may be made up for. */
  readonly burstMs: number;
}

export interface StoreFigures {
  /** Due and unsettled: waiting for their turn, in flight, or backing off. */
  readonly due: number;
  /** Waiting for their date. */
  readonly scheduled: number;
  readonly held: number;
  readonly deadLetters: number;
  /** Since when the oldest due intent could have been done. */
  readonly oldestDueAt: number | null;
  /** The position of the newest sequenced outcome. */
  readonly headPosition: number;
  readonly unsequenced: number;
  /** What it takes on disk, with its indexes. */
  readonly bytes: number;
  readonly cursors: readonly { readonly publisher: string; readonly position: number }[];
}

export interface RetentionLimits {
  readonly settled: number;
  readonly outcomes: number;
  readonly deadLetters: number;
}

/** Refused by the store because it cannot take more, or is closed; the caller may try again. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

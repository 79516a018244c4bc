import type { Admission } from '../../core/admission.ts';
import type { IntentFacts } from '../../core/intent.ts';

/** How deliveries come in. */
export interface Intake {
  /**
   * Takes in what one delivery became, in one transaction: de-duplicates each part, applies withdraws, replaces what
   * a later event of the same source and subject makes obsolete, stores intents and dead letters, and records the
   * outcomes of what was not simply put in line. Concurrent calls share a commit; one that fails does not fail others.
   */
  accept(acceptance: Acceptance): Promise<AcceptReceipt>;

  /** Whether due and unsettled intents are at least that many. */
  isBacklogged(limit: number, now: number): Promise<boolean>;

  /** Since when the oldest due intent is due; `null` = none is. Told as quickly however much is stored. */
  oldestDueAt(now: number): Promise<number | null>;
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

/** The raw delivery of a dead letter; headers that hold secrets are left out. */
export interface DeadLetterPayload {
  readonly method: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly position: string | null;
}

export interface AcceptReceipt {
  /** `duplicate` when nothing of it was new. */
  readonly kind: 'accepted' | 'duplicate';
  readonly intents: readonly string[];
  readonly deadLetters: readonly string[];
  /** The digest of the content under which this event id was first accepted. */
  readonly contentDigest: string;
}

import type { Failure, FailureCode } from './failure.ts';
import type { Identifier } from './identifier.ts';

/** `kick` forces a person offline, `resign` is irreversible, `withdraw` voids what is still pending. */
export const actions = ['kick', 'resign', 'withdraw'] as const;
export type Action = (typeof actions)[number];

/** The actions that reach the management API. */
export type Act = Exclude<Action, 'withdraw'>;

/**
 * The life of an intent:
 *
 *     scheduled ─┐                       ┌─► succeeded
 *        ▲       ├─► pending ─(claimed)──┼─► failed
 *        │       │      ▲                ├─► simulated
 *      held ◄────┴──────┘                └─► canceled
 *
 * `scheduled` waits for its date, `pending` is due, in flight or backing off, `held` waits for a person. A claimed
 * intent stays `pending` under a lease. The last four are final. A withdraw is born `succeeded`.
 */
export const intentStatuses = [
  'scheduled',
  'pending',
  'held',
  'succeeded',
  'failed',
  'canceled',
  'simulated',
] as const;
export type IntentStatus = (typeof intentStatuses)[number];
export type FinalStatus = 'succeeded' | 'failed' | 'canceled' | 'simulated';

/** What a handler makes of a delivery. Times are epoch milliseconds; `identifiers` go by preference, at least one. */
export interface IntentDraft {
  readonly action: Action;
  readonly identifiers: readonly Identifier[];
  /** The sender's own stable id of the person. */
  readonly subject?: string | undefined;
  readonly occurredAt?: number | undefined;
  readonly effectiveAt?: number | undefined;
  readonly reason?: string | undefined;
  /** Who the sender says asked; only a claim. */
  readonly requestedBy?: string | undefined;
  /** The apps a kick signs out of; absent or empty means the configured ones. */
  readonly appIds?: readonly string[] | undefined;
  /**
   * Set when the event carries an id only: what the handler's `lookup` asks the vendor about. Until then the
   * identifiers only tell people apart; nobody is acted on by them.
   */
  readonly reference?: string | undefined;
  /** Set when the source cannot vouch for the act, so that a person must. */
  readonly hold?: Failure | undefined;
}

/** The part of an intent that never changes after it was accepted. */
export interface IntentFacts {
  readonly action: Action;
  readonly identifiers: readonly Identifier[];
  readonly subject: string | null;
  readonly appIds: readonly string[];
  readonly reason: string | null;
  readonly requestedBy: string | null;
  /** Who we authenticated, such as `api:ada`; `null` for a machine. */
  readonly actor: string | null;
  readonly occurredAt: number | null;
  readonly effectiveAt: number | null;
  /** The intent that an operator's retry repeats. */
  readonly retryOf: string | null;
  /** The resign that brought this kick. */
  readonly broughtBy: string | null;
  /** What is looked up before anything else; see the draft. */
  readonly reference?: string | undefined;
  /** The W3C trace context that the delivery came in. */
  readonly traceparent: string | null;
}

export interface Decision {
  readonly by: string;
  readonly at: number;
  readonly verdict: 'approved' | 'canceled';
  readonly reason: string | null;
}

/** The management API's last answer to an intent, as far as outcomes show it. */
export interface AnswerSummary {
  readonly statusCode: number | null;
  readonly apiCode: number | null;
  readonly requestId: string | null;
  readonly message: string | null;
}

/** What there is to show where no answer came. */
export const noAnswer: AnswerSummary = { statusCode: null, apiCode: null, requestId: null, message: null };

/** What a look-up found out about an intent; kept with its progress. */
export interface Resolution {
  readonly identifiers: readonly Identifier[];
  /** The day that the vendor named; it takes the place of the event's. */
  readonly effectiveAt: number | null;
  /** False while the day is still to come: then the vendor is asked again. */
  readonly settled: boolean;
}

/** An intent as the store keeps it. */
export interface Intent extends IntentFacts {
  readonly id: string;
  readonly source: string;
  readonly eventId: string;
  readonly person: string;
  readonly receivedAt: number;
  readonly status: IntentStatus;
  /** When it may be claimed next; `null` once it is final. */
  readonly dueAt: number | null;
  readonly settledAt: number | null;
  /** Which identifier's turn it is. */
  readonly identifierIndex: number;
  /** The most intents that may share its next call; halves after a refused batch. */
  readonly cap: number;
  readonly attempts: number;
  /** A call may have been carried out whose effect was not seen yet; the next thing is a look. */
  readonly acted: boolean;
  /** The `user_id` that a look showed. */
  readonly seenUserId: string | null;
  /** When a resign was last about to be sent; once it is settled, until when it may have been. Epoch milliseconds. */
  readonly actedAt?: number | null;
  /** The resign has brought its first kick. */
  readonly kickBrought: boolean;
  /** The reasons to hold it that a person has waived. */
  readonly waived: readonly FailureCode[];
  readonly decisions: readonly Decision[];
  /** A later event wants it undone, but a call was under way. */
  readonly voided: Failure | null;
  readonly failure: Failure | null;
  readonly answer: AnswerSummary | null;
  /** The set of what was held together that it is, or was last, part of. */
  readonly heldSet?: string | null;
  /** What a look-up found; its identifiers and its day are already in the place of the event's. */
  readonly resolution?: Resolution | null;
}

/** Whether the vendor has to be asked before anybody is acted on. */
export function needsLookup(intent: Pick<Intent, 'reference' | 'resolution'>): boolean {
  return intent.reference !== undefined && !intent.resolution?.settled;
}

/** An intent with what a look-up found in the place of what its event said. */
export function applyResolution<Facts extends Pick<IntentFacts, 'identifiers' | 'effectiveAt'>>(
  facts: Facts,
  resolution: Resolution | null | undefined,
): Facts {
  if (!resolution) return facts;
  const { identifiers, effectiveAt } = resolution;
  return { ...facts, identifiers, effectiveAt: effectiveAt ?? facts.effectiveAt };
}

/** The identifier whose turn it is. */
export function identifierInTurn(intent: Pick<Intent, 'identifiers' | 'identifierIndex'>): Identifier {
  const identifier = intent.identifiers[intent.identifierIndex];
  if (!identifier) throw new Error(`intent has no identifier ${intent.identifierIndex}`);
  return identifier;
}

/** Since when an intent could have been done; giving up is by this age. Epoch milliseconds. */
export function waitingSince(intent: Pick<Intent, 'receivedAt' | 'effectiveAt' | 'decisions'>): number {
  return Math.max(intent.receivedAt, intent.effectiveAt ?? 0, intent.decisions.at(-1)?.at ?? 0);
}

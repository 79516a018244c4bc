import type { Intent, IntentStatus } from '../../core/intent.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { DeadLetterPayload } from './intake.ts';

/** What there is to see. */
export interface Reading {
  /** Intents, newest first. */
  listIntents(query: IntentQuery): Promise<Page<Intent>>;

  findIntent(id: string): Promise<{ readonly intent: Intent; readonly outcomes: readonly Outcome[] } | null>;

  /** Dead letters that are still open, newest first; without their payloads. */
  listDeadLetters(query: PageQuery): Promise<Page<DeadLetter>>;

  findDeadLetter(id: string): Promise<(DeadLetter & { readonly payload: DeadLetterPayload }) | null>;

  /** A dead letter that was read again, and is about nobody any more. */
  resolveDeadLetter(id: string): Promise<void>;

  /** How much is waiting, and how far the publishers are. */
  figures(now: number): Promise<StoreFigures>;
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

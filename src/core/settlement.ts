import type { Failure } from './failure.ts';
import type { Identifier } from './identifier.ts';
import type { AnswerSummary, FinalStatus, Resolution } from './intent.ts';

/** What becomes of one intent of a batch after its looks and calls. */
export type Settlement =
  | {
      readonly kind: 'final';
      readonly status: FinalStatus;
      /** `null` = not checked. */
      readonly confirmed: boolean | null;
      readonly dryRun: boolean;
      readonly failure: Failure | null;
    }
  | { readonly kind: 'hold'; readonly failure: Failure }
  | {
      /** A look-up told who it is. It goes on from the start: pending, or scheduled for the day that was named. */
      readonly kind: 'resolved';
      readonly resolution: Resolution;
      /** Epoch milliseconds. */
      readonly dueAt: number;
    }
  | {
      readonly kind: 'again';
      /** Epoch milliseconds. */
      readonly dueAt: number;
      readonly cap: number;
      readonly identifierIndex: number;
      readonly attempts: number;
      readonly acted: boolean;
    };

export interface IntentSettlement {
  readonly intentId: string;
  readonly settlement: Settlement;
  readonly seenUserId: string | null;
  readonly answer: AnswerSummary | null;
  /** The kick that a resign brings, created with the settlement; its identifiers by preference. */
  readonly bringKick: readonly Identifier[] | null;
}

import type { Acceptance, AcceptedIntent, UnreadablePart } from '../contract.ts';
import { marksOf } from '../rows.ts';

/** A part of a delivery that could be read, by its place in it. */
export interface Part {
  readonly acceptance: Acceptance;
  readonly part: number;
  readonly accepted: AcceptedIntent;
  /** See `marksOf`. */
  readonly marks: readonly string[];
}

/** The parts of a delivery, in its order. */
export function partsOf(acceptance: Acceptance): readonly (Part | UnreadablePart)[] {
  return acceptance.parts.map((accepted, part) =>
    accepted.kind === 'intent'
      ? { acceptance, part, accepted, marks: marksOf(acceptance.source, accepted.facts) }
      : accepted,
  );
}

export function isReadable(part: Part | UnreadablePart): part is Part {
  return 'accepted' in part;
}

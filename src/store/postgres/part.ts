import type { Acceptance, AcceptedIntent } from '../contract.ts';

/** A part of a delivery that could be read, by its place in it. */
export interface Part {
  readonly acceptance: Acceptance;
  readonly part: number;
  readonly accepted: AcceptedIntent;
}

export function readableParts(acceptance: Acceptance): Part[] {
  return acceptance.parts.flatMap((accepted, part) =>
    accepted.kind === 'intent' ? [{ acceptance, part, accepted }] : [],
  );
}

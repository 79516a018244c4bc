import { type Outcome, type OutcomeDraft, outcomeHash, placeOutcome } from '../core/outcome.ts';
import { type Origin, type Row, showId } from './rows.ts';

/** The newest place of the trail, and its hash. */
export interface Trail {
  readonly position: number;
  readonly hash: string;
}

/** The place that a row of an outcome gets. */
export interface PlacedRow extends Trail {
  readonly seq: number;
  readonly previousHash: string;
}

export function readOutcome(origin: Origin, row: Row): Outcome {
  return placeOutcome(JSON.parse(String(row.draft)) as OutcomeDraft, {
    id: showId(origin, Number(row.seq), 'o'),
    position: Number(row.position),
    previousHash: String(row.previous_hash),
  });
}

/** Gives outcomes their places after the newest, each with the hash of the one before. */
export function placeRows(origin: Origin, rows: readonly Row[], trail: Trail): PlacedRow[] {
  let { position, hash } = trail;
  return rows.map((row) => {
    const previousHash = hash;
    position += 1;
    hash = outcomeHash(readOutcome(origin, { ...row, position, previous_hash: previousHash }));
    return { seq: Number(row.seq), position, previousHash, hash };
  });
}

import { type Outcome, type OutcomeDraft, type Pruning, placeOutcome } from '../core/outcome.ts';
import { eraseDraft, newSalt, outcomeHash, type Seal, sealDigest, type TrailEntry } from '../core/seal.ts';
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
  readonly salt: string;
}

export function readOutcome(origin: Origin, row: Row): Outcome {
  return placeOutcome(JSON.parse(String(row.draft)) as OutcomeDraft, {
    id: showId(origin, Number(row.seq), 'o'),
    position: Number(row.position),
    previousHash: String(row.previous_hash),
  });
}

export function readEntry(origin: Origin, row: Row): TrailEntry {
  return { outcome: readOutcome(origin, row), seal: readSeal(row) };
}

function readSeal({ salt, sealed }: Row): Seal {
  if (typeof salt === 'string') return { salt };
  return typeof sealed === 'string' ? { digest: sealed } : null;
}

/** What is left of an outcome's row once its personal part is erased. */
export interface ErasedRow {
  readonly seq: number;
  readonly draft: string;
  readonly sealed: string | null;
}

/**
 * Erases what is personal of the rows of outcomes. One that has no place yet is erased before it is told. One that
 * was written before there were seals cannot be: its hash is over everything.
 */
export function eraseRows(rows: readonly Row[]): { erased: ErasedRow[]; unsealed: number } {
  let unsealed = 0;
  const erased = rows.flatMap((row) => {
    if (typeof row.sealed === 'string') return [];
    const draft = JSON.parse(String(row.draft)) as OutcomeDraft;
    const { salt } = row;
    if (row.position !== null && typeof salt !== 'string') {
      unsealed += 1;
      return [];
    }
    const sealed = typeof salt === 'string' ? sealDigest(draft, salt) : null;
    return [{ seq: Number(row.seq), draft: JSON.stringify(eraseDraft(draft)), sealed }];
  });
  return { erased, unsealed };
}

/**
 * The last of the outcomes that may go: the oldest ones, up to the first that is not past its retention or that a
 * publisher has not told. `null` = none.
 * @param rows the first of the trail, in order
 */
export function lastToPrune(
  rows: readonly Row[],
  { before, told }: { before: number; told: number },
): Pruning | null {
  const kept = rows.findIndex((row) => Number(row.recorded_at) >= before || Number(row.position) > told);
  const last = kept === -1 ? rows.at(-1) : rows[kept - 1];
  return last ? { position: Number(last.position), hash: String(last.hash) } : null;
}

/** Gives outcomes their places after the newest, each with the hash of the one before. */
export function placeRows(origin: Origin, rows: readonly Row[], trail: Trail): PlacedRow[] {
  let { position, hash } = trail;
  return rows.map((row) => {
    const previousHash = hash;
    const salt = newSalt();
    position += 1;
    hash = outcomeHash(readOutcome(origin, { ...row, position, previous_hash: previousHash }), { salt });
    return { seq: Number(row.seq), position, previousHash, hash, salt };
  });
}

import { hash } from 'node:crypto';
import type { Failure, FailureCode } from '../core/failure.ts';
import type { Act, Decision, Intent } from '../core/intent.ts';
import { type OutcomeDraft, recordOutcome } from '../core/outcome.ts';
import { covers, mostOf, type SafeguardLimit, settingOf } from '../core/safeguard.ts';
import type { HeldSet } from './contract.ts';
import { type Origin, type Row, readIntent, type StoredIntent, showId } from './rows.ts';

/** The most intents that one look after what is held changes, so that it stays short. */
export const maxTended = 500;
/** So many of a set are shown. */
export const sampleSize = 10;
/** What was held longer than this after the last of a set is another burst, in milliseconds; days to come do not end so. */
export const burstGapMs = 600_000;
/** Marks intents that belong to no set: only whoever asked can confirm them. */
export const noSet = 0;

/** What intents of one set have in common. */
export interface SetKind {
  readonly source: string;
  readonly action: string;
  readonly code: FailureCode;
  readonly actor: string | null;
  /** `day:YYYY-MM-DD`, `words:` and a digest of what a person asked for, or empty. */
  readonly about: string;
}

/** The kind of set that a held intent belongs to; `null` = to none. */
export function setKindOf(intent: Intent, now: number): SetKind | null {
  const { source, action, actor, reason, effectiveAt, failure } = intent;
  if (!failure || failure.code === 'needs_confirmation') return null;
  const isAhead = effectiveAt !== null && effectiveAt > now;
  const day = isAhead ? `day:${new Date(effectiveAt).toISOString().slice(0, 10)}` : '';
  const words = hash('sha256', JSON.stringify([effectiveAt, reason]), 'base64url').slice(0, 22);
  const about = actor === null ? day : `words:${words}`;
  return { source, action, code: failure.code, actor, about };
}

/** That somebody decided about a set. */
export function heldSetOutcome(
  { id, source }: Pick<HeldSet, 'id' | 'source'>,
  { verdict, by, at, reason }: Decision,
): OutcomeDraft {
  const facts = { source, time: at, actor: by, reason, reference: id, verdict };
  return recordOutcome({ type: 'operator.decided', ...facts });
}

/** The intents of each kind among those that have no set yet; `none` are of no set. */
export function groupHeld(
  rows: readonly StoredIntent[],
  now: number,
): {
  readonly kinds: readonly { kind: SetKind; seqs: readonly number[] }[];
  readonly none: readonly number[];
} {
  const groups = new Map<string, { kind: SetKind; seqs: number[] }>();
  const none: number[] = [];
  for (const { seq, intent } of rows) {
    const kind = setKindOf(intent, now);
    if (!kind) {
      none.push(seq);
      continue;
    }
    const key = JSON.stringify(Object.values(kind));
    const group = groups.get(key) ?? { kind, seqs: [] };
    group.seqs.push(seq);
    groups.set(key, group);
  }
  return { kinds: [...groups.values()], none };
}

/** @param counts `waiting` and `size`, beside the columns of the set */
export function readHeldSet(origin: Origin, row: Row, sample: readonly Row[]): HeldSet {
  const [, day = null] = /^day:(.*)$/.exec(String(row.about)) ?? [];
  return {
    id: showId(origin, Number(row.seq), 'h'),
    source: String(row.source),
    action: row.action as Act,
    code: row.code as FailureCode,
    actor: row.actor === null ? null : String(row.actor),
    day,
    since: Number(row.since),
    waiting: Number(row.waiting),
    size: Number(row.size),
    decision: readDecision(row),
    sample: sample.map((one) => readIntent(origin, one).intent),
  };
}

function readDecision({ verdict, decided_by, decided_at, reason }: Row): Decision | null {
  if (verdict === null) return null;
  return {
    verdict: verdict as Decision['verdict'],
    by: String(decided_by),
    at: Number(decided_at),
    reason: reason === null ? null : String(reason),
  };
}

/** The failure of what is asked about anew: the same, and since when it has been held. */
export function askedAgain(failure: Failure, since: number): Failure {
  if (/^held since \S+: /.test(failure.message)) return failure;
  return { ...failure, message: `held since ${new Date(since).toISOString()}: ${failure.message}` };
}

/** A limit at a date, for which the store says when else resigns begin. */
export interface Around {
  readonly limit: SafeguardLimit;
  readonly at: number;
  readonly most: number;
}

/** Every limit at every date of these resigns. */
export function datesToLookAt(rows: readonly StoredIntent[], limits: readonly SafeguardLimit[]): Around[] {
  return limits.flatMap((limit) => {
    const most = mostOf(limit, 'resign');
    if (most === null) return [];
    const dates = rows.flatMap(({ intent }) => (covers(limit, intent.source) ? [intent.dueAt ?? 0] : []));
    return [...new Set(dates)].map((at) => ({ limit, at, most }));
  });
}

/** An `Around` with the times, in any order, within a window's length of its date. */
export interface Neighbours extends Around {
  readonly times: readonly number[];
}

/** Which of these resigns, each after those before it, a limit has room for; the others with the limits that have none. */
export function foresee(
  rows: readonly StoredIntent[],
  neighbours: readonly Neighbours[],
): readonly { readonly stored: StoredIntent; readonly full: readonly SafeguardLimit[] }[] {
  const admitted: { source: string; at: number }[] = [];
  return rows.map((stored) => {
    const { source, dueAt } = stored.intent;
    const at = dueAt ?? 0;
    const full = neighbours
      .filter((one) => one.at === at && covers(one.limit, source))
      .filter(({ limit, most, times }) => {
        const others = admitted.filter((one) => covers(limit, one.source)).map((one) => one.at);
        return !hasRoom([...times, ...others], { at, most, perMs: limit.perMs });
      })
      .map(({ limit }) => limit);
    if (full.length === 0) admitted.push({ source, at });
    return { stored, full };
  });
}

/** Whether one more at that time leaves every window of that length with no more than the most. */
export function hasRoom(
  times: readonly number[],
  { at, most, perMs }: { at: number; most: number; perMs: number },
): boolean {
  const near = [...times.filter((time) => Math.abs(time - at) < perMs), at].sort((a, b) => a - b);
  let first = 0;
  for (const [index, time] of near.entries()) {
    while (time - (near[first] ?? 0) >= perMs) first += 1;
    const isAround = (near[first] ?? 0) <= at && time >= at;
    if (isAround && index - first + 1 > most) return false;
  }
  return true;
}

/** Why a resign is held before its date. */
export function aheadFailure(full: readonly SafeguardLimit[], source: string): Failure {
  return {
    code: 'safeguard',
    message: `more resigns around that date than ${settingOf(full, source)} allows`,
  };
}

import { identifierKey, type UserIdType } from '../core/identifier.ts';
import { type Act, identifierInTurn } from '../core/intent.ts';
import { covers, mostOf, type SafeguardLimit } from '../core/safeguard.ts';
import type { Batch, ClaimRequest } from './contract.ts';
import { type Origin, type Row, readIntent } from './rows.ts';

/** The most intents that one claim holds at the safeguard, so that a claim stays short. */
export const maxHeldPerClaim = 500;

/** Whether an intent is still to be counted by the safeguard. */
export function needsCount(row: Row): boolean {
  return row.exempt === 0 && row.counted_at === null;
}

/**
 * Whether a call of it may have been carried out. A row that is claimed while it has a lease is one whose holder is
 * gone: a resign notes before its call that it is sent, a kick does not.
 */
export function isActed(row: Row): boolean {
  return row.acted === 1 || (row.action === 'kick' && row.lease_token !== null);
}

/** How many intents of machines a limit still lets begin in the window that ends now. */
export interface Room {
  readonly limit: SafeguardLimit;
  readonly left: number;
}

/** @param counted how many were counted within the window of a limit */
export function roomOf(limit: SafeguardLimit, action: Act, counted: number): Room | null {
  const most = mostOf(limit, action);
  return most === null ? null : { limit, left: Math.max(0, most - counted) };
}

/** What may share a call now. */
export interface Cut {
  readonly rows: readonly Row[];
  /** The limits that have no room left after it: what else they cover is held. */
  readonly full: readonly SafeguardLimit[];
}

/** Of the rows that may share a call, each user once, those for which every limit has room. */
export function cutBatch(origin: Origin, rows: readonly Row[], rooms: readonly Room[]): Cut {
  const users = new Set<string>();
  const left = new Map(rooms.map((room) => [room.limit, room.left]));
  const taken = rows.filter((row) => {
    const user = identifierKey(identifierInTurn(readIntent(origin, row).intent));
    if (users.has(user)) return false;
    if (needsCount(row)) {
      const counting = [...left].filter(([limit]) => covers(limit, String(row.source)));
      if (counting.some(([, room]) => room <= 0)) return false;
      for (const [limit, room] of counting) left.set(limit, room - 1);
    }
    users.add(user);
    return true;
  });
  return { rows: taken, full: [...left].flatMap(([limit, room]) => (room <= 0 ? [limit] : [])) };
}

/** Whose intents full limits hold: of all sources, or of these. */
export function heldSources(full: readonly SafeguardLimit[]): 'all' | readonly string[] {
  const sources = full.flatMap(({ source }) => source ?? []);
  return sources.length < full.length ? 'all' : sources;
}

/** The batch of rows that were leased, as they stand after it; the first says what they have in common. */
export function batchOf(
  origin: Origin,
  { token }: ClaimRequest,
  [head, ...rest]: readonly [Row, ...Row[]],
): Batch {
  const acted = isActed(head);
  const intents = [head, ...rest].map((row) => {
    const { intent } = readIntent(origin, row);
    return { ...intent, status: 'pending' as const, acted };
  });
  return {
    token,
    action: head.action as Act,
    userIdType: head.user_id_type as UserIdType,
    cap: Number(head.cap),
    acted,
    intents,
  };
}

import { identifierKey, type UserIdType } from '../core/identifier.ts';
import { type Act, identifierInTurn } from '../core/intent.ts';
import type { Batch, ClaimRequest, SafeguardPolicy } from './contract.ts';
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

/** How many intents of machines may still be started in a window in which that many were counted. */
export function allowanceOf(safeguard: SafeguardPolicy, action: Act, counted: number): number {
  const limit = action === 'resign' ? safeguard.maxResigns : safeguard.maxKicks;
  return Math.max(0, limit - counted);
}

/** Of the rows that may share a call, each user once, cut at the safeguard's allowance. */
export function cutBatch(origin: Origin, rows: readonly Row[], allowance: number): Row[] {
  const users = new Set<string>();
  let left = allowance;
  return rows.filter((row) => {
    const user = identifierKey(identifierInTurn(readIntent(origin, row).intent));
    if (users.has(user)) return false;
    if (needsCount(row) && left-- <= 0) return false;
    users.add(user);
    return true;
  });
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

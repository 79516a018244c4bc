import { type DayEnd, readLastDay } from './calendar.ts';
import { MalformedDelivery } from './delivery.ts';
import type { IntentDraft } from './intent.ts';

/** What an event asks for, whoever it is about. */
export type Verdict = Pick<IntentDraft, 'action' | 'effectiveAt' | 'hold'>;

/** A resign that waits for a person, because the vendor's word is not enough. */
export function heldResign(
  code: 'status_unknown' | 'record_deleted',
  message: string,
): Verdict & {
  readonly hold: NonNullable<Verdict['hold']>;
} {
  return { action: 'resign', hold: { code, message } };
}

/** A status may lag behind its day by so much. */
const statusLagMs = 2 * 86_400_000;

/**
 * Whether a last day that is told beside a status which says active is that of an earlier employment: it was over for
 * more than two days when it was told. Both in epoch milliseconds; without either it is not.
 */
export function isBygone(lastDayEnd: number | undefined, toldAt: number | undefined): boolean {
  return lastDayEnd !== undefined && toldAt !== undefined && lastDayEnd < toldAt - statusLagMs;
}

/**
 * When the last day is over that a delivery names at `path`; `undefined` when it names none.
 * @throws MalformedDelivery when it is no day
 */
export function lastDayAt(path: string, date: string | null | undefined, dayEnd: DayEnd): number | undefined {
  if (!date) return undefined;
  const end = readLastDay(date, dayEnd);
  if (end === undefined) throw new MalformedDelivery(`${path}: is not a date`);
  return end;
}

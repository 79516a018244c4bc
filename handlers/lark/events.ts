import { z } from 'zod';
import { directoryId, type IntentDraft, readShape } from '../../src/core/handler.ts';

// A field that the app may not read is missing or empty.
const id = directoryId.optional().catch(undefined);
const text = z.string().catch('');
const personSchema = z.object({
  open_id: id,
  union_id: id,
  user_id: id,
  employee_id: id,
  email: text,
  mobile: text,
});
export type Person = z.output<typeof personSchema>;

const flag = z.boolean().default(false);
const statusSchema = z.object({ is_frozen: flag, is_exited: flag, is_resigned: flag });
type Status = z.output<typeof statusSchema>;

const leftSchema = z.object({ object: personSchema });
const updatedSchema = z.object({
  object: personSchema.extend({ status: statusSchema.prefault({}) }),
  old_object: z.object({ status: statusSchema.optional() }),
});
const statusChangeSchema = z.object({ before_status: statusSchema, current_status: statusSchema });
const offboardingSchema = z.object({
  target_user_id: personSchema,
  status: z.int(),
  offboarding_date: z.unknown().optional(),
});

/** What an event says of a person. */
export type Change = Pick<IntentDraft, 'action' | 'effectiveAt'> & { readonly person: Person };

/**
 * By the type of an event. The first three are of schema 2.0; the type is the word, because the published example of
 * a departure still says `is_resigned: false`.
 */
const readings = new Map<string, (event: unknown) => Change | null>([
  ['contact.user.deleted_v3', (event) => ({ action: 'resign', person: readShape(leftSchema, event).object })],
  ['contact.user.updated_v3', readUpdate],
  ['corehr.offboarding.status_updated_v2', readOffboarding],
  ['user_leave', (event) => ({ action: 'resign', person: readShape(personSchema, event) })],
  ['user_status_change', readStatusChange],
]);

/** What an event says; `null` when it is not our business. @throws MalformedDelivery */
export function readChange(type: string, event: unknown): Change | null {
  return readings.get(type)?.(event) ?? null;
}

function readUpdate(event: unknown): Change | null {
  const { object, old_object } = readShape(updatedSchema, event);
  return old_object.status ? readTransition(old_object.status, object.status, object) : null;
}

function readStatusChange(event: unknown): Change | null {
  const { before_status, current_status } = readShape(statusChangeSchema, event);
  return readTransition(before_status, current_status, readShape(personSchema, event));
}

/** Only a change counts: other fields of a frozen person change too. A resign outdoes a kick. */
function readTransition(before: Status, now: Status, person: Person): Change | null {
  const became = (flag: keyof Status): boolean => now[flag] && !before[flag];
  if (became('is_resigned')) return { action: 'resign', person };
  return became('is_frozen') || became('is_exited') ? { action: 'kick', person } : null;
}

/** 1 = started, 2 = approved, 3 = in effect, 4 = rejected, 5 = withdrawn, 6 = needs no approval. */
function readOffboarding(event: unknown): Change | null {
  const { status, target_user_id: person, offboarding_date } = readShape(offboardingSchema, event);
  if (status === 3) return { action: 'resign', person };
  if (status === 4 || status === 5) return { action: 'withdraw', person };
  const effectiveAt = status === 2 ? endOfDay(offboarding_date) : undefined;
  return effectiveAt === undefined ? null : { action: 'resign', effectiveAt, person };
}

/**
 * When a day is over everywhere on earth. The date has no time zone, and nobody may be locked out early; status 3
 * comes at the hour that counts, and takes the place of what waits for this one.
 */
function endOfDay(date: unknown): number | undefined {
  const ms = typeof date === 'string' && /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms + 36 * 3_600_000;
}

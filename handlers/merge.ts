import { z } from 'zod';
import {
  atSite,
  defineHandler,
  heldResign,
  hmacScheme,
  identify,
  idShape,
  isBygone,
  lastDayAt,
  MalformedDelivery,
  parseJsonBody,
  readInstant,
  readShape,
  type Verdict,
  verifyScheme,
} from '../src/core/handler.ts';
import { type Settings, settings } from './merge/settings.ts';

const scheme = hmacScheme({ header: 'X-Merge-Webhook-Signature', encoding: 'base64url' });

const hookShape = z.object({
  hook: z.object({ event: z.string() }),
  linked_account: z.object({
    id: idShape.nullish(),
    end_user_origin_id: idShape.or(z.literal('')).nullish(),
  }),
});
const employeeShape = z.object({
  id: idShape,
  remote_id: z.string().nullish(),
  employee_number: z.string().nullish(),
  username: z.string().nullish(),
  work_email: z.string().nullish(),
  mobile_phone_number: z.string().nullish(),
  employment_status: z.string().nullish(),
  termination_date: z.string().nullish(),
  work_location: idShape.nullish().catch(null),
  remote_was_deleted: z.boolean().nullish(),
  modified_at: z.string().nullish(),
});
type Employee = z.output<typeof employeeShape>;

/**
 * Merge's webhooks of its HRIS category. Merge syncs with the HR system behind it now and then, so this is not at once.
 * Source: docs.merge.dev/basics/webhooks/merge-webhooks, and the employee of github.com/merge-api/merge-node-client.
 * Whether signatures are padded is not said: both are taken.
 */
export const merge = defineHandler<Settings>({
  settings,
  // Neither an event id nor retries are documented: `hook.id` is that of the hook.
  retrySpanMs: 3 * 86_400_000,

  verify: (delivery, { secrets }, now) => verifyScheme(delivery, { scheme, secrets, now }),

  normalize(delivery, settings) {
    const body = parseJsonBody(delivery);
    const { hook, linked_account: account } = readShape(hookShape, body);
    if (hook.event !== 'Employee.changed') return [];
    const { tenant } = settings;
    if (tenant !== null && account.id !== tenant && account.end_user_origin_id !== tenant) {
      throw new MalformedDelivery('linked_account: is not the tenant of this source');
    }
    const { data } = readShape(z.object({ data: employeeShape }), body);
    const verdict = judge(data, atSite(settings, data.work_location));
    if (!verdict) return [];
    const offer = {
      external_id: data[settings.externalIdField],
      email: data.work_email,
      username: data.username,
      phone: data.mobile_phone_number,
    };
    const identifiers = identify(offer, settings);
    return [{ ...verdict, identifiers, subject: data.id, occurredAt: readInstant(data.modified_at) }];
  },
});

const recordDeleted = heldResign(
  'record_deleted',
  'Merge says that the record was deleted, not that the person left',
);

/** A record tells how things are, not what changed: one that is active and has no date may have had one. */
function judge(
  {
    remote_was_deleted: deleted,
    employment_status: status,
    termination_date: date,
    modified_at: modifiedAt,
  }: Employee,
  dayEnd: Settings,
): Verdict | null {
  if (deleted) return recordDeleted;
  if (status === 'INACTIVE') return { action: 'resign' };
  if (!date) return status === 'ACTIVE' ? { action: 'withdraw' } : null;
  const effectiveAt = lastDayAt('data.termination_date', date, dayEnd);
  // Whoever is hired again may keep the old day.
  if (status === 'ACTIVE' && isBygone(effectiveAt, readInstant(modifiedAt))) return null;
  return { action: 'resign', effectiveAt };
}

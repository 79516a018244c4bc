import { z } from 'zod';
import {
  atSite,
  checkTenant,
  type Delivery,
  defineHandler,
  heldResign,
  hrSettings,
  identify,
  idShape,
  isBygone,
  isKnownToken,
  lastDayAt,
  lastDaySettings,
  MalformedDelivery,
  parseJsonBody,
  readInstant,
  readShape,
  secretsSetting,
  sitesSetting,
  UnverifiedDelivery,
  type Verdict,
} from '../src/core/handler.ts';

const settings = z.object({
  ...hrSettings(['external_id', 'email', 'username']),
  secrets: secretsSetting.describe('the challenges that were given to Factorial; it sends them back'),
  externalIdField: z
    .enum(['id', 'company_identifier'])
    .default('id')
    .describe('which of the ids provisioning wrote to the external id'),
  sites: sitesSetting.describe('the time zones of places of work, by location_id; elsewhere timezone counts'),
  ...lastDaySettings,
});
type Settings = z.output<typeof settings>;

/** Of the whole record, which has bank and social security numbers, these fields and no others. */
const employeeShape = z.object({
  id: idShape,
  company_id: idShape.nullish(),
  login_email: z.string().nullish(),
  company_identifier: z.string().nullish(),
  location_id: idShape.nullish().catch(null),
  terminated_on: z.string().nullish(),
  active: z.boolean().nullish(),
  updated_at: z.string().nullish(),
});
type Employee = z.output<typeof employeeShape>;

const challengeHeader = 'x-factorial-wh-challenge';

/** Those of Factorial's events of an employee that say something of an end. */
const events = ['terminate', 'unterminate', 'update'] as const;
type Event = (typeof events)[number];

/**
 * Factorial's webhooks. Every request carries the `challenge` as it was set, and nothing else is signed.
 * Source: apidoc.factorialhr.com/docs/manage-webhooks and /docs/webhooks-policies. `email` and `personal_email` are
 * private addresses; `login_email` is the one of the work.
 */
export const factorial = defineHandler<Settings>({
  settings,
  // Of a record without updated_at. Twenty attempts within 48 hours.
  retrySpanMs: 49 * 3_600_000,

  secretHeader: () => challengeHeader,

  verify({ headers }, { secrets }) {
    if (!isKnownToken(headers[challengeHeader], secrets)) {
      throw new UnverifiedDelivery(`${challengeHeader} is none of the secrets`);
    }
  },

  /**
   * Factorial gives no id, and may send the same record for several events. The event, the employee and `updated_at`
   * tell one from the next; what the verdict rests on is beside them, should it change without `updated_at`. The URL is
   * vouched for like the body, by the challenge.
   */
  eventId(delivery) {
    try {
      const { id, updated_at, terminated_on, active } = readShape(employeeShape, parseJsonBody(delivery));
      const parts = [nameIn(delivery), id, updated_at, terminated_on, active];
      return updated_at ? parts.map((part) => part ?? '').join(' ') : null;
    } catch {
      return null;
    }
  },

  normalize(delivery, settings) {
    const employee = readShape(employeeShape, parseJsonBody(delivery));
    checkTenant(employee.company_id, settings.tenant, 'company_id');
    const verdict = judge(readEvent(delivery), employee, atSite(settings, employee.location_id));
    if (!verdict) return [];
    const offer = {
      external_id: employee[settings.externalIdField],
      email: employee.login_email,
      username: employee.company_identifier,
    };
    const identifiers = identify(offer, settings);
    return [{ ...verdict, identifiers, subject: employee.id, occurredAt: readInstant(employee.updated_at) }];
  },
});

/**
 * The body does not name the event, so the URL that each subscription is given does; by Factorial's own name, too. A
 * name that is mistyped there would keep every leaver from being heard, so none is passed over.
 */
function readEvent(delivery: Delivery): Event {
  const name = nameIn(delivery);
  if (name === undefined) throw new MalformedDelivery('the URL has no ?event=terminate or the like');
  const event = events.find((one) => one === name);
  if (!event) throw new MalformedDelivery(`?event= in the URL is none of ${events.join(', ')}`);
  return event;
}

function nameIn({ query }: Delivery): string | undefined {
  return query.event?.replace(/^employees\/employee\//, '');
}

/** What an event asks for; an update counts only for the date it may have changed. */
function judge(
  event: Event,
  { terminated_on: date, active, updated_at: updatedAt }: Employee,
  dayEnd: Settings,
): Verdict | null {
  if (event === 'unterminate') return { action: 'withdraw' };
  if (event === 'update' && !date) return null;
  if (active === false) return { action: 'resign' };
  if (!date) return heldResign('status_unknown', 'Factorial says that the employment ends, but not when');
  const effectiveAt = lastDayAt('terminated_on', date, dayEnd);
  // Whoever is hired again may keep the old day.
  if (event === 'update' && active && isBygone(effectiveAt, readInstant(updatedAt))) return null;
  return { action: 'resign', effectiveAt };
}

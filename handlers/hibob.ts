import { z } from 'zod';
import {
  checkTenant,
  defineHandler,
  heldResign,
  hmacScheme,
  idShape,
  MalformedDelivery,
  nameById,
  nameDeleted,
  parseJsonBody,
  readInstant,
  readShape,
  usesLookup,
  type Verdict,
  verifyScheme,
} from '../src/core/handler.ts';
import { leftOrGardenLeave, lookUp, revoked } from './hibob/lookup.ts';
import { type Settings, settings } from './hibob/settings.ts';

const envelopeShape = z.object({
  type: z.string(),
  companyId: idShape.nullish(),
  triggeredAt: z.unknown().optional(),
  creationDate: z.unknown().optional(),
});
const person = z.object({
  id: idShape.nullish(),
  employeeId: idShape.nullish(),
  email: z.string().nullish(),
});
/** Version 2 names the person in `data`, version 1 in `employee`. */
const personShape = z.union([
  z.object({ data: person }).transform(({ data }) => data),
  z.object({ employee: person }).transform(({ employee }) => employee),
]);

const recordDeleted = heldResign(
  'record_deleted',
  'Bob says that the record was deleted, not that the person left',
);

const accessRevoked = 'employee.access.revoked.immediately';
const ping = 'Ping test';
const scheme = hmacScheme({ header: 'Bob-Signature', algorithm: 'sha512', encoding: 'base64' });

/**
 * HiBob's webhooks, version 2; and version 1, of which there are no new ones since April 2025.
 * Source: apidocs.hibob.com/docs/working-with-webhooks and /reference/post_webhook_employee-left and its neighbours.
 * Of `data` only `employeeId` is documented; version 1 is second hand.
 */
export const hibob = defineHandler<Settings>({
  settings,
  // There is no event id. Retries go on for up to three days.
  retrySpanMs: 73 * 3_600_000,

  handshake({ body }) {
    const text = body.length <= 64 ? body.toString().trim() : '';
    const isPing =
      [ping, JSON.stringify(ping)].includes(text) || /^\{\s*"text"\s*:\s*"Ping test"\s*\}$/.test(text);
    return isPing ? { status: 200, contentType: 'text/plain', body: 'ok' } : null;
  },

  verify: (delivery, { secrets }, now) => verifyScheme(delivery, { scheme, secrets, now }),

  normalize(delivery, settings) {
    const body = parseJsonBody(delivery);
    const event = readShape(envelopeShape, body);
    const steps = stepsOf(event.type, settings);
    if (steps.length === 0) return [];
    checkTenant(event.companyId, settings.tenant, 'companyId');
    const { employeeId, id, email } = readShape(personShape, body);
    const subject = employeeId ?? id;
    if (!subject) throw new MalformedDelivery('data.employeeId: is missing');
    const name = event.type === 'employee.deleted' ? nameDeleted : nameById;
    const { reference, ...named } = name(subject, settings, { email });
    const occurredAt = readInstant(event.triggeredAt) ?? readInstant(event.creationDate);
    const about = reference && { reference: `${event.type === accessRevoked ? revoked : ''}${reference}` };
    return steps.map((step) => ({ ...step, ...named, ...about, occurredAt }));
  },

  lookup: lookUp,
});

/** `employee.inactivated` also means leave, and so is not here. */
function stepsOf(type: string, settings: Settings): readonly Verdict[] {
  switch (type) {
    case 'employee.left':
      return settings.gardenLeave && !usesLookup(settings)
        ? [{ action: 'kick' }, leftOrGardenLeave]
        : [{ action: 'resign' }];
    case accessRevoked:
      return [{ action: 'resign' }];
    case 'employee.deleted':
      return [recordDeleted];
    case 'employee.joined':
    case 'employee.activated':
      return [{ action: 'withdraw' }];
    default:
      return [];
  }
}

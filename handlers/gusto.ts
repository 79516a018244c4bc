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
import { confirmToken, readSetup } from './gusto/confirm.ts';
import { lookUp } from './gusto/lookup.ts';
import { type Settings, settings } from './gusto/settings.ts';

const eventShape = z.object({
  uuid: idShape,
  event_type: z.string(),
  resource_uuid: idShape.nullish(),
  entity_uuid: idShape.nullish(),
  timestamp: z.unknown().optional(),
});

const rehireCancelled = heldResign(
  'status_unknown',
  'Gusto says that a rehire was called off, not whether the person is still there',
);
const recordDeleted = heldResign(
  'record_deleted',
  'Gusto says that the record was deleted, not that the person left',
);
const dismissed = heldResign('status_unknown', 'Gusto says that a contractor is dismissed, but not for when');

/**
 * What is sent when an end is entered does not say for when. On an employee's day another event follows, by two names
 * in Gusto's own pages; on a contractor's one does since 2026, but not on every page, and so a person decides.
 */
const verdicts = new Map<string, Verdict>([
  ['employee.termination_effective', { action: 'resign' }],
  ['employee.terminated_effective', { action: 'resign' }],
  ['employee.termination_cancelled', { action: 'withdraw' }],
  ['employee.rehired', { action: 'withdraw' }],
  ['employee.rehire_effective', { action: 'withdraw' }],
  ['employee.rehire_cancelled', rehireCancelled],
  ['contractor.deactivated', dismissed],
  ['contractor.deactivation_effective', { action: 'resign' }],
  ['contractor.deactivation_cancelled', { action: 'withdraw' }],
  ['contractor.reactivated', { action: 'withdraw' }],
  ['contractor.reactivation_effective', { action: 'withdraw' }],
  ['contractor.reactivation_cancelled', rehireCancelled],
  ['employee.deleted', recordDeleted],
  ['contractor.deleted', recordDeleted],
]);

/**
 * Gusto's webhooks. Source: docs.gusto.com/app-integrations/docs/webhooks and /docs/employee-events,
 * docs.gusto.com/embedded-payroll/docs/webhooks and, of contractors,
 * /changelog/added-contractor-lifecycle-webhooks-for-future-dated-transitions. That the signature is hexadecimal is second hand, and so a setting; its
 * header is spelled in two ways, of which only the one with hyphens gets through proxies.
 */
export const gusto = defineHandler<Settings>({
  settings,

  verify(delivery, { secrets, encoding }, now) {
    if (secrets.length === 0 && readSetup(delivery)) return;
    const { x_gusto_signature: other = '', ...headers } = delivery.headers;
    const spelled = { ...delivery, headers: { 'x-gusto-signature': other, ...headers } };
    const scheme = hmacScheme({ header: 'x-gusto-signature', encoding });
    verifyScheme(spelled, { scheme, secrets, now });
  },

  eventId(delivery) {
    try {
      return readShape(eventShape, parseJsonBody(delivery)).uuid;
    } catch {
      return null;
    }
  },

  normalize(delivery, settings) {
    if (readSetup(delivery)) {
      if (settings.secrets.length > 0) return [];
      const todo = settings.confirm ? 'once it is confirmed' : 'and confirm it at Gusto';
      throw new MalformedDelivery(`verification_token: put it into secrets, ${todo}`);
    }
    const event = readShape(eventShape, parseJsonBody(delivery));
    checkTenant(event.resource_uuid, settings.tenant, 'resource_uuid');
    const verdict = judge(event.event_type, settings);
    if (!verdict) return [];
    const { entity_uuid: id, timestamp } = event;
    if (!id) throw new MalformedDelivery('entity_uuid: is missing');
    return [{ ...verdict, ...nameBy(event.event_type, id, settings), occurredAt: readInstant(timestamp) }];
  },

  /** Gusto refuses a token that it did not send itself, so that nobody else's does harm. */
  confirm(delivery, { secrets, confirm }) {
    const setup = readSetup(delivery);
    if (!setup || !confirm || secrets.length > 0) return null;
    return (http) => confirmToken(setup, confirm, http);
  },

  lookup: lookUp,
});

/** A termination that is entered has a date, but only Gusto's API tells which. */
function judge(type: string, settings: Settings): Verdict | undefined {
  if (!usesLookup(settings)) return verdicts.get(type);
  return type === 'employee.terminated' || type === 'employee.rehire_cancelled'
    ? { action: 'resign' }
    : verdicts.get(type);
}

function nameBy(type: string, id: string, settings: Settings): ReturnType<typeof nameById> {
  if (type.startsWith('contractor.')) return nameById(id, { ...settings, lookup: undefined });
  return type === 'employee.deleted' ? nameDeleted(id, settings) : nameById(id, settings);
}

import { z } from 'zod';
import {
  apiOf,
  atSite,
  basicLookup,
  checkLookupZone,
  checkTenant,
  defineHandler,
  heldResign,
  hmacScheme,
  hrSettings,
  identify,
  idShape,
  lookupDaySettings,
  MalformedDelivery,
  nameById,
  parseJsonBody,
  readInstant,
  readShape,
  readStatus,
  sitesSetting,
  usesLookup,
  type Verdict,
  verifyScheme,
} from '../src/core/handler.ts';

const settings = z
  .object({
    ...hrSettings(['external_id', 'email']),
    gardenLeave: z
      .boolean()
      .default(true)
      .describe('whether the company has garden leave, so that employee.left may mean no more than that'),
    lookup: basicLookup('https://api.hibob.com').optional().describe('a service user: its id and its token'),
    sites: sitesSetting.describe('the time zones of sites, by their names; elsewhere timezone counts'),
    ...lookupDaySettings,
  })
  .superRefine(checkLookupZone);
type Settings = z.output<typeof settings>;

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

const leftOrGardenLeave = heldResign(
  'status_unknown',
  'Bob says that the person left or is on garden leave, but not which',
);
const recordDeleted = heldResign(
  'record_deleted',
  'Bob says that the record was deleted, not that the person left',
);

/** Bob answers with the paths of the fields. */
const recordShape = z.record(
  z.string(),
  z.object({ value: z.string().nullish().catch(null) }).catch({ value: null }),
);

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
    const { reference, ...named } = nameById(subject, settings, { email });
    const occurredAt = readInstant(event.triggeredAt) ?? readInstant(event.creationDate);
    const about = reference && { reference: `${event.type === accessRevoked ? revoked : ''}${reference}` };
    return steps.map((step) => ({ ...step, ...named, ...about, occurredAt }));
  },

  /** On garden leave the person is signed out, and resigned on the last day. */
  async lookup(reference, settings, http) {
    const id = reference.replace(revoked, '');
    const json = { fields: Object.values(fields) };
    const ask = apiOf(settings.lookup, http);
    const record = readShape(recordShape, await ask({ path: ['v1', 'people', id], json }));
    const read = (field: string) => record[`/${field.replace('.', '/')}`]?.value ?? null;
    const status = read(fields.status)?.toLowerCase();
    const offer = { external_id: id, email: read(fields.email) };
    const result = readStatus(
      {
        isGone: status === 'terminated' || reference.startsWith(revoked),
        lastDay: read(fields.lastDay),
        identify: () => identify(offer, settings),
      },
      atSite(settings, read(fields.site)),
    );
    if (!status?.includes('garden') || result.kind === 'gone') return result;
    if (result.kind === 'leaves') return { ...result, signOut: true };
    return { kind: 'unclear', identifiers: identify(offer, settings), failure: leftOrGardenLeave.hold };
  },
});

const accessRevoked = 'employee.access.revoked.immediately';
/** Marks a reference to somebody who is locked out whatever the status says. */
const revoked = 'revoked:';
/** Bob's ids of the fields that are read. */
const fields = {
  email: 'root.email',
  status: 'internal.lifecycleStatus',
  lastDay: 'internal.terminationDate',
  site: 'work.site',
};

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

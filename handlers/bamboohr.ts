import { z } from 'zod';
import {
  atSite,
  baseUrlSetting,
  basicAuthorization,
  bearerLookup,
  checkLookupZone,
  defineHandler,
  hasValidHmac,
  heldResign,
  hrSettings,
  type Identifier,
  type IntentDraft,
  identifierFault,
  identify,
  lookupDaySettings,
  MalformedDelivery,
  nameById,
  readInstant,
  readShape,
  readStatus,
  sitesSetting,
  tenantSetting,
  tidyIdentifier,
  UnverifiedDelivery,
  usesLookup,
  type Verdict,
} from '../src/core/handler.ts';
import { type Change, fold, listChanges, readField } from './bamboohr/changes.ts';

const futureToleranceMs = 5 * 60_000;

const label = z.string().trim().min(1).max(256);
const fields = z.strictObject({
  status: label.default('Status').describe('the label of the status, also in changedFields'),
  external_id: label
    .nullable()
    .default(null)
    .describe("the label of the external id; null = BambooHR's own id of the employee"),
  email: label.default('Work Email').describe('the label of the work email; never of a private one'),
  username: label.default('Username').describe('the label of the user name'),
  phone: label.default('Mobile Phone').describe('the label of the phone number'),
});
const settings = z
  .object({
    ...hrSettings(['external_id', 'email', 'username', 'phone']),
    tenant: tenantSetting.describe('compared with companyId, where it is sent'),
    fields: fields.prefault({}).describe('how the posted fields are named'),
    lookup: z
      .strictObject({
        ...bearerLookup('https://company.bamboohr.com').shape,
        baseUrl: baseUrlSetting('https://company.bamboohr.com'),
      })
      .optional()
      .describe("the company's address, and the API key as token; for changes that do not say to what"),
    sites: sitesSetting.describe('the time zones of places of work, by location; elsewhere timezone counts'),
    ...lookupDaySettings,
  })
  .superRefine(checkLookupZone);
type Settings = z.output<typeof settings>;

const recordShape = z.object({
  status: z.string(),
  terminationDate: z.string().nullish(),
  location: z.string().nullish(),
  workEmail: z.string().nullish(),
  mobilePhone: z.string().nullish(),
  employeeNumber: z.string().nullish(),
});

const verdicts = new Map<string, Verdict>([
  ['inactive', { action: 'resign' }],
  ['terminated', { action: 'resign' }],
  ['active', { action: 'withdraw' }],
]);
const statusUnknown = heldResign('status_unknown', 'BambooHR says that the status changed, but not to what');
const recordDeleted = heldResign(
  'record_deleted',
  'BambooHR says that the record was deleted, not that the person left',
);
/**
 * BambooHR's webhooks: field-based or event-based, as JSON or as a form.
 * Source: documentation.bamboohr.com/docs/webhooks, /field-based-webhooks and /event-based-webhooks (May 2026).
 */
export const bamboohr = defineHandler<Settings>({
  settings,
  // There is no event id. Five retries, 5 + 10 + 20 + 40 + 80 minutes, and time for the requests themselves.
  retrySpanMs: 3 * 3_600_000,

  /**
   * A timestamp may be of any age: no replay window is documented, nor whether retries are stamped anew. Its form is
   * strict, because the body and the timestamp are signed without anything between them: were more digits or fewer
   * allowed, a replay could move the end of the body, such as the last digits of a phone number, into the timestamp.
   */
  verify({ headers, body }, { secrets }, now) {
    const { 'x-bamboohr-signature': signature, 'x-bamboohr-timestamp': timestamp } = headers;
    if (!signature || !timestamp) {
      throw new UnverifiedDelivery('x-bamboohr-signature or x-bamboohr-timestamp is missing');
    }
    const sentAt = readInstant(timestamp);
    if (sentAt === undefined) {
      throw new UnverifiedDelivery('x-bamboohr-timestamp is neither unix seconds nor an ISO time');
    }
    if (sentAt > now + futureToleranceMs) throw new UnverifiedDelivery('x-bamboohr-timestamp is to come');
    const given = [Buffer.from(signature, 'hex')];
    if (!hasValidHmac({ algorithm: 'sha256', secrets, signed: [body, timestamp], given })) {
      throw new UnverifiedDelivery('x-bamboohr-signature was made with none of the secrets');
    }
  },

  normalize(delivery, settings) {
    const sentAt = readInstant(delivery.headers['x-bamboohr-timestamp']);
    return listChanges(delivery, settings)
      .map((change) => (change instanceof MalformedDelivery ? change : toPart(change, settings, sentAt)))
      .filter((part) => part !== null);
  },

  async lookup(id, settings, http) {
    const { baseUrl = '', token: username = '' } = settings.lookup ?? {};
    const headers = { authorization: basicAuthorization({ username, password: 'x' }) };
    const query = { fields: 'status,terminationDate,location,workEmail,mobilePhone,employeeNumber' };
    const path = ['api', 'v1', 'employees', id];
    const employee = readShape(recordShape, await http({ baseUrl, path, query, headers }));
    const offer = {
      external_id: settings.fields.external_id === null ? id : employee.employeeNumber,
      email: employee.workEmail,
      phone: employee.mobilePhone,
    };
    const { status, terminationDate } = employee;
    return readStatus(
      {
        isGone: verdicts.get(status.toLowerCase())?.action === 'resign',
        lastDay: terminationDate === '0000-00-00' ? null : terminationDate,
        identify: () => identify(offer, settings),
      },
      atSite(settings, employee.location),
    );
  },
});

function toPart(
  change: Change,
  settings: Settings,
  sentAt: number | undefined,
): IntentDraft | MalformedDelivery | null {
  const verdict = judge(change, settings.fields.status);
  if (verdict === null || verdict instanceof MalformedDelivery) return verdict;
  const occurredAt = readInstant(change.timestamp) ?? sentAt;
  if (verdict.hold && usesLookup(settings)) {
    const { action, hold } = verdict;
    return {
      action,
      ...(hold !== statusUnknown.hold && { hold }),
      ...nameById(change.id, settings),
      occurredAt,
    };
  }
  const { identifiers, faults } = pick(change, settings);
  if (identifiers.length === 0) return new MalformedDelivery(...faults);
  return { ...verdict, identifiers, subject: change.id, occurredAt };
}

/** What a change asks for; `null` when it is not our business. */
function judge(change: Change, statusField: string): Verdict | MalformedDelivery | null {
  const action = change.action.toLowerCase();
  if (action === 'deleted') return recordDeleted;
  if (action === 'created') return null;
  if (!change.changedFields) return new MalformedDelivery(`${change.place}.changedFields: is missing`);
  const names = change.statusFields.map(fold);
  if (!change.changedFields.some((one) => names.includes(fold(one)))) return null;
  const status = readField(change, statusField);
  return status === null ? statusUnknown : (verdicts.get(status.toLowerCase()) ?? null);
}

/** The identifiers that were sent, by preference, and what keeps each other one from being used. */
function pick(change: Change, { identifyBy, externalIdPrefix, fields }: Settings) {
  const identifiers: Identifier[] = [];
  const faults: string[] = [];
  for (const userIdType of identifyBy) {
    const field = fields[userIdType];
    const value = field === null ? change.id : readField(change, field);
    const userId = value !== null && userIdType === 'external_id' ? externalIdPrefix + value : value;
    const identifier = userId === null ? null : tidyIdentifier({ userIdType, userId });
    const fault = identifier ? identifierFault(userIdType, identifier.userId) : `was not sent as "${field}"`;
    if (identifier && !fault) identifiers.push(identifier);
    else faults.push(`${change.place}: ${userIdType} ${fault}`);
  }
  return { identifiers, faults };
}

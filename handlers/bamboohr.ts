import { z } from 'zod';
import {
  atSite,
  baseUrlSetting,
  basicAuthorization,
  bearerLookup,
  checkLookupZone,
  type Delivery,
  defineHandler,
  externalIdPrefixSetting,
  hasValidHmac,
  type Identifier,
  type IntentDraft,
  identifierFault,
  identify,
  identifyBySetting,
  listFaults,
  lookupDaySettings,
  MalformedDelivery,
  nameById,
  parseJsonBody,
  readInstant,
  readShape,
  readStatus,
  secretsSetting,
  sitesSetting,
  tidyIdentifier,
  UnverifiedDelivery,
  usesLookup,
} from '../src/core/handler.ts';
import { readForm } from './bamboohr/form.ts';

const maxEmployees = 1_000;
const futureToleranceMs = 5 * 60_000;

const label = z.string().trim().min(1).max(256);
const fields = z.strictObject({
  status: label.default('Status'),
  external_id: label.nullable().default(null).describe("null = BambooHR's own id of the employee"),
  email: label.default('Work Email'),
  username: label.default('Username'),
  phone: label.default('Mobile Phone'),
});
const settings = z
  .object({
    secrets: secretsSetting,
    identifyBy: identifyBySetting(['external_id', 'email', 'username', 'phone']),
    externalIdPrefix: externalIdPrefixSetting,
    tenant: z.string().min(1).nullable().default(null).describe('compared with companyId, where it is sent'),
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

const id = z.union([z.string().trim().min(1).max(256), z.int().transform(String)], { error: 'is not an id' });
const changedFields = z.array(z.string()).optional();
const bodySchema = z.object({
  employees: z.array(z.unknown()).max(maxEmployees).optional(),
  type: z.string().optional(),
});
const employeeSchema = z.object({
  id,
  action: z.string().default('Updated'),
  changedFields,
  // Whatever is no record posts nothing; an empty one may come as `[]`.
  fields: z.record(z.string(), z.unknown()).catch({}),
  timestamp: z.unknown().optional(),
});
const eventSchema = z.object({
  timestamp: z.unknown().optional(),
  data: z.object({ companyId: id.optional(), employeeId: id, changedFields }),
});

const recordShape = z.object({
  status: z.string(),
  terminationDate: z.string().nullish(),
  location: z.string().nullish(),
  workEmail: z.string().nullish(),
  mobilePhone: z.string().nullish(),
  employeeNumber: z.string().nullish(),
});

/** What happened to one employee, whichever of the styles told it. */
interface Change extends z.output<typeof employeeSchema> {
  /** Where it stands in the body, for faults. */
  readonly place: string;
  /** The fields whose change says that the status changed. */
  readonly statusFields: readonly string[];
}

type Verdict = Pick<IntentDraft, 'action' | 'hold'>;

const verdicts: ReadonlyMap<string, Verdict> = new Map([
  ['inactive', { action: 'resign' }],
  ['terminated', { action: 'resign' }],
  ['active', { action: 'withdraw' }],
]);
const statusUnknown: Verdict = {
  action: 'resign',
  hold: { code: 'status_unknown', message: 'BambooHR says that the status changed, but not to what' },
};
const recordDeleted: Verdict = {
  action: 'resign',
  hold: {
    code: 'record_deleted',
    message: 'BambooHR says that the record was deleted, not that the person left',
  },
};
/** The event-based style names fields by their API aliases; these are what a termination changes. */
const eventStatusFields = ['status', 'employmentStatus', 'employmentHistoryStatus', 'terminationDate'];

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
    return listChanges(readBody(delivery), settings)
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

/** Only JSON begins with a brace. The content type is not asked: it is not signed. */
function readBody(delivery: Delivery): unknown {
  const text = delivery.body.toString();
  return text.trimStart().startsWith('{') ? parseJsonBody(delivery) : readForm(text);
}

function listChanges(body: unknown, { fields, tenant }: Settings): (Change | MalformedDelivery)[] {
  const { employees, type } = readShape(bodySchema, body);
  if (employees) {
    return employees.map((employee, index) => {
      const parsed = employeeSchema.safeParse(employee);
      if (!parsed.success) return malformed(parsed.error, 'employees', index);
      return { ...parsed.data, place: `employees[${index}]`, statusFields: [fields.status] };
    });
  }
  if (type === undefined) throw new MalformedDelivery('body: has neither employees nor a type');
  if (type !== 'employee.updated' && type !== 'employee.deleted') return [];
  const { timestamp, data } = readShape(eventSchema, body);
  if (tenant !== null && data.companyId !== tenant) {
    throw new MalformedDelivery('data.companyId: is not the tenant of this source');
  }
  const { employeeId, changedFields } = data;
  const action = type.replace('employee.', '');
  const told = { place: 'data', statusFields: eventStatusFields };
  return [{ id: employeeId, action, changedFields, fields: {}, timestamp, ...told }];
}

/** The faults of a part, with their paths from the top of the body. */
function malformed({ issues }: z.ZodError, ...place: PropertyKey[]): MalformedDelivery {
  const placed = issues.map((issue) => ({ ...issue, path: [...place, ...issue.path] }));
  return new MalformedDelivery(...listFaults(new z.ZodError(placed)));
}

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

/** The text of a posted field, which may be wrapped as `{ "value": … }`; `null` when there is none. */
function readField(change: Change, name: string): string | null {
  const posted = Object.entries(change.fields).find(([one]) => fold(one) === fold(name))?.[1];
  const value = typeof posted === 'object' && posted !== null && 'value' in posted ? posted.value : posted;
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() || null : null;
}

/** `Work Email`, `work_email` and `workEmail` are one field: BambooHR's own pages write them in several ways. */
function fold(name: string): string {
  return name.toLowerCase().replace(/[\s_]/g, '');
}

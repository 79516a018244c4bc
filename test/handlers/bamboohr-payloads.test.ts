import { describe, expect, it } from '@jest/globals';
import { bamboohr } from '../../handlers/bamboohr.ts';
import { type IntentDraft, MalformedDelivery } from '../../src/core/handler.ts';
import { secret, sign } from './bamboohr-sender.ts';
import { readFixture } from './handler-suite.ts';

const sentAt = Date.parse('2026-11-20T08:00:10Z');

/** The parts of a body, with settings beside the secret. */
function read(body: unknown, settings: Record<string, unknown> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const parsed = bamboohr.settings.parse({
    secrets: [secret],
    identifyBy: ['external_id', 'email'],
    ...settings,
  });
  return bamboohr.normalize(sign(text, { secret, at: sentAt }), parsed);
}

/** One employee of the field-based style. */
function employee(fields: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return { id: '5', action: 'Updated', changedFields: ['Status'], fields, ...more };
}

function readEmployee(fields: Record<string, unknown>, more: Record<string, unknown> = {}) {
  return read({ employees: [employee(fields, more)] });
}

/** The lines of a published form, each of which stands for a parameter. */
function joinForm(lines: string): string {
  return lines.trim().split('\n').join('&');
}

const five = [{ userIdType: 'external_id', userId: '5' }];
const resigned: IntentDraft[] = [
  { action: 'resign', identifiers: five as IntentDraft['identifiers'], subject: '5', occurredAt: sentAt },
];
const statusUnknown = { action: 'resign', hold: { code: 'status_unknown', message: expect.any(String) } };
const recordDeleted = { action: 'resign', hold: { code: 'record_deleted', message: expect.any(String) } };

describe('bamboohr: field-based deliveries', () => {
  it.each(['Inactive', 'INACTIVE', ' inactive ', 'Terminated'])('makes the status %j a resign', (status) => {
    expect(readEmployee({ Status: status })).toEqual(resigned);
  });

  it('makes the status Active a withdraw, because somebody came back', () => {
    expect(readEmployee({ Status: 'Active' })).toEqual([{ ...resigned[0], action: 'withdraw' }]);
  });

  it.each(['Leave of absence', 'Full-Time', 'constructor'])('makes nothing of the status %s', (status) => {
    expect(readEmployee({ Status: status })).toEqual([]);
  });

  it('makes nothing of a posted status that did not change', () => {
    expect(readEmployee({ Status: 'Inactive' }, { changedFields: ['Work Email'] })).toEqual([]);
    expect(readEmployee({ Status: 'Inactive' }, { changedFields: [] })).toEqual([]);
    expect(readEmployee({ Status: 'Inactive' }, { changedFields: ['Employment Status'] })).toEqual([]);
  });

  it.each([{}, { Status: '' }, { Status: null }, { Status: { value: null } }, { Status: ['Inactive'] }])(
    'holds a resign when the status changed but %j was posted',
    (fields) => {
      expect(readEmployee(fields)).toEqual([{ ...resigned[0], ...statusUnknown }]);
    },
  );

  it('holds a resign when the fields are posted as an empty list', () => {
    const body = { employees: [{ id: '5', changedFields: ['Status'], fields: [] }] };
    expect(read(body)).toEqual([{ ...resigned[0], ...statusUnknown }]);
  });

  it('takes values flat and wrapped, ids as text and as numbers, and labels in any case', () => {
    expect(readEmployee({ status: { value: 'Inactive' } }, { id: 5, changedFields: ['STATUS'] })).toEqual(
      resigned,
    );
  });

  it('takes the labels that a customer gave', () => {
    const fields = { status: 'Anstellung', email: 'E-Mail' };
    const posted = { Anstellung: 'Inactive', 'E-Mail': 'ada@example.com' };
    const body = { employees: [employee(posted, { changedFields: ['Anstellung'] })] };
    expect(read(body, { fields, identifyBy: ['email'] })).toMatchObject([
      { action: 'resign', identifiers: [{ userIdType: 'email', userId: 'ada@example.com' }] },
    ]);
  });

  it('takes another field for the external id where that is what provisioning wrote', () => {
    const body = { employees: [employee({ Status: 'Inactive', 'Employee #': '300' })] };
    expect(read(body, { fields: { external_id: 'Employee #' } })).toMatchObject([
      { identifiers: [{ userIdType: 'external_id', userId: '300' }], subject: '5' },
    ]);
  });

  it('gives the identifiers in the order of identifyBy, and passes over those that were not sent or cannot be', () => {
    const posted = {
      Status: 'Inactive',
      'Work Email': 'ada@example.com',
      'Mobile Phone': 'none',
      Username: 'ada',
    };
    const identifyBy = ['username', 'phone', 'email', 'external_id'];
    expect(read({ employees: [employee(posted)] }, { identifyBy })).toMatchObject([
      {
        identifiers: [
          { userIdType: 'username', userId: 'ada' },
          { userIdType: 'email', userId: 'ada@example.com' },
          { userIdType: 'external_id', userId: '5' },
        ],
      },
    ]);
  });

  it('calls an employee malformed who cannot be named, and says what was missing', () => {
    const body = { employees: [employee({ Status: 'Inactive', 'Mobile Phone': 'none' })] };
    expect(read(body, { identifyBy: ['email', 'phone'] })).toEqual([
      new MalformedDelivery(
        'employees[0]: email was not sent as "Work Email"',
        'employees[0]: phone is not a phone number',
      ),
    ]);
  });

  it('keeps four of five employees when the third cannot be read, each in its place', () => {
    const employees = [1, 2, 3, 4, 5].map((id) => employee({ Status: 'Inactive' }, { id: `${id}` }));
    const parts = read({ employees: employees.with(2, employee({}, { id: null })) });
    expect(parts.map((part) => (part instanceof MalformedDelivery ? part.faults : part.subject))).toEqual([
      '1',
      '2',
      ['employees[2].id: is not an id'],
      '4',
      '5',
    ]);
  });

  it('calls an employee malformed who is none, or of whom it is not said what changed', () => {
    const parts = read({ employees: ['5', { id: '5', fields: { Status: 'Inactive' } }] });
    expect(parts).toEqual([expect.any(MalformedDelivery), expect.any(MalformedDelivery)]);
    expect(parts).toMatchObject([
      { faults: [expect.stringMatching(/^employees\[0\]: /)] },
      { faults: ['employees[1].changedFields: is missing'] },
    ]);
  });

  it('holds a resign when a record was deleted, and makes nothing of one that was created', () => {
    expect(readEmployee({}, { action: 'Deleted' })).toEqual([{ ...resigned[0], ...recordDeleted }]);
    expect(readEmployee({ Status: 'Inactive' }, { action: 'Created' })).toEqual([]);
  });

  it("dates an intent by the employee's own timestamp, else by that of the delivery", () => {
    const dated = (timestamp: unknown) => readEmployee({ Status: 'Inactive' }, { timestamp });
    expect(dated('2026-01-31T18:42:00+0000')).toMatchObject([{ occurredAt: Date.UTC(2026, 0, 31, 18, 42) }]);
    expect(dated('2026-01-31T18:42:00-05:30')).toMatchObject([{ occurredAt: Date.UTC(2026, 1, 1, 0, 12) }]);
    for (const unreadable of ['yesterday', '2026-01-31 18:42', 5, null]) {
      expect(dated(unreadable)).toMatchObject([{ occurredAt: sentAt }]);
    }
  });

  it('makes nothing of the published example, in which a name changed', () => {
    expect(read(readFixture('bamboohr/field-based-updated.json'))).toEqual([]);
    expect(read(joinForm(readFixture('bamboohr/field-based-updated.form.txt')))).toEqual([]);
  });

  it('reads a thousand employees, and refuses more', () => {
    const employees = Array.from({ length: 1_001 }, (_, index) =>
      employee({ Status: 'Inactive' }, { id: index }),
    );
    expect(read({ employees: employees.slice(1) })).toHaveLength(1_000);
    expect(() => read({ employees })).toThrow(MalformedDelivery);
  });
});

describe('bamboohr: whom a delivery does not name', () => {
  const lookup = { baseUrl: 'https://example.bamboohr.com', token: 'key' };
  const settings = { identifyBy: ['email'], lookup, timezone: 'Europe/Berlin' };
  const told = (fields: Record<string, unknown>, id = '5') => employee(fields, { id });

  it.each([
    ['Inactive', 'resign'],
    ['Active', 'withdraw'],
  ])('is looked up, when the status became %s', (status, action) => {
    expect(read({ employees: [told({ Status: status })] }, settings)).toEqual([
      { ...resigned[0], action, reference: '5' },
    ]);
  });

  it('is not looked up, when the address was posted', () => {
    const [draft] = read(
      { employees: [told({ Status: 'Inactive', 'Work Email': 'ada@example.com' })] },
      settings,
    );
    expect(draft).toMatchObject({ identifiers: [{ userIdType: 'email', userId: 'ada@example.com' }] });
    expect(draft).not.toHaveProperty('reference');
  });

  it('keeps nobody else back, when the id is none', () => {
    const [odd, other] = read({ employees: [told({}, 'a\u0000b'), told({})] }, settings);
    expect(odd).toBeInstanceOf(MalformedDelivery);
    expect(other).toMatchObject({ reference: '5' });
  });
});

describe('bamboohr: forms', () => {
  const form =
    'employees[5][changedFields][0]=Status&employees[5][changedFields][1]=First+name&employees[5][Status]=Inactive';

  it('reads a form like the JSON that says the same, with its brackets encoded or not', () => {
    expect(read(form)).toEqual(resigned);
    expect(read(new URLSearchParams(form).toString())).toEqual(resigned);
  });

  it('keeps the employees of a form apart, in the order in which they come', () => {
    const two = `employees[9][changedFields][0]=Status&employees[9][Status]=Active&employees[9][Work+Email]=bob%40example.com&${form}`;
    expect(read(two)).toMatchObject([
      { action: 'withdraw', subject: '9', identifiers: [{ userId: '9' }, { userId: 'bob@example.com' }] },
      { action: 'resign', subject: '5', identifiers: [{ userId: '5' }] },
    ]);
  });

  it('does not ask the content type, which is not signed', () => {
    const settings = bamboohr.settings.parse({ secrets: [secret], identifyBy: ['external_id'] });
    const signed = sign(form, { secret, at: sentAt });
    const headers = { ...signed.headers, 'content-type': 'application/json' };
    expect(bamboohr.normalize({ ...signed, headers }, settings)).toEqual(resigned);
  });

  it('takes __proto__ for a name like any other', () => {
    const evil =
      'employees[__proto__][changedFields][0]=Status&employees[__proto__][__proto__]=x&data[__proto__][polluted]=1';
    expect(read(evil)).toMatchObject([{ ...statusUnknown, subject: '__proto__' }]);
    expect({}).not.toHaveProperty('polluted');
  });

  it.each(['', 'hello', 'employees=5', 'employees[5]=Inactive', '[1,2]'])(
    'calls the body %j malformed',
    (body) => {
      expect(() => read(body)).toThrow(MalformedDelivery);
    },
  );
});

describe('bamboohr: event-based deliveries', () => {
  const event = (type: string, data: Record<string, unknown>) => ({
    type,
    timestamp: '2026-01-31T18:42:00+0000',
    data: { companyId: '12345', employeeId: '5', ...data },
  });
  const then = Date.UTC(2026, 0, 31, 18, 42);

  it.each(['status', 'employmentStatus', 'Employment Status', 'employmentHistoryStatus', 'terminationDate'])(
    'holds a resign when %s changed, because it is not said to what',
    (field) => {
      expect(read(event('employee.updated', { changedFields: ['firstName', field] }))).toEqual([
        { ...resigned[0], ...statusUnknown, occurredAt: then },
      ]);
    },
  );

  it('reads the form like the JSON', () => {
    const form =
      'type=employee.updated&data[companyId]=12345&data[employeeId]=5&data[changedFields][0]=status';
    expect(read(form)).toEqual([{ ...resigned[0], ...statusUnknown }]);
  });

  it('holds a resign when a record was deleted', () => {
    expect(read(readFixture('bamboohr/event-based-deleted.json'))).toEqual([
      {
        ...recordDeleted,
        identifiers: [{ userIdType: 'external_id', userId: '67890' }],
        subject: '67890',
        occurredAt: then,
      },
    ]);
  });

  it('makes nothing of other changes and other events', () => {
    expect(read(readFixture('bamboohr/event-based-updated.json'))).toEqual([]);
    expect(read(joinForm(readFixture('bamboohr/event-based-updated.form.txt')))).toEqual([]);
    expect(read(event('employee.created', {}))).toEqual([]);
    for (const type of ['payroll.updated', 'employee.updated.draft']) {
      expect(read(event(type, { changedFields: ['status'] }))).toEqual([]);
    }
  });

  it("is malformed where BambooHR's own id is not what the source identifies people by", () => {
    const changed = event('employee.updated', { changedFields: ['status'] });
    expect(read(changed, { identifyBy: ['email'] })).toEqual([
      new MalformedDelivery('data: email was not sent as "Work Email"'),
    ]);
    expect(read(changed, { fields: { external_id: 'Employee #' } })).toEqual([expect.any(MalformedDelivery)]);
  });

  it('is malformed without an employee', () => {
    expect(() => read({ type: 'employee.deleted', data: {} })).toThrow(/data\.employeeId: is not an id/);
  });

  it('is malformed when it comes from another company than the tenant, or from none', () => {
    const deleted = event('employee.deleted', {});
    expect(read(deleted, { tenant: '12345' })).toHaveLength(1);
    expect(() => read(deleted, { tenant: '54321' })).toThrow(MalformedDelivery);
    expect(() => read(event('employee.deleted', { companyId: undefined }), { tenant: '12345' })).toThrow(
      MalformedDelivery,
    );
  });
});

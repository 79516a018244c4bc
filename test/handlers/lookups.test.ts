import { describe, expect, it } from '@jest/globals';
import { bamboohr } from '../../handlers/bamboohr.ts';
import { deel } from '../../handlers/deel.ts';
import { finch } from '../../handlers/finch.ts';
import { gusto } from '../../handlers/gusto.ts';
import { hibob } from '../../handlers/hibob.ts';
import { personio } from '../../handlers/personio.ts';
import { rippling } from '../../handlers/rippling.ts';
import { type Handler, type LookupResult, MalformedDelivery } from '../../src/core/handler.ts';
import { readFixture, testAnything } from './handler-suite.ts';
import { post, reader } from './sender.ts';
import { lookUp } from './vendor.ts';

const both = [
  { userIdType: 'external_id', userId: '7' },
  { userIdType: 'email', userId: 'ada@example.com' },
] as const;
const common = { identifyBy: ['external_id', 'email'], timezone: 'Europe/Berlin' };
const gone: LookupResult = { kind: 'gone', identifiers: both };
/** At the end of 30 November 2026 in Berlin. */
const leaves: LookupResult = {
  kind: 'leaves',
  identifiers: both,
  effectiveAt: Date.parse('2026-11-30T23:00:00Z'),
};
const active: LookupResult = { kind: 'active' };

/** An answer of Bob, which names the field `a.b` by its path. */
const bobsAnswer = (fields: Readonly<Record<string, string | null>>): Readonly<Record<string, object>> =>
  Object.fromEntries(
    Object.entries(fields).map(([field, value]) => [`/${field.replace('.', '/')}`, { value }]),
  );

interface Vendor {
  readonly name: string;
  readonly handler: Handler;
  readonly base: Readonly<Record<string, unknown>> & { readonly lookup: object };
  /** What the vendor answers about somebody in this state. */
  readonly answers: (state: 'gone' | 'leaves' | 'active') => Readonly<Record<string, unknown>>;
  /** What it was asked, and by whom. */
  readonly asks: readonly string[];
  readonly authorization: string;
  /** A body whose events carry an id only. */
  readonly event: string;
}

const secrets = ['a secret of the vendor'];
const day = '2026-11-30';

const vendors: readonly Vendor[] = [
  {
    name: 'bamboohr',
    handler: bamboohr,
    base: { ...common, secrets, lookup: { baseUrl: 'https://example.bamboohr.com', token: 'key' } },
    answers: (state) => ({
      'GET /api/v1/employees/7?fields=status%2CterminationDate%2Clocation%2CworkEmail%2CmobilePhone%2CemployeeNumber':
        {
          id: '7',
          status: state === 'gone' ? 'Inactive' : 'Active',
          terminationDate: state === 'active' ? '0000-00-00' : day,
          workEmail: 'ada@example.com',
          mobilePhone: null,
          employeeNumber: '300',
        },
    }),
    asks: [
      'GET /api/v1/employees/7?fields=status%2CterminationDate%2Clocation%2CworkEmail%2CmobilePhone%2CemployeeNumber',
    ],
    authorization: `Basic ${Buffer.from('key:x').toString('base64')}`,
    event: '{"type":"employee.updated","data":{"employeeId":"7","changedFields":["status"]}}',
  },
  {
    name: 'gusto',
    handler: gusto,
    base: { ...common, secrets, lookup: { token: 'key' } },
    answers: (state) => ({
      'GET /v1/employees/7': {
        uuid: '7',
        email: 'ada@home.example',
        work_email: 'ada@example.com',
        terminated: state !== 'active',
        terminations: state === 'active' ? [] : [{ active: state === 'gone', effective_date: day }],
      },
    }),
    asks: ['GET /v1/employees/7'],
    authorization: 'Bearer key',
    event: '{"uuid":"e1","event_type":"employee.terminated","entity_uuid":"7","timestamp":1763625600}',
  },
  {
    name: 'rippling',
    handler: rippling,
    base: { ...common, secrets, lookup: { token: 'key' } },
    answers: (state) => ({
      'GET /employees/7': {
        id: '7',
        workEmail: 'ada@example.com',
        personalEmail: 'ada@home.example',
        roleState: state === 'gone' ? 'TERMINATED' : 'ACTIVE',
        endDate: state === 'active' ? null : day,
      },
    }),
    asks: ['GET /employees/7'],
    authorization: 'Bearer key',
    event: 'event_name=employee.terminated&id=7',
  },
  {
    name: 'finch',
    handler: finch,
    base: {
      ...common,
      secrets: ['5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH'],
      lookup: { token: 'key' },
    },
    answers: (state) => ({
      'POST /employer/employment': {
        responses: [
          {
            individual_id: '7',
            code: 200,
            body: { id: '7', is_active: state !== 'gone', end_date: state === 'active' ? null : day },
          },
        ],
      },
      'POST /employer/individual': {
        responses: [
          {
            individual_id: '7',
            code: 200,
            body: {
              id: '7',
              emails: [
                { type: 'personal', data: 'ada@home.example' },
                { type: 'work', data: 'ada@example.com' },
              ],
            },
          },
        ],
      },
    }),
    asks: ['POST /employer/employment', 'POST /employer/individual'],
    authorization: 'Bearer key',
    event: '{"event_type":"employment.updated","data":{"individual_id":"7"}}',
  },
  {
    name: 'personio',
    handler: personio,
    base: { ...common, secrets, lookup: { username: 'id', password: 'key' } },
    answers: (state) => ({
      'POST /v2/auth/token': { access_token: 'short-lived' },
      'GET /v2/persons/7': { id: '7', email: 'ada@example.com' },
      'GET /v2/persons/7/employments': {
        _data: [
          { id: 'a', status: 'INACTIVE' },
          {
            id: 'b',
            status: state === 'gone' ? 'INACTIVE' : 'ACTIVE',
            employment_end_date: state === 'active' ? null : day,
          },
        ],
      },
    }),
    asks: ['POST /v2/auth/token', 'GET /v2/persons/7', 'GET /v2/persons/7/employments'],
    authorization: 'Bearer short-lived',
    event:
      '{"company_id":"1","occurred_at":"2026-11-20T08:00:00Z","event_name":"employment.terminated","payload":{"person":{"id":"7"}}}',
  },
  {
    name: 'hibob',
    handler: hibob,
    base: { ...common, secrets, lookup: { username: 'service', password: 'key' } },
    answers: (state) => ({
      'POST /v1/people/7': bobsAnswer({
        'root.email': 'ada@example.com',
        'internal.lifecycleStatus': state === 'gone' ? 'terminated' : 'employed',
        'internal.terminationDate': state === 'active' ? null : day,
      }),
    }),
    asks: ['POST /v1/people/7'],
    authorization: `Basic ${Buffer.from('service:key').toString('base64')}`,
    event: '{"type":"employee.left","data":{"employeeId":"7"}}',
  },
  {
    name: 'deel',
    handler: deel,
    base: { ...common, secrets, lookup: { token: 'key' } },
    answers: (state) => ({
      'GET /contracts/7': {
        data: {
          id: '7',
          status: state === 'gone' ? 'terminated' : 'in_progress',
          termination_date: state === 'active' ? null : day,
          worker: { id: 'w1', email: 'ada@home.example' },
        },
      },
      'GET /people/w1': {
        data: {
          id: 'w1',
          emails: [
            { type: 'personal', value: 'ada@home.example' },
            { type: 'work', value: 'ada@example.com' },
          ],
          employments: [{ id: '7', hiring_status: 'active' }],
        },
      },
    }),
    asks: ['GET /contracts/7', 'GET /people/w1'],
    authorization: 'Bearer key',
    event: '{"data":{"meta":{"event_type":"contract.terminated"},"resource":{"id":"7"}}}',
  },
];

describe.each(vendors)('the look-up of $name', ({ handler, base, answers, asks, authorization, event }) => {
  const look = (state: 'gone' | 'leaves' | 'active') =>
    lookUp(handler, base, { reference: '7', answers: answers(state) });
  const read = reader(handler, base);

  it('asks the documented questions, as the one who was configured', async () => {
    const { asked } = await look('gone');
    expect(asked.map(({ what }) => what)).toEqual(asks);
    expect(asked.at(-1)?.authorization).toBe(authorization);
  });

  it('says who is gone, who leaves and when, and who stays', async () => {
    expect((await look('gone')).result).toEqual(gone);
    expect((await look('leaves')).result).toEqual(leaves);
    expect((await look('active')).result).toEqual(active);
  });

  it('calls an answer malformed that it cannot read, and tells when there is nobody', async () => {
    const strange = Object.fromEntries(asks.map((what) => [what, []]));
    await expect(lookUp(handler, base, { reference: '7', answers: strange })).rejects.toThrow(
      MalformedDelivery,
    );
    await expect(lookUp(handler, base, { reference: '7', answers: {} })).rejects.toMatchObject({
      kind: 'unknown_person',
    });
  });

  it('is asked for where the event carries an id only', () => {
    expect(read(event)).toMatchObject([{ action: 'resign', reference: '7', subject: '7' }]);
    expect(read(event)).not.toMatchObject([{ hold: {} }]);
  });

  describe('normalize', () => {
    testAnything({ handler, settings: base, delivery: (body) => post(body, {}), like: [event] });
  });

  it('is not asked for where the id is all that is wanted', () => {
    for (const draft of read(event, { identifyBy: ['external_id'] }))
      expect(draft).not.toHaveProperty('reference');
  });

  it('needs to be told where its days are', () => {
    expect(handler.settings.safeParse({ ...base, timezone: undefined }).success).toBe(false);
  });

  it('goes to the https address of the settings, or to a loopback', () => {
    const at = (baseUrl: string) =>
      handler.settings.safeParse({ ...base, lookup: { ...base.lookup, baseUrl } });
    expect(at('https://hr.example').success).toBe(true);
    for (const baseUrl of [
      'http://hr.example',
      'https://user:pass@hr.example',
      'hr.example',
      'https://hr.example?a=b',
    ])
      expect(at(baseUrl).success).toBe(false);
  });
});

describe('what only some look-ups tell', () => {
  const vendor = (name: string): Vendor => vendors.find((one) => one.name === name) as Vendor;

  it('hibob: garden leave signs out now, and whoever is locked out at once is gone whatever the status', async () => {
    const { base } = vendor('hibob');
    const answers = {
      'POST /v1/people/7': bobsAnswer({
        'root.email': 'ada@example.com',
        'internal.lifecycleStatus': 'Garden leave',
        'internal.terminationDate': day,
      }),
    };
    const { result, asked } = await lookUp(hibob, base, { reference: '7', answers });
    expect(result).toEqual({ ...leaves, signOut: true });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      fields: ['root.email', 'internal.lifecycleStatus', 'internal.terminationDate', 'work.site'],
    });
    const event = { type: 'employee.access.revoked.immediately', data: { employeeId: '7' } };
    const [draft] = reader(hibob, base)(event);
    expect(draft).toMatchObject({ action: 'resign', reference: 'revoked:7' });
    expect((await lookUp(hibob, base, { reference: 'revoked:7', answers })).result).toEqual(gone);
    const noDay = {
      'POST /v1/people/7': {
        ...answers['POST /v1/people/7'],
        ...bobsAnswer({ 'internal.terminationDate': null }),
      },
    };
    expect((await lookUp(hibob, base, { reference: '7', answers: noDay })).result).toMatchObject({
      kind: 'unclear',
    });
  });

  it.each([
    ['bamboohr', { location: 'Tokyo' }],
    ['rippling', { workLocation: { nickname: 'Tokyo' } }],
    ['hibob', bobsAnswer({ 'work.site': 'Tokyo' })],
  ])('%s: the place of work has a time zone of its own, which wins', async (name, told) => {
    const { handler, base, answers } = vendor(name);
    const [[what, answer] = ['', {}]] = Object.entries(answers('leaves'));
    const look = async (sites: object) => {
      const given = { reference: '7', answers: { [what]: { ...Object(answer), ...told } } };
      return (await lookUp(handler, { ...base, sites }, given)).result;
    };
    const inTokyo = { ...leaves, effectiveAt: Date.parse('2026-11-30T15:00:00Z') };
    expect(await look({ Tokyo: 'Asia/Tokyo', Madrid: 'Europe/Madrid' })).toEqual(inTokyo);
    expect(await look({ constructor: 'Asia/Tokyo' })).toEqual(leaves);
    expect(handler.settings.safeParse({ ...base, sites: { Tokyo: 'Tokyo' } }).success).toBe(false);
  });

  it('deel: a person with another contract is not gone, and an unknown number of them is not clear', async () => {
    const { base, answers } = vendor('deel');
    const withEmployments = (employments: unknown) => ({
      ...answers('gone'),
      'GET /people/w1': { data: { emails: [{ type: 'work', value: 'ada@example.com' }], employments } },
    });
    const look = (employments: unknown) =>
      lookUp(deel, base, { reference: '7', answers: withEmployments(employments) });
    const own = { id: '7', hiring_status: 'inactive' };
    expect((await look([own, { id: '8', hiring_status: 'active' }])).result).toEqual(active);
    expect((await look([own, { id: '8', hiring_status: 'inactive' }])).result).toEqual(gone);
    expect((await look(null)).result).toMatchObject({ kind: 'unclear', failure: { code: 'status_unknown' } });
  });

  it('personio: whoever has another employment without an end stays', async () => {
    const { base, answers } = vendor('personio');
    const employments = [{ status: 'ACTIVE', employment_end_date: day }, { status: 'ACTIVE' }];
    const more = { ...answers('leaves'), 'GET /v2/persons/7/employments': { _data: employments } };
    expect((await lookUp(personio, base, { reference: '7', answers: more })).result).toEqual(active);
  });

  it('gusto: a contractor is not looked up, because the address would be a private one', () => {
    const { base } = vendor('gusto');
    const event = {
      uuid: 'e1',
      event_type: 'contractor.deactivated',
      entity_uuid: '7',
      timestamp: 1_763_625_600,
    };
    expect(reader(gusto, base)(event)[0]).not.toHaveProperty('reference');
  });

  it.each([
    ['bamboohr', '{"type":"employee.deleted","data":{"employeeId":"7"}}'],
    ['deel', '{"data":{"meta":{"event_type":"worker.v2.deleted"},"resource":{"id":"7"}}}'],
    ['gusto', '{"uuid":"e1","event_type":"employee.deleted","entity_uuid":"7","timestamp":1763625600}'],
    ['finch', '{"event_type":"individual.deleted","data":{"individual_id":"7"}}'],
    ['hibob', '{"type":"employee.deleted","data":{"employeeId":"7","email":"ada@example.com"}}'],
    [
      'personio',
      '{"company_id":"1","occurred_at":"","event_name":"person.deleted","payload":{"person":{"id":"7"}}}',
    ],
  ])(
    '%s: a deleted record cannot be looked up, so what was sent has to do, where it is enough',
    (name, event) => {
      const { handler, base } = vendor(name);
      const read = reader(handler, base);
      const [draft] = read(event);
      expect(draft).toMatchObject({ subject: '7', hold: { code: 'record_deleted' } });
      expect(draft).toHaveProperty('identifiers', name === 'hibob' ? both : [both[0]]);
      expect(draft).not.toHaveProperty('reference');
      const [other] = read(event.replace('ada@example.com', ''), { identifyBy: ['email'] });
      expect(other).toMatchObject({ reference: '7', hold: { code: 'record_deleted' } });
    },
  );

  it('a rescinded termination needs no look-up to be withdrawn by its id', () => {
    const { base } = vendor('gusto');
    const draft = reader(gusto, { ...base, identifyBy: ['email'] })(
      readFixture('gusto/employee-termination-cancelled.json'),
    );
    expect(draft).toMatchObject([{ action: 'withdraw', subject: 'bcfc9744-0ab3-4ef3-ab0d-e728255d659c' }]);
  });

  it('a source that has neither the id nor a look-up to go by is refused when the configuration is read', () => {
    for (const { handler, base } of vendors.filter(({ name }) => name !== 'bamboohr' && name !== 'hibob')) {
      const { lookup: _, ...without } = base;
      expect(handler.settings.safeParse({ ...without, identifyBy: ['email'] }).success).toBe(false);
      expect(handler.settings.safeParse({ ...without, identifyBy: ['external_id'] }).success).toBe(true);
    }
  });

  it('the secret of a webhook is not the key of a look-up', () => {
    const { base, event } = vendor('rippling');
    const settings = rippling.settings.parse(base);
    expect(() => rippling.verify(post(event, { authorization: 'Bearer key' }), settings, 0)).toThrow();
  });
});

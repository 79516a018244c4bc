import { describe, expect, it } from '@jest/globals';
import { factorial } from '../../handlers/factorial.ts';
import { readFixture, testHandler } from './handler-suite.ts';
import { faultsOf, post, reader } from './sender.ts';

const employee = readFixture('factorial/employee.json');
const secrets: [string, string] = ['a challenge of Factorial', 'another challenge of it'];
const base = { secrets, identifyBy: ['external_id', 'email'], timezone: 'Europe/Madrid' };

testHandler({
  name: 'factorial',
  handler: factorial,
  settings: (secrets) => ({ ...base, secrets }),
  secrets,
  sign: (body, { secret }) =>
    post(
      body,
      { 'x-factorial-wh-challenge': secret },
      { event: body.includes('foreign') ? 'update' : 'terminate' },
    ),
  signedHeaders: ['x-factorial-wh-challenge'],
  signsBody: false,
  hasTimestamp: false,
  hasReplayWindow: false,
  now: Date.parse('2026-11-20T08:00:00Z'),
  bodies: {
    genuine: employee,
    intents: [
      {
        action: 'resign',
        identifiers: [
          { userIdType: 'external_id', userId: '2' },
          { userIdType: 'email', userId: 'ana@factorial.com' },
        ],
        subject: '2',
        occurredAt: Date.parse('2024-10-06T00:00:00Z'),
        effectiveAt: Date.parse('2024-10-06T22:00:00Z'),
      },
    ],
    foreign: '{"id":2,"full_name":"foreign","login_email":"ana@factorial.com"}',
    unreadable: '{"login_email":"ana@factorial.com","terminated_on":"2024-10-06"}',
  },
});

const read = reader(factorial, base);
const ana = { id: 2, company_id: 1, login_email: 'ana@factorial.com', email: 'ana@home.example' };

describe('factorial', () => {
  it('schedules a termination for the end of the last day, where the source says that it is', () => {
    const body = { ...ana, terminated_on: '2026-12-31', active: true };
    const end = (settings: object) => read(body, { ...settings }, { event: 'terminate' })[0];
    expect(end({})).toMatchObject({ effectiveAt: Date.parse('2026-12-31T23:00:00Z') });
    expect(end({ timezone: 'Asia/Shanghai' })).toMatchObject({
      effectiveAt: Date.parse('2026-12-31T16:00:00Z'),
    });
    expect(end({ sites: { 1: 'Asia/Shanghai' } })).toMatchObject({
      effectiveAt: Date.parse('2026-12-31T23:00:00Z'),
    });
    const inShanghai = read(
      { ...body, location_id: 1 },
      { sites: { 1: 'Asia/Shanghai' } },
      { event: 'terminate' },
    );
    expect(inShanghai).toMatchObject([{ effectiveAt: Date.parse('2026-12-31T16:00:00Z') }]);
    expect(end({ dayEnds: '18:00' })).toMatchObject({ effectiveAt: Date.parse('2026-12-31T17:00:00Z') });
  });

  it('acts at once on somebody who is not active any more, whatever the date', () => {
    const [draft] = read({ ...ana, terminated_on: '2099-01-01', active: false }, {}, { event: 'terminate' });
    expect(draft).toMatchObject({ action: 'resign' });
    expect(draft).not.toHaveProperty('effectiveAt');
  });

  it('takes a changed date from an update, and nothing else', () => {
    const [draft] = read({ ...ana, terminated_on: '2026-12-24' }, {}, { event: 'update' });
    expect(draft).toMatchObject({
      action: 'resign',
      subject: '2',
      effectiveAt: Date.parse('2026-12-24T23:00:00Z'),
    });
    expect(read({ ...ana, terminated_on: null }, {}, { event: 'update' })).toEqual([]);
  });

  it('takes a day that was long over for that of an earlier employment, when an active person is updated', () => {
    const told = (day: string, event: string, active = true) =>
      read({ ...ana, active, terminated_on: day, updated_at: '2026-11-20T08:00:00Z' }, {}, { event });
    expect(told('2026-11-16', 'update')).toEqual([]);
    // The record may lag behind its day; and a termination that is entered late is one all the same.
    expect(told('2026-11-18', 'update')).toHaveLength(1);
    expect(told('2026-11-16', 'terminate')).toHaveLength(1);
    expect(told('2026-11-16', 'update', false)).toHaveLength(1);
  });

  it('withdraws when a termination is undone', () => {
    expect(read({ ...ana, terminated_on: null }, {}, { event: 'unterminate' })).toMatchObject([
      { action: 'withdraw' },
    ]);
  });

  it('knows an event again by its name, the employee, updated_at and what it says of the end', () => {
    const settings = factorial.settings.parse(base);
    const told = { ...ana, terminated_on: '2026-12-24', active: true, updated_at: '2026-11-20T08:00:00Z' };
    const id = (event: string, more: object = {}) =>
      factorial.eventId?.(post(JSON.stringify({ ...told, ...more }), {}, { event }), settings);
    const first = id('terminate');
    expect(first).toBe('terminate 2 2026-11-20T08:00:00Z 2026-12-24 true');
    expect(id('employees/employee/terminate', { full_name: 'Ana' })).toBe(first);
    const others = [
      id('unterminate'),
      id('terminate', { id: 3 }),
      id('terminate', { updated_at: '2026-11-20T08:00:01Z' }),
      id('terminate', { terminated_on: '2026-12-31' }),
      id('terminate', { active: false }),
    ];
    expect(new Set([first, ...others]).size).toBe(6);
    expect(id('terminate', { updated_at: undefined })).toBeNull();
    expect(id('terminate', { id: undefined })).toBeNull();
  });

  it('holds a termination without a date', () => {
    expect(read(ana, {}, { event: 'terminate' })).toMatchObject([{ hold: { code: 'status_unknown' } }]);
  });

  it('never names anybody by a private address', () => {
    const body = {
      ...ana,
      login_email: null,
      personal_email: 'ana@home.example',
      terminated_on: '2026-12-24',
    };
    const faults = faultsOf(() => read(body, { identifyBy: ['email'] }, { event: 'terminate' }));
    expect(faults).toEqual(['email: was not sent']);
  });

  it('puts the prefix before the external id that the source chose', () => {
    const body = { ...ana, company_identifier: 'bb9d281e', terminated_on: '2026-12-24' };
    const chosen = { externalIdField: 'company_identifier', externalIdPrefix: 'es-' };
    expect(read(body, chosen, { event: 'terminate' })).toMatchObject([
      { identifiers: [{ userIdType: 'external_id', userId: 'es-bb9d281e' }, {}], subject: '2' },
    ]);
  });

  it.each([
    ['the URL has no ?event=terminate or the like', {}, {}],
    ['?event= in the URL is none of terminate, unterminate, update', {}, { event: 'terminated' }],
    ['?event= in the URL is none of terminate, unterminate, update', {}, { event: 'terminate, update' }],
    ['company_id: is not the tenant of this source', { tenant: '2' }, { event: 'terminate' }],
  ])('is malformed when %s', (fault, settings, query) => {
    expect(faultsOf(() => read(ana, settings, query as Record<string, string>))).toEqual([fault]);
  });

  it('is malformed when the date is none', () => {
    const body = { ...ana, terminated_on: '2026-02-30' };
    expect(faultsOf(() => read(body, {}, { event: 'terminate' }))).toEqual(['terminated_on: is not a date']);
  });

  it.each([
    ['terminate', 'resign'],
    ['unterminate', 'withdraw'],
    ['update', 'resign'],
  ])("knows %s by Factorial's own name, too", (name, action) => {
    const body = { ...ana, terminated_on: '2026-12-24' };
    const drafts = read(body, {}, { event: `employees/employee/${name}` });
    expect(drafts).toMatchObject([{ action }]);
    expect(drafts).toEqual(read(body, {}, { event: name }));
  });

  it('needs a time zone', () => {
    expect(factorial.settings.safeParse({ ...base, timezone: undefined }).success).toBe(false);
    expect(factorial.settings.safeParse({ ...base, timezone: 'Europe/Nowhere' }).success).toBe(false);
  });
});

import { describe, expect, it } from '@jest/globals';
import { merge } from '../../handlers/merge.ts';
import { readFixture, testHandler } from './handler-suite.ts';
import { faultsOf, hmac, post, reader } from './sender.ts';

const changed = readFixture('merge/employee-changed.json');
const secrets: [string, string] = ['a signature key of Merge', 'another signature key'];
const base = { secrets, identifyBy: ['external_id', 'email'], timezone: 'America/New_York' };
const occurredAt = Date.parse('2026-11-20T08:00:00Z');

testHandler({
  name: 'merge',
  handler: merge,
  settings: (secrets) => ({ ...base, secrets }),
  secrets,
  sign: (body, { secret }) =>
    post(body, { 'x-merge-webhook-signature': hmac({ secret, encoding: 'base64url' }, body) }),
  signedHeaders: ['x-merge-webhook-signature'],
  hasTimestamp: false,
  hasReplayWindow: false,
  now: occurredAt,
  bodies: {
    genuine: changed,
    intents: [
      {
        action: 'resign',
        identifiers: [
          { userIdType: 'external_id', userId: '19202938' },
          { userIdType: 'email', userId: 'ada@example.com' },
        ],
        subject: '0958cbc6-6040-430a-848e-aafacbadf4ae',
        occurredAt,
      },
    ],
    foreign: readFixture('merge/linked-account-linked.partial.json'),
    unreadable: '{"hook":{"event":"Employee.changed"},"linked_account":{}}',
  },
});

const read = reader(merge, base);
const employee = (data: object) => {
  const body = JSON.parse(changed);
  return { ...body, data: { ...body.data, ...data } };
};

describe('merge', () => {
  it('takes a padded signature too', () => {
    const settings = merge.settings.parse(base);
    const signature = hmac({ secret: secrets[0], encoding: 'base64' }, changed);
    const padded = signature.replaceAll('+', '-').replaceAll('/', '_');
    expect(padded).toMatch(/=$/);
    const delivery = post(changed, { 'x-merge-webhook-signature': padded });
    expect(() => merge.verify(delivery, settings, 0)).not.toThrow();
  });

  it('takes the day to end where the place of work is', () => {
    const body = employee({ employment_status: 'ACTIVE', work_location: 'loc-1' });
    expect(read(body, { sites: { 'loc-1': 'Europe/Berlin' } })).toMatchObject([
      { effectiveAt: Date.parse('2026-11-20T23:00:00Z') },
    ]);
    const expanded = employee({ employment_status: 'ACTIVE', work_location: { id: 'loc-1' } });
    expect(read(expanded, { sites: { 'loc-1': 'Europe/Berlin' } })).toMatchObject([
      { effectiveAt: Date.parse('2026-11-21T05:00:00Z') },
    ]);
  });

  it.each([
    [
      'a date ahead of somebody who is still active',
      { employment_status: 'ACTIVE' },
      Date.parse('2026-11-21T05:00:00Z'),
    ],
    [
      'a date without a status',
      { employment_status: null, termination_date: '2026-07-01' },
      Date.parse('2026-07-02T04:00:00Z'),
    ],
  ])('schedules %s for the end of that day', (_title, data, effectiveAt) => {
    expect(read(employee(data))).toMatchObject([{ action: 'resign', effectiveAt }]);
  });

  it('withdraws when somebody is active and has no date, because there may have been one', () => {
    const data = { employment_status: 'ACTIVE', termination_date: null };
    expect(read(employee(data))).toMatchObject([{ action: 'withdraw' }]);
  });

  it('makes nothing of an active person whose day was over long before: that is of an earlier employment', () => {
    const told = (day: string, status: string | null = 'ACTIVE') =>
      read(employee({ employment_status: status, termination_date: day }));
    expect(told('2026-11-16')).toEqual([]);
    // A status may lag behind its day for two days.
    expect(told('2026-11-18')).toMatchObject([{ action: 'resign' }]);
    expect(told('2026-11-16', 'INACTIVE')).toMatchObject([{ action: 'resign' }]);
    expect(told('2026-11-16', null)).toMatchObject([{ action: 'resign' }]);
  });

  it('makes nothing of somebody who is still to come', () => {
    expect(read(employee({ employment_status: 'PENDING', termination_date: null }))).toEqual([]);
  });

  it('holds the resign of a record that was deleted', () => {
    const data = { remote_was_deleted: true, employment_status: 'ACTIVE' };
    expect(read(employee(data))).toMatchObject([{ action: 'resign', hold: { code: 'record_deleted' } }]);
  });

  it('never names anybody by the personal address', () => {
    const faults = faultsOf(() => read(employee({ work_email: null }), { identifyBy: ['email'] }));
    expect(faults).toEqual(['email: was not sent']);
  });

  it('takes the linked account, by either id, for the tenant', () => {
    for (const tenant of ['example', 'a3602c03-aba7-4d9d-a349-dbc338504092'])
      expect(read(changed, { tenant })).toHaveLength(1);
    expect(faultsOf(() => read(changed, { tenant: 'other' }))).toHaveLength(1);
  });
});

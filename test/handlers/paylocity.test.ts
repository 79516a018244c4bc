import { describe, expect, it } from '@jest/globals';
import { paylocity } from '../../handlers/paylocity.ts';
import { UnverifiedDelivery } from '../../src/core/handler.ts';
import { readFixture, testHandler } from './handler-suite.ts';
import { faultsOf, post, reader } from './sender.ts';

const termination = readFixture('paylocity/termination.json');
const secrets: [string, string] = ['bridge:a long password', 'bridge:another password'];
const base = { secrets, identifyBy: ['external_id', 'email'], timezone: 'America/Chicago' };

testHandler({
  name: 'paylocity',
  handler: paylocity,
  settings: (secrets) => ({ ...base, secrets }),
  secrets,
  sign: (body, { secret }) =>
    post(body, { authorization: `Basic ${Buffer.from(secret).toString('base64')}` }),
  signedHeaders: ['authorization'],
  signsBody: false,
  hasTimestamp: false,
  hasReplayWindow: false,
  now: Date.parse('2026-01-20T08:00:00Z'),
  bodies: {
    genuine: termination,
    intents: [
      {
        action: 'resign',
        identifiers: [{ userIdType: 'email', userId: 'john.doe@example.com' }],
        subject: 'john.doe@example.com',
        // The date is written as a midnight in UTC; what is meant is the day in Chicago.
        effectiveAt: Date.parse('2026-01-21T06:00:00Z'),
      },
    ],
    foreign: '{"companyId":"000000","employeeId":"12345"}',
    unreadable: '{"companyId":"000000","employeeFirstName":"John"}',
  },
});

const read = reader(paylocity, base);

describe('paylocity', () => {
  it('acts on the day of the webhook where it brings no date', () => {
    expect(read(readFixture('paylocity/termination.partial.json'))).toEqual([
      { action: 'resign', identifiers: [{ userIdType: 'external_id', userId: '12345' }], subject: '12345' },
    ]);
  });

  it('takes a custom header, where Paylocity was asked for one', () => {
    const settings = paylocity.settings.parse({ ...base, header: 'X-Bridge-Token' });
    const verify = (headers: Record<string, string>) =>
      paylocity.verify(post(termination, headers), settings, 0);
    expect(paylocity.secretHeader?.(settings)).toBe('x-bridge-token');
    expect(() => verify({ 'x-bridge-token': secrets[1] })).not.toThrow();
    expect(() => verify({ authorization: secrets[1] })).toThrow(UnverifiedDelivery);
  });

  it('reads the work address and the date from the fields that are named', () => {
    const body = { employeeId: '5', workMail: 'Ada@example.com', lastDay: '2026-01-20' };
    const fields = { email: 'workMail', terminationDate: 'lastDay' };
    expect(read(body, { fields, identifyBy: ['email'] })).toEqual([
      {
        action: 'resign',
        identifiers: [{ userIdType: 'email', userId: 'Ada@example.com' }],
        subject: '5',
        effectiveAt: Date.parse('2026-01-21T06:00:00Z'),
      },
    ]);
    expect(faultsOf(() => read({ ...body, lastDay: 'soon' }, { fields }))).toEqual([
      'lastDay: is not a date',
    ]);
  });

  it('is malformed when the date is none, or the company another', () => {
    const body = { companyId: '1', employeeId: '5', employeeTerminationDate: 'soon' };
    expect(faultsOf(() => read(body))).toEqual(['employeeTerminationDate: is not a date']);
    expect(faultsOf(() => read(body, { tenant: '2' }))).toEqual([
      'companyId: is not the tenant of this source',
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { rippling } from '../../handlers/rippling.ts';
import { UnverifiedDelivery } from '../../src/core/handler.ts';
import { readFixture, testHandler } from './handler-suite.ts';
import { faultsOf, post, reader } from './sender.ts';

const secrets: [string, string] = ['a token for Rippling', 'another token for it'];
const base = { secrets, identifyBy: ['external_id'] };
const terminated = readFixture('rippling/employee-terminated.form.txt');
const id = '5ed540606c9a4e3e61c0d383';

testHandler({
  name: 'rippling',
  handler: rippling,
  settings: (secrets) => ({ ...base, secrets }),
  secrets,
  sign: (body, { secret }) => post(body, { authorization: `Bearer ${secret}` }),
  signedHeaders: ['authorization'],
  signsBody: false,
  hasTimestamp: false,
  hasReplayWindow: false,
  now: Date.parse('2026-11-20T08:00:10Z'),
  bodies: {
    genuine: terminated,
    intents: [{ action: 'resign', identifiers: [{ userIdType: 'external_id', userId: id }], subject: id }],
    foreign: readFixture('rippling/employee-updated.form.txt'),
    unreadable: 'event_name=employee.terminated',
  },
});

const read = reader(rippling, base);

describe('rippling', () => {
  it('reads JSON like the form', () => {
    const body = { event_name: 'employee.terminated', id };
    expect(read(body)).toEqual(read(terminated));
    expect(read(readFixture('rippling/employee-created.json'))).toEqual([]);
  });

  it('takes the token from where the source says that it is', () => {
    const settings = rippling.settings.parse({ ...base, token: { header: 'X-Token', prefix: '' } });
    const verify = (headers: Record<string, string>) =>
      rippling.verify(post(terminated, headers), settings, 0);
    expect(rippling.secretHeader?.(settings)).toBe('x-token');
    expect(() => verify({ 'x-token': secrets[1] })).not.toThrow();
    expect(() => verify({ authorization: `Bearer ${secrets[1]}` })).toThrow(UnverifiedDelivery);
  });

  it('holds a resign when access to the app was removed, for which there are other reasons', () => {
    expect(read({ event_name: 'employee.deleted', id })).toMatchObject([
      { hold: { code: 'record_deleted' } },
    ]);
  });

  it('withdraws when somebody is hired', () => {
    expect(read({ event_name: 'employee.hired', id })).toMatchObject([{ action: 'withdraw', subject: id }]);
  });

  it("cannot be told to go by the administrator's address", () => {
    expect(rippling.settings.safeParse({ ...base, identifyBy: ['email'] }).success).toBe(false);
  });

  it('is malformed when the company is not the tenant', () => {
    expect(faultsOf(() => read(terminated, { tenant: 'other' }))).toEqual([
      'company_id: is not the tenant of this source',
    ]);
  });
});

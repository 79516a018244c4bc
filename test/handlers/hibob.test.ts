import { describe, expect, it } from '@jest/globals';
import { hibob } from '../../handlers/hibob.ts';
import { readFixture, testHandler } from './handler-suite.ts';
import { faultsOf, hmac, post, reader } from './sender.ts';

const secrets: [string, string] = ['a secret of a webhook', 'another secret of it'];
const base = { secrets, identifyBy: ['external_id', 'email'] };
const left = readFixture('hibob/left.json');
const id = '3332883884017713938';
const ada = {
  identifiers: [{ userIdType: 'external_id', userId: id }],
  subject: id,
  occurredAt: Date.parse('2026-11-20T00:00:00Z'),
} as const;

testHandler({
  name: 'hibob',
  handler: hibob,
  settings: (secrets) => ({ ...base, secrets }),
  secrets,
  sign: (body, { secret }) =>
    post(body, { 'bob-signature': hmac({ algorithm: 'sha512', secret, encoding: 'base64' }, body) }),
  signedHeaders: ['bob-signature'],
  hasTimestamp: false,
  hasReplayWindow: false,
  now: Date.parse('2026-11-20T00:00:10Z'),
  bodies: {
    genuine: left,
    intents: [
      { action: 'kick', ...ada },
      {
        action: 'resign',
        hold: { code: 'status_unknown', message: expect.any(String) as unknown as string },
        ...ada,
      },
    ],
    foreign: '{"type":"employee.inactivated","companyId":636192,"data":{"employeeId":"1"}}',
    unreadable: '{"type":"employee.left","companyId":636192}',
  },
});

const read = reader(hibob, base);
const event = (type: string) => ({ ...JSON.parse(left), type });

describe('hibob', () => {
  it.each([readFixture('hibob/ping.json'), 'Ping test', '"Ping test"', '{ "text": "Ping test" }\n'])(
    'answers the ping %j',
    (body) => {
      const settings = hibob.settings.parse(base);
      expect(hibob.handshake?.(post(body, {}), settings)).toMatchObject({ status: 200 });
    },
  );

  it.each([left, '', '{"text":"Ping test","type":"employee.left"}', 'Ping test!'])(
    'takes %j for no ping',
    (body) => {
      expect(hibob.handshake?.(post(body, {}), hibob.settings.parse(base))).toBeNull();
    },
  );

  it('resigns whoever left, where the company has no garden leave', () => {
    expect(read(left, { gardenLeave: false })).toEqual([{ action: 'resign', ...ada }]);
  });

  it('resigns whoever is to be locked out at once', () => {
    expect(read(event('employee.access.revoked.immediately'))).toEqual([{ action: 'resign', ...ada }]);
  });

  it.each(['employee.joined', 'employee.activated'])('makes %s a withdraw', (type) => {
    expect(read(event(type))).toEqual([{ action: 'withdraw', ...ada }]);
  });

  it('holds the resign of a record that was deleted', () => {
    expect(read(event('employee.deleted'))).toMatchObject([{ hold: { code: 'record_deleted' } }]);
  });

  it.each(['employee.inactivated', 'employee.updated', 'employee.temporaryLeave', 'constructor'])(
    'makes nothing of %s',
    (type) => {
      expect(read(event(type))).toEqual([]);
    },
  );

  it('reads the person of version 1, with the work address', () => {
    const body = {
      companyId: 636192,
      type: 'employee.left',
      employee: { id, firstName: 'Ada', email: 'ada@example.com', site: 'Berlin' },
      creationDate: '2026-11-20T00:00:00.000Z',
    };
    expect(read(body, { gardenLeave: false })).toEqual([
      {
        action: 'resign',
        ...ada,
        identifiers: [...ada.identifiers, { userIdType: 'email', userId: 'ada@example.com' }],
      },
    ]);
  });

  it('is malformed when the company is not the tenant', () => {
    expect(faultsOf(() => read(left, { tenant: '1' }))).toEqual([
      'companyId: is not the tenant of this source',
    ]);
    expect(read(left, { tenant: '636192' })).toHaveLength(2);
  });
});

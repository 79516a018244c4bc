import { describe, expect, it } from '@jest/globals';
import { bamboohr } from '../../handlers/bamboohr.ts';
import { type Delivery, UnverifiedDelivery } from '../../src/core/handler.ts';
import { secret, sign, stamp } from './bamboohr-sender.ts';
import { readFixture, testHandler } from './handler-suite.ts';

const now = Date.parse('2026-11-20T08:00:10Z');
const left = readFixture('bamboohr/field-based-left.json');

testHandler({
  name: 'bamboohr',
  handler: bamboohr,
  settings: (secrets) => ({ secrets, identifyBy: ['external_id', 'email', 'phone'] }),
  secrets: [secret, 'fedcba9876543210fedcba9876543210'],
  sign,
  signedHeaders: ['x-bamboohr-timestamp', 'x-bamboohr-signature'],
  hasTimestamp: true,
  hasReplayWindow: false,
  now,
  bodies: {
    genuine: left,
    intents: [
      {
        action: 'resign',
        identifiers: [
          { userIdType: 'external_id', userId: '1001' },
          { userIdType: 'email', userId: 'ada@example.com' },
          { userIdType: 'phone', userId: '13800000001' },
        ],
        subject: '1001',
        occurredAt: Date.parse('2026-11-20T08:00:00Z'),
      },
    ],
    foreign: '{"type":"employee.promoted","data":{}}',
    unreadable: '{"employees":[{"changedFields":["Status"],"fields":{"Status":"Inactive"}}]}',
  },
});

describe('bamboohr: the signature', () => {
  const vector = JSON.parse(readFixture('bamboohr/signed-vector.json'));
  const settings = bamboohr.settings.parse({ secrets: [secret], identifyBy: ['email'] });
  const verify = (delivery: Delivery) => bamboohr.verify(delivery, settings, now);

  it('accepts a recorded delivery of 2022, which is not our business', () => {
    const delivery = {
      method: 'POST',
      query: {},
      headers: vector.headers,
      body: Buffer.from(vector.rawBody),
    };
    const vectorSettings = bamboohr.settings.parse({ secrets: [vector.privateKey], identifyBy: ['email'] });
    expect(() => bamboohr.verify(delivery, vectorSettings, now)).not.toThrow();
    expect(bamboohr.normalize(delivery, vectorSettings)).toEqual([]);
  });

  it.each([
    '1763625600',
    '2026-11-20T08:00:00+0000',
    '2026-11-20T08:00:00.123Z',
    '2026-11-20T16:00:00+08:00',
  ])('accepts the timestamp %s', (timestamp) => {
    expect(() => verify(stamp(left, timestamp))).not.toThrow();
  });

  it.each(['176362560', '17636256000', '2026-11-20T08:00:00', '2026-11-20', '2026-13-20T08:00:00Z', 'now'])(
    'refuses the timestamp %s, though it is signed',
    (timestamp) => {
      expect(() => verify(stamp(left, timestamp))).toThrow(UnverifiedDelivery);
    },
  );

  it.each(['1763625600', '2026-11-20T08:00:00+0000'])(
    'refuses a replay that moves bytes between the body and the timestamp %s, between which nothing stands',
    (timestamp) => {
      const form = 'employees[5][changedFields][0]=Status&employees[5][Mobile Phone]=13800000001';
      const honest = stamp(form, timestamp);
      const signed = form + timestamp;
      for (let border = 0; border <= signed.length; border++) {
        const headers = { ...honest.headers, 'x-bamboohr-timestamp': signed.slice(border) };
        const moved = { ...honest, headers, body: Buffer.from(signed.slice(0, border)) };
        if (border === form.length) expect(() => verify(moved)).not.toThrow();
        else expect(() => verify(moved)).toThrow(UnverifiedDelivery);
      }
    },
  );
});

describe('bamboohr: the settings', () => {
  const fault = (settings: Record<string, unknown>) =>
    bamboohr.settings.safeParse({ secrets: [secret], identifyBy: ['email'], ...settings }).error?.issues[0]
      ?.path;

  it('need secrets of sixteen characters and at least one type of identifier, each once', () => {
    expect(fault({})).toBeUndefined();
    expect(fault({ secrets: ['0123456789abcde'] })).toEqual(['secrets', 0]);
    expect(fault({ identifyBy: [] })).toEqual(['identifyBy']);
    expect(fault({ identifyBy: undefined })).toEqual(['identifyBy']);
    expect(fault({ identifyBy: ['email', 'email'] })).toEqual(['identifyBy']);
    expect(fault({ identifyBy: ['user_id'] })).toEqual(['identifyBy', 0]);
    expect(fault({ fields: { mail: 'Work Email' } })).toEqual(['fields']);
  });
});

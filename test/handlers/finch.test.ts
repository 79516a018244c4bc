import { describe, expect, it } from '@jest/globals';
import { finch } from '../../handlers/finch.ts';
import { readFixture, testHandler } from './handler-suite.ts';
import { faultsOf, hmac, post, reader } from './sender.ts';

const vector = JSON.parse(readFixture('finch/signed-vector.json'));
const secrets: [string, string] = [vector.secret, 'YW5vdGhlciBzZWNyZXQgb2YgYSB0ZXN0'];
const base = { secrets, identifyBy: ['external_id'] };
const updated = readFixture('finch/employment-updated.json');
const now = Date.parse('2026-11-20T08:00:10Z');
const person = '5d0b10a1-a09a-430f-81f1-20be735dc5e9';

testHandler({
  name: 'finch',
  handler: finch,
  settings: (secrets) => ({ ...base, secrets }),
  secrets,
  sign(body, { secret, at }) {
    const timestamp = String(Math.floor(at / 1_000));
    const key = Buffer.from(secret, 'base64');
    const signature = hmac({ secret: key, encoding: 'base64' }, `msg_1.${timestamp}.`, body);
    return post(body, {
      'finch-event-id': 'msg_1',
      'finch-timestamp': timestamp,
      'finch-signature': `v1,${signature}`,
    });
  },
  signedHeaders: ['finch-event-id', 'finch-timestamp', 'finch-signature'],
  hasTimestamp: true,
  hasReplayWindow: true,
  now,
  bodies: {
    genuine: updated,
    intents: [
      {
        action: 'resign',
        hold: { code: 'status_unknown', message: expect.any(String) as unknown as string },
        identifiers: [{ userIdType: 'external_id', userId: person }],
        subject: person,
        occurredAt: now,
      },
    ],
    foreign: '{"event_type":"company.updated","connection_id":"x"}',
    unreadable: '{"event_type":"employment.updated","data":{}}',
  },
});

const read = reader(finch, base);

describe('finch', () => {
  it("accepts the vector of Finch's SDK", () => {
    const headers = Object.fromEntries(
      Object.entries(vector.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    const at = Number(vector.headers['Finch-Timestamp']) * 1_000;
    const delivery = post(vector.rawBody, headers);
    expect(() => finch.verify(delivery, finch.settings.parse(base), at)).not.toThrow();
    expect(finch.eventId?.(delivery, finch.settings.parse(base))).toBe('msg_2Lh9KRb0pzN4LePd3XiA4v12Axj');
  });

  it.each(['employment.deleted', 'individual.deleted', 'directory.deleted'])(
    'holds a resign for %s',
    (type) => {
      const body = { ...JSON.parse(updated), event_type: type };
      expect(read(body)).toMatchObject([{ action: 'resign', hold: { code: 'record_deleted' } }]);
    },
  );

  it.each(['employment.created', 'individual.updated', 'directory.updated', 'pay_statement.created'])(
    'makes nothing of %s',
    (type) => {
      expect(read({ ...JSON.parse(updated), event_type: type })).toEqual([]);
    },
  );

  it('is malformed when the connection is not the tenant', () => {
    expect(faultsOf(() => read(updated, { tenant: 'other' }))).toEqual([
      'connection_id: is not the tenant of this source',
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { deel } from '../../handlers/deel.ts';
import { MalformedDelivery, UnverifiedDelivery } from '../../src/core/handler.ts';
import { readFixture, testHandler } from './handler-suite.ts';
import { faultsOf, hmac, post, reader } from './sender.ts';

const secrets: [string, string] = ['a signing key of Deel', 'another signing key'];
const base = { secrets, identifyBy: ['external_id'], timezone: 'Europe/Lisbon' };
const terminated = readFixture('deel/contract-terminated.json');
const event = (type: string, meta: object = {}) => {
  const { data, timestamp } = JSON.parse(terminated);
  return { timestamp, data: { ...data, meta: { ...data.meta, event_type: type, ...meta } } };
};
const held = { code: 'status_unknown', message: expect.any(String) as unknown as string } as const;

testHandler({
  name: 'deel',
  handler: deel,
  settings: (secrets) => ({ ...base, secrets }),
  secrets,
  sign: (body, { secret }) => post(body, { 'x-deel-signature': hmac({ secret }, 'POST', body) }),
  signedHeaders: ['x-deel-signature'],
  hasTimestamp: false,
  hasReplayWindow: false,
  now: Date.parse('2026-11-20T08:00:10Z'),
  bodies: {
    genuine: terminated,
    intents: [
      {
        action: 'resign',
        hold: held,
        identifiers: [{ userIdType: 'external_id', userId: '37nex2x' }],
        subject: '37nex2x',
        occurredAt: Date.parse('2026-11-20T08:00:00Z'),
        effectiveAt: Date.parse('2026-11-21T00:00:00Z'),
      },
    ],
    foreign: JSON.stringify(event('employee.updated.direct')),
    unreadable: '{"data":{"meta":{"event_type":"contract.terminated"},"resource":{}}}',
  },
});

const read = reader(deel, base);

describe('deel', () => {
  it('takes the signature from among the headers that Deel prints', () => {
    const lines = readFixture('deel/headers.txt').trim().split('\n');
    const printed: Record<string, string> = Object.fromEntries(lines.map((line) => line.split(': ')));
    const settings = deel.settings.parse(base);
    const verify = (headers: Record<string, string>) => deel.verify(post(terminated, headers), settings, 0);
    expect(() => verify(printed)).toThrow(UnverifiedDelivery);
    const signature = hmac({ secret: secrets[1] }, 'POST', terminated);
    expect(Object.keys(printed)).toContain('x-deel-signature');
    expect(() => verify({ ...printed, 'x-deel-signature': signature })).not.toThrow();
  });

  it('reads the resource as an object or as a list, each with a fault of its own', () => {
    const body = event('contract.terminated');
    const list = [
      { id: 'a' },
      { id: 'b', completion_date: 'soon' },
      { id: 'c', completion_date: '2026-12-01' },
    ];
    const parts = read({ ...body, data: { ...body.data, resource: list } });
    expect(parts.map((part) => (part instanceof MalformedDelivery ? part.faults : part.subject))).toEqual([
      'a',
      ['data.resource.completion_date: is not a date'],
      'c',
    ]);
  });

  it('never acts on a simulation', () => {
    for (const marked of [true, 'true', 1])
      expect(read(event('contract.terminated', { is_simulation: marked }))).toEqual([]);
    expect(read(event('contract.terminated', { is_simulation: false }))).toHaveLength(1);
  });

  it('holds the resign of a worker who was deleted', () => {
    expect(read(event('worker.v2.deleted'))).toMatchObject([{ hold: { code: 'record_deleted' } }]);
  });

  it('takes the names of the events that end a contract from the settings', () => {
    expect(read(event('gp.ended'))).toEqual([]);
    expect(read(event('gp.ended'), { endEvents: ['gp.ended'] })).toHaveLength(1);
  });

  it('is malformed when the organization is not the tenant', () => {
    const body = event('contract.terminated');
    expect(faultsOf(() => read(body, { tenant: 'other' }))).toEqual([
      'data.meta.organization_id: is not the tenant of this source',
    ]);
    expect(read(body, { tenant: 'b8b7c4d5-3f33-4d0e-8f0c-8a3a2a6a9f10' })).toHaveLength(1);
  });
});

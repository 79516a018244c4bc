import { describe, expect, it } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { personio } from '../../handlers/personio.ts';
import { readFixture, testHandler } from './handler-suite.ts';
import { faultsOf, hmac, post, reader } from './sender.ts';

const secrets: [string, string] = ['a secret of Personio', 'another secret of it'];
const base = { secrets, identifyBy: ['external_id'] };
const terminated = readFixture('personio/employment-terminated.json');

testHandler({
  name: 'personio',
  handler: personio,
  settings: (secrets) => ({ ...base, secrets }),
  secrets,
  sign(body, { secret, at }) {
    const timestamp = String(Math.floor(at / 1_000));
    const signature = hmac({ secret }, `${timestamp}.`, body);
    return post(body, { 'personio-timestamp': timestamp, 'personio-signature': signature });
  },
  signedHeaders: ['personio-timestamp', 'personio-signature'],
  hasTimestamp: true,
  hasReplayWindow: false,
  now: Date.parse('2026-11-20T08:00:10Z'),
  bodies: {
    genuine: terminated,
    intents: [
      {
        action: 'resign',
        identifiers: [{ userIdType: 'external_id', userId: '32180425' }],
        subject: '32180425',
        occurredAt: Date.parse('2026-11-20T08:00:00Z'),
      },
    ],
    foreign: '{"company_id":"1","occurred_at":"","payload":{},"event_name":"absence-period.updated"}',
    unreadable: '{"company_id":"1","occurred_at":"","payload":{},"event_name":"employment.terminated"}',
  },
});

const read = reader(personio, base);
const event = (name: string, payload: unknown = { person: { id: 7 } }) => ({
  company_id: 1234,
  occurred_at: '2026-11-20T08:00:00Z',
  event_name: name,
  payload,
});

describe('personio', () => {
  it('is tried with an event as its own schema has it', () => {
    const schema = JSON.parse(readFixture('personio/envelope.schema.json'));
    const fits = new Ajv2019({ validateFormats: false }).compile(schema);
    expect(fits(JSON.parse(terminated))).toBe(true);
  });

  it('signs as the source says, where that is otherwise', () => {
    const signature = { header: 'X-Signature', encoding: 'base64', prefix: 'v1=', signed: '{body}' };
    const settings = personio.settings.parse({ ...base, signature });
    const value = hmac({ secret: secrets[0], encoding: 'base64' }, terminated);
    const delivery = post(terminated, { 'x-signature': `v1=${value}` });
    expect(() => personio.verify(delivery, settings, 0)).not.toThrow();
  });

  it.each([{ person_id: 7 }, { person: { id: '7' } }, { employee_id: 7 }])(
    'finds the person in %j',
    (payload) => {
      expect(read(event('employment.terminated', payload))).toMatchObject([{ subject: '7' }]);
    },
  );

  it("takes an employment's own id for nobody, and a person's for the person", () => {
    expect(faultsOf(() => read(event('employment.terminated', { id: 7 })))).toEqual([
      'payload: has no id of a person; set personId to where it is',
    ]);
    expect(read(event('person.deleted', { id: 7 }))).toMatchObject([{ subject: '7' }]);
  });

  it('looks where the source says, and nowhere else', () => {
    const payload = { person_id: 7, links: { who: 8 } };
    expect(read(event('employment.terminated', payload), { personId: 'links.who' })).toMatchObject([
      { subject: '8' },
    ]);
    expect(faultsOf(() => read(event('employment.terminated'), { personId: 'links.who' }))).toHaveLength(1);
  });

  it.each(['employment.deleted', 'person.deleted'])('holds a resign for %s', (name) => {
    expect(read(event(name))).toMatchObject([{ action: 'resign', hold: { code: 'record_deleted' } }]);
  });

  it.each(['employment.started', 'employment.created'])('withdraws for %s', (name) => {
    expect(read(event(name))).toMatchObject([{ action: 'withdraw' }]);
  });

  it.each(['employment.updated', 'person.updated', 'person.created'])('makes nothing of %s', (name) => {
    expect(read(event(name))).toEqual([]);
  });

  it('is malformed when the company is not the tenant', () => {
    expect(faultsOf(() => read(terminated, { tenant: '1' }))).toEqual([
      'company_id: is not the tenant of this source',
    ]);
  });
});

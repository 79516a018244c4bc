import { describe, expect, it } from '@jest/globals';
import { gusto } from '../../handlers/gusto.ts';
import { UnverifiedDelivery } from '../../src/core/handler.ts';
import { readFixture, testHandler } from './handler-suite.ts';
import { faultsOf, hmac, post, reader } from './sender.ts';

const secrets: [string, string] = [
  '6590f590-3dba-495e-9bea-c361e1e2efc0',
  '0c3b8f2e-54a1-4a55-8a0f-fd3d6f3a1b77',
];
const base = { secrets, identifyBy: ['external_id'] };
const ada = 'bcfc9744-0ab3-4ef3-ab0d-e728255d659c';
const effective = readFixture('gusto/employee-termination-effective.json');
const setup = readFixture('gusto/verification-token.json');

testHandler({
  name: 'gusto',
  handler: gusto,
  settings: (secrets) => ({ ...base, secrets }),
  secrets,
  secretsMayWait: true,
  sign: (body, { secret }) => post(body, { 'x-gusto-signature': hmac({ secret }, body) }),
  signedHeaders: ['x-gusto-signature'],
  hasTimestamp: false,
  hasReplayWindow: false,
  now: Date.parse('2026-11-20T08:00:10Z'),
  bodies: {
    genuine: effective,
    intents: [
      {
        action: 'resign',
        identifiers: [{ userIdType: 'external_id', userId: ada }],
        subject: ada,
        occurredAt: 1_763_625_600_000,
      },
    ],
    foreign: readFixture('gusto/employee-created.json'),
    unreadable: '{"event_type":"employee.termination_effective"}',
  },
});

const read = reader(gusto, base);
const event = (type: string) => ({ ...JSON.parse(effective), event_type: type });

describe('gusto', () => {
  it.each([
    'employee.termination_effective',
    'employee.terminated_effective',
    'contractor.deactivation_effective',
  ])('makes %s a resign', (type) => {
    const [draft] = read(event(type));
    expect(draft).toMatchObject({ action: 'resign', subject: ada });
    expect(draft).not.toHaveProperty('hold');
  });

  it.each([
    'employee.rehired',
    'employee.rehire_effective',
    'contractor.deactivation_cancelled',
    'contractor.reactivated',
    'contractor.reactivation_effective',
  ])('makes %s a withdraw', (type) => {
    expect(read(event(type))).toMatchObject([{ action: 'withdraw', subject: ada }]);
  });

  it('withdraws a termination that was cancelled, as Gusto prints it', () => {
    expect(read(readFixture('gusto/employee-termination-cancelled.json'))).toMatchObject([
      { action: 'withdraw', subject: ada, occurredAt: 1_671_058_841_000 },
    ]);
  });

  it('does nothing when a termination is entered, because that is not the last day', () => {
    expect(read(event('employee.terminated'))).toEqual([]);
  });

  it("holds a contractor's dismissal, which is told when it is entered, and not for when", () => {
    expect(read(event('contractor.deactivated'))).toMatchObject([
      { action: 'resign', hold: { code: 'status_unknown' } },
    ]);
  });

  it.each(['employee.deleted', 'contractor.deleted'])('holds a resign for %s', (type) => {
    expect(read(event(type))).toMatchObject([{ action: 'resign', hold: { code: 'record_deleted' } }]);
  });

  it.each(['employee.rehire_cancelled', 'contractor.reactivation_cancelled'])(
    'holds a resign for %s: a rehire was called off',
    (type) => {
      expect(read(event(type))).toMatchObject([{ hold: { code: 'status_unknown' } }]);
    },
  );

  it.each(['employee.created', 'employee.updated', 'employee.onboarded', 'company.updated'])(
    'makes nothing of %s',
    (type) => {
      expect(read(event(type))).toEqual([]);
    },
  );

  it('takes the signature under the name that Gusto prints', () => {
    const delivery = post(effective, { x_gusto_signature: hmac({ secret: secrets[0] }, effective) });
    expect(() => gusto.verify(delivery, gusto.settings.parse(base), 0)).not.toThrow();
  });

  it('takes a signature in base64, where the source says that it is', () => {
    const signature = hmac({ secret: secrets[0], encoding: 'base64' }, effective);
    const delivery = post(effective, { 'x-gusto-signature': signature });
    const inBase64 = gusto.settings.parse({ ...base, encoding: 'base64' });
    expect(() => gusto.verify(delivery, inBase64, 0)).not.toThrow();
    expect(() => gusto.verify(delivery, gusto.settings.parse(base), 0)).toThrow(UnverifiedDelivery);
  });

  it('keeps the token of a new subscription as a dead letter while there are no secrets', () => {
    const none = gusto.settings.parse({ ...base, secrets: [] });
    expect(gusto.isSetup?.(post(setup, {}), none)).toBe(true);
    expect(faultsOf(() => gusto.normalize(post(setup, {}), none))).toEqual([
      'verification_token: put it into secrets, and confirm it at Gusto',
    ]);
  });

  it('takes nothing but such a token without secrets, and no token with them', () => {
    const none = gusto.settings.parse({ ...base, secrets: [] });
    const extended = '{"verification_token":"6590f590-3dba-495e","event_type":"employee.terminated"}';
    for (const body of [effective, extended, '{}', '', setup + ' '.repeat(2_048)]) {
      expect(gusto.isSetup?.(post(body, {}), none)).toBe(false);
      expect(() => gusto.verify(post(body, {}), none, 0)).toThrow(UnverifiedDelivery);
    }
    expect(gusto.isSetup?.(post(setup, {}), gusto.settings.parse(base))).toBe(false);
    expect(() => gusto.verify(post(setup, {}), gusto.settings.parse(base), 0)).toThrow(UnverifiedDelivery);
    expect(read(setup)).toEqual([]);
  });

  it('never takes a token that it was sent for a key', () => {
    const none = gusto.settings.parse({ ...base, secrets: [] });
    const token = JSON.parse(setup).verification_token;
    expect(gusto.isSetup?.(post(setup, {}), none)).toBe(true);
    const signed = post(effective, { 'x-gusto-signature': hmac({ secret: token }, effective) });
    expect(() => gusto.verify(signed, none, 0)).toThrow(UnverifiedDelivery);
  });
});

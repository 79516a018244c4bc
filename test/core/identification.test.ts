import { describe, expect, it } from '@jest/globals';
import { MalformedDelivery } from '../../src/core/delivery.ts';
import { identify } from '../../src/core/identification.ts';

const by = (...identifyBy: ('external_id' | 'email' | 'phone')[]) => ({ identifyBy, externalIdPrefix: '' });

describe('naming a person by what a delivery offers', () => {
  it('goes by preference, and passes over what is missing or cannot be', () => {
    const offer = { external_id: 1001, email: ' ada@example.com ', phone: 'none' };
    expect(identify(offer, by('email', 'phone', 'external_id'))).toEqual([
      { userIdType: 'email', userId: 'ada@example.com' },
      { userIdType: 'external_id', userId: '1001' },
    ]);
  });

  it('puts the prefix before external ids, and before nothing else', () => {
    const preference = { ...by('external_id', 'email'), externalIdPrefix: 'us-' };
    expect(identify({ external_id: '7', email: 'ada@example.com' }, preference)).toEqual([
      { userIdType: 'external_id', userId: 'us-7' },
      { userIdType: 'email', userId: 'ada@example.com' },
    ]);
    expect(() => identify({ external_id: '' }, preference)).toThrow(MalformedDelivery);
  });

  it('fails when nothing is left, and says why without a value', () => {
    expect(() => identify({ email: 'ada at home', phone: null }, by('email', 'phone'))).toThrow(
      new MalformedDelivery('email: is not an email address', 'phone: was not sent'),
    );
  });
});

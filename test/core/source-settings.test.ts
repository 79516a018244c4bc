import { describe, expect, it } from '@jest/globals';
import { MalformedDelivery } from '../../src/core/delivery.ts';
import {
  atSite,
  base64SecretsSetting,
  checkTenant,
  durationSetting,
  externalIdPrefixSetting,
  identifyBySetting,
  idShape,
  lastDaySettings,
} from '../../src/core/source-settings.ts';

describe('settings that all sources share', () => {
  it('name each type once, and only types that the sender offers', () => {
    const identifyBy = identifyBySetting(['external_id', 'email']);
    expect(identifyBy.safeParse(['email', 'external_id']).success).toBe(true);
    for (const list of [[], ['email', 'email'], ['phone']])
      expect(identifyBy.safeParse(list).success).toBe(false);
  });

  it('read keys in base64, with or without whsec_, of 16 bytes or more', () => {
    const [key] = base64SecretsSetting.parse(['whsec_MDEyMzQ1Njc4OWFiY2RlZg==']);
    expect(key?.toString()).toBe('0123456789abcdef');
    for (const text of ['MDEyMzQ1Njc4OWFiY2Rl', 'not base64!'])
      expect(base64SecretsSetting.safeParse([text]).success).toBe(false);
  });

  it('have the time zone of a place of work, where the vendor names one that is known', () => {
    const settings = { timezone: 'UTC', sites: { Tokyo: 'Asia/Tokyo', 7: 'Europe/Madrid' } };
    const zones = ['Tokyo', ' Tokyo ', 7, 'Paris', 'constructor', null, undefined].map(
      (site) => atSite(settings, site).timezone,
    );
    expect(zones).toEqual(['Asia/Tokyo', 'Asia/Tokyo', 'Europe/Madrid', 'UTC', 'UTC', 'UTC', 'UTC']);
  });

  it('have durations between two others, in milliseconds', () => {
    const every = durationSetting('1s', '1h');
    expect([every.parse('1s'), every.parse('1h')]).toEqual([1_000, 3_600_000]);
    for (const text of ['999ms', '61m', 'soon', '']) expect(every.safeParse(text).success).toBe(false);
  });

  it('have a local time for the end of a day', () => {
    for (const time of ['00:00', '18:30', '24:00']) expect(lastDaySettings.dayEnds.parse(time)).toBe(time);
    for (const time of ['24:01', '6:00', '18', ''])
      expect(lastDaySettings.dayEnds.safeParse(time).success).toBe(false);
  });

  it('have a prefix that an external id can begin with', () => {
    expect(externalIdPrefixSetting.parse(undefined)).toBe('');
    expect(externalIdPrefixSetting.safeParse(' us-').success).toBe(false);
  });
});

it('an id is text or a whole number', () => {
  expect([' a ', 7].map((value) => idShape.parse(value))).toEqual(['a', '7']);
  for (const value of ['', ' ', 1.5, null, {}, 'x'.repeat(257)])
    expect(idShape.safeParse(value).success).toBe(false);
});

it('a tenant is compared as text, and only where one is configured', () => {
  expect(() => checkTenant(7, '7', 'company')).not.toThrow();
  expect(() => checkTenant(undefined, null, 'company')).not.toThrow();
  for (const given of [8, undefined, null])
    expect(() => checkTenant(given, '7', 'company')).toThrow(
      new MalformedDelivery('company: is not the tenant of this source'),
    );
});

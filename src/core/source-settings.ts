import { z } from 'zod';
import { baseUrlFault } from './base-url.ts';
import { isTimezone } from './calendar.ts';
import { MalformedDelivery } from './delivery.ts';
import { durationPattern, parseDuration } from './duration.ts';
import type { UserIdType } from './identifier.ts';

/** Settings that mean the same for every source that has them. */

/** Signing keys or static tokens; several while one is exchanged for another. */
export const secretsSetting = z
  .array(z.string().min(16))
  .min(1)
  .max(10)
  .describe('the signing keys, as the vendor shows them; several while one is exchanged for another');

/** The specification of Standard Webhooks asks senders for 24; shorter than this is no key but a password. */
const minKeyBytes = 16;

const base64Secret = z
  .string()
  .regex(/^(whsec_)?[A-Za-z0-9+/]+={0,2}$/, { error: 'is not base64, with or without whsec_ in front' })
  .transform((text) => Buffer.from(text.replace(/^whsec_/, ''), 'base64'))
  .refine((key) => key.length >= minKeyBytes, { error: `is a key of less than ${minKeyBytes} bytes` });

/** Signing keys that are written in base64. */
export const base64SecretsSetting = z
  .array(base64Secret)
  .min(1)
  .max(10)
  .describe('the signing keys in base64, with or without whsec_; several while one is exchanged for another');

/** The name of a header; header names are compared in lower case. */
export const headerSetting = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'is not the name of a header' })
  .transform((name) => name.toLowerCase());

/** Where a sender that does not sign puts its static token. */
export const tokenSetting = z.strictObject({
  header: headerSetting.default('authorization').describe('the header with the token'),
  prefix: z.string().max(32).default('Bearer ').describe('what stands before the token in the header'),
});

/** By which of these types a source names people, in order of preference. */
export function identifyBySetting<const Types extends readonly [UserIdType, ...UserIdType[]]>(types: Types) {
  return z
    .array(z.enum(types))
    .min(1)
    .refine((list) => new Set(list).size === list.length, { error: 'names a type twice' })
    .describe('which identifiers to use, in order of preference');
}

export const externalIdPrefixSetting = z
  .string()
  .max(64)
  .regex(/^(\S.*)?$/, { error: 'starts with white space' })
  .default('')
  .describe('put before external ids, where two systems feed one user pool');

const zone = z.string().refine(isTimezone, { error: 'is not a time zone such as Europe/Madrid' });
const timezone = zone.describe('where dates that come without a zone are meant');

/** When somebody's last day is over, for senders whose dates come without a zone: which zone must be said. */
export const lastDaySettings = {
  timezone,
  dayEnds: z
    .string()
    .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: 'is not a local time from 00:00 to 24:00' })
    .default('24:00')
    .describe('the local time at which the last day is over; 24:00 = midnight at its end'),
};

/** The same, for sources that meet such dates only where they look people up. */
export const lookupDaySettings = { ...lastDaySettings, timezone: timezone.optional() };

/** For vendors that name a person's place of work: its own time zone wins. */
export const sitesSetting = z
  .record(z.string().trim().min(1), zone)
  .default({})
  .describe(
    "the time zones of places of work, by the vendor's name or id of each; elsewhere timezone counts",
  );

interface SiteSettings {
  readonly sites: Readonly<Record<string, string>>;
  readonly timezone?: string | undefined;
}

/** The settings as they are for somebody who works at a place, as far as the vendor named it. */
export function atSite<Settings extends SiteSettings>(
  settings: Settings,
  site: string | number | null | undefined,
): Settings {
  const name = String(site ?? '').trim();
  return Object.hasOwn(settings.sites, name) ? { ...settings, timezone: settings.sites[name] } : settings;
}

export const tenantSetting = z
  .string()
  .min(1)
  .nullable()
  .default(null)
  .describe("compared with the vendor's own id of the company");

/** What every source of an HR system has, that names people by these types. */
export const hrSettings = <const Types extends readonly [UserIdType, ...UserIdType[]]>(types: Types) => ({
  secrets: secretsSetting,
  identifyBy: identifyBySetting(types),
  externalIdPrefix: externalIdPrefixSetting,
  tenant: tenantSetting,
});

/** Where a vendor's API is; a test or a proxy can stand in for it. */
export function baseUrlSetting(example: string) {
  return z
    .string()
    .superRefine((url, context) => {
      const message = baseUrlFault(url, example);
      if (message !== null) context.addIssue({ code: 'custom', message });
    })
    .transform((url) => url.replace(/\/+$/, ''))
    .describe(`the vendor's API, such as ${example}`);
}

/** The same, where it has to be https: a client certificate is shown to nothing else. */
export function httpsUrlSetting(example: string) {
  return baseUrlSetting(example).refine((url) => url.startsWith('https:'), { error: 'is not https' });
}

/** A duration between two others, such as `1s` and `1h`; in milliseconds. */
export function durationSetting(least: string, most: string) {
  const read = (written: string): number => Number(parseDuration(written));
  const [min, max] = [read(least), read(most)] as const;
  return z
    .string()
    .regex(durationPattern, { error: 'is not a duration such as 15m, 1h, 1d' })
    .transform(read)
    .refine((ms) => ms >= min && ms <= max, { error: `is not between ${least} and ${most}` });
}

const credential = z
  .string()
  .min(1)
  .max(4_096)
  .regex(/^[\x20-\x7e]+$/, { error: 'has characters that an HTTP header cannot carry' });

export const bearerLookup = (baseUrl: string) =>
  z
    .strictObject({
      baseUrl: baseUrlSetting(baseUrl).default(baseUrl).describe(`the vendor's API: ${baseUrl}`),
      token: credential.describe('the access token for it'),
    })
    .describe("asks the vendor's API who an id is, and whether they left");

export const basicLookup = (baseUrl: string) =>
  z.strictObject({
    baseUrl: baseUrlSetting(baseUrl).default(baseUrl).describe(`the vendor's API: ${baseUrl}`),
    username: credential.describe('who asks'),
    password: credential.describe('and the password, or the secret'),
  });

export interface LookupSettings {
  readonly identifyBy: readonly UserIdType[];
  readonly lookup?: unknown;
  readonly timezone?: string | undefined;
}

/** Nothing is looked up where the id that an event carries is all that is wanted. */
export function usesLookup({ lookup, identifyBy }: LookupSettings): boolean {
  return lookup !== undefined && identifyBy.some((type) => type !== 'external_id');
}

/** What a source whose events carry an id only needs beside it. Use with `superRefine`. */
export function checkLookup(settings: LookupSettings, context: z.core.$RefinementCtx): void {
  const { identifyBy, lookup, timezone } = settings;
  if (lookup === undefined && !identifyBy.includes('external_id')) {
    const message = 'has no external_id, and without lookup there is nothing else';
    context.addIssue({ code: 'custom', path: ['identifyBy'], message });
  }
  checkLookupZone({ lookup, timezone }, context);
}

/** The days that a look-up shows come without a zone. Use with `superRefine`. */
export function checkLookupZone(
  { lookup, timezone }: Pick<LookupSettings, 'lookup' | 'timezone'>,
  context: z.core.$RefinementCtx,
): void {
  if (lookup !== undefined && timezone === undefined) {
    context.addIssue({ code: 'custom', path: ['timezone'], message: 'is required with lookup' });
  }
}

/** An id as vendors write it: text or a whole number. */
export const idShape = z.union([z.string().trim().min(1).max(256), z.int().transform(String)], {
  error: 'is not an id',
});

/** @throws MalformedDelivery when a delivery is from another company than the source's, or from none */
export function checkTenant(given: unknown, tenant: string | null, path: string): void {
  if (tenant !== null && String(given ?? '') !== tenant) {
    throw new MalformedDelivery(`${path}: is not the tenant of this source`);
  }
}

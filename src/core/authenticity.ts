import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { type Delivery, UnverifiedDelivery } from './delivery.ts';

export const hmacAlgorithms = ['sha1', 'sha256', 'sha512'] as const;

export interface SignatureCheck {
  readonly algorithm: (typeof hmacAlgorithms)[number];
  /** HMAC keys, all of which are tried. */
  readonly secrets: readonly (string | Buffer)[];
  /** The signed parts, in order, without separators. */
  readonly signed: readonly (string | Buffer)[];
  /** The signatures that the sender gave, decoded. */
  readonly given: readonly Buffer[];
}

/** Whether one of the given HMACs was made with one of the secrets; compares in constant time, and tries them all. */
export function hasValidHmac({ algorithm, secrets, signed, given }: SignatureCheck): boolean {
  let valid = false;
  for (const secret of secrets) {
    const hmac = createHmac(algorithm, typeof secret === 'string' ? secret : keyOf(secret));
    for (const part of signed) hmac.update(part);
    const expected = hmac.digest();
    for (const signature of given) {
      if (signature.length === expected.length && timingSafeEqual(signature, expected)) valid = true;
    }
  }
  return valid;
}

const keys = new WeakMap<Buffer, KeyObject>();

/** A key is made of a secret once: made for every delivery, it costs five times the digest. */
function keyOf(secret: Buffer): KeyObject {
  let key = keys.get(secret);
  if (!key) {
    key = createSecretKey(secret);
    keys.set(secret, key);
  }
  return key;
}

/** Whether two texts are the same; how long it takes tells nothing of what they have in common. */
export function isSameText(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** Whether a token that a sender sends along is one of ours; all of them are compared. */
export function isKnownToken(given: string | undefined, tokens: readonly string[]): boolean {
  let known = false;
  for (const token of tokens) if (isSameText(given ?? '', token) && token !== '') known = true;
  return known;
}

/** Both ways, as in the reference libraries; the scheme stamps every retry anew. */
const toleranceMs = 5 * 60_000;
const maxIdLength = 256;
/** A sender gives one per key while keys are rotated; each costs a comparison for every secret of ours. */
const maxSignatures = 20;

/** How a sender of the Standard Webhooks scheme names its headers, in lower case. */
export interface StandardHeaders {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
}

export interface StandardCheck {
  readonly names: StandardHeaders;
  readonly secrets: readonly Buffer[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * The symmetric signature (`v1`) of Standard Webhooks 1.0.0, under whatever names its headers go.
 * Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
 * @throws UnverifiedDelivery
 */
export function verifyStandardWebhook({ headers, body }: Delivery, check: StandardCheck): void {
  const { names, secrets, now } = check;
  const id = headers[names.id];
  const timestamp = headers[names.timestamp];
  const signatures = headers[names.signature];
  if (!id || !timestamp || !signatures) {
    throw new UnverifiedDelivery(`${names.id}, ${names.timestamp} or ${names.signature} is missing`);
  }
  // A dot in the id would let what was signed as the body's beginning pass for a timestamp.
  if (id.length > maxIdLength || id.includes('.')) {
    throw new UnverifiedDelivery(`${names.id} is too long or has a dot`);
  }
  if (!/^\d{1,11}$/.test(timestamp)) throw new UnverifiedDelivery(`${names.timestamp} is not unix seconds`);
  if (Math.abs(now - Number(timestamp) * 1_000) > toleranceMs) {
    throw new UnverifiedDelivery(`${names.timestamp} is more than five minutes from now`);
  }
  const list = signatures.split(' ', maxSignatures + 1);
  if (list.length > maxSignatures) throw new UnverifiedDelivery(`${names.signature} has too many signatures`);
  const given = list.filter((one) => one.startsWith('v1,')).map((one) => Buffer.from(one.slice(3), 'base64'));
  if (!hasValidHmac({ algorithm: 'sha256', secrets, signed: [`${id}.${timestamp}.`, body], given })) {
    throw new UnverifiedDelivery('no v1 signature was made with one of the secrets');
  }
}

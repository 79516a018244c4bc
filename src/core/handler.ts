import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import type { IntentDraft } from './intent.ts';

/**
 * The contract of `handlers/`: data and functions, without a clock, an environment or I/O of its own. This is the
 * only module that a handler may import; it passes on all that a handler needs.
 */
export {
  type Identifier,
  identifierFault,
  tidyIdentifier,
  type UserIdType,
  userIdTypes,
} from './identifier.ts';
export type { Action, IntentDraft } from './intent.ts';
export { listFaults, readNeutralEvent } from './neutral-event.ts';

/** What came in, raw bytes kept. Header names are lower case; a header or parameter sent twice is joined by `, `. */
export interface Delivery {
  readonly method: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Where a broker keeps it, as `topic/partition/offset`; its identity when the sender gives none. */
  readonly position?: string;
}

/** What the sender is told. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What became of a delivery that was genuine. */
export type Receipt =
  | { readonly kind: 'accepted' | 'duplicate'; readonly intents: readonly string[] }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'dead-letter'; readonly id: string; readonly faults: readonly string[] };

/** Thrown by `verify`: not genuine, or not fresh. The message is for our log; the sender is not told. */
export class UnverifiedDelivery extends Error {
  override readonly name = 'UnverifiedDelivery';
}

/** Thrown by `normalize`, or put by it in the place of one unreadable part: genuine, but it cannot be read. */
export class MalformedDelivery extends Error {
  override readonly name = 'MalformedDelivery';
  readonly faults: readonly string[];

  constructor(...faults: string[]) {
    super(faults.join('; '));
    this.faults = faults;
  }
}

export interface Handler<Settings = unknown> {
  /** This source's own settings; the engine adds its own keys beside them. */
  readonly settings: z.ZodType<Settings> & { readonly shape: z.core.$ZodShape };
  /**
   * For a sender without event ids: for how long, in milliseconds, the same bytes are a repeat of the same event.
   * They count as a repeat only while that delivery is the subject's latest.
   */
  readonly retrySpanMs?: number;
  /** The one transport whose word is all there is for a delivery; such a source has no URL. */
  readonly transport?: 'kafka';
  /** The vendor's set-up ceremony (challenge, echo, ping): its reply, or `null` when this delivery is none. */
  handshake?(delivery: Delivery, settings: Settings): Reply | null;
  /** @throws UnverifiedDelivery */
  verify(delivery: Delivery, settings: Settings, now: number): void;
  /** The sender's event id, from signed content only; `null` when there is none. */
  eventId?(delivery: Delivery, settings: Settings): string | null;
  /**
   * Intents, `[]` when the event is not our business, and a `MalformedDelivery` in the place of a part that cannot
   * be read. The order of the parts must be the same for the same bytes.
   * @throws MalformedDelivery when nothing of it can be read
   */
  normalize(delivery: Delivery, settings: Settings): readonly (IntentDraft | MalformedDelivery)[];
  /** Only where the vendor asks for another answer than the usual one; `null` leaves the usual one. */
  reply?(receipt: Receipt): Reply | null;
}

/** Gives a handler its types; the settings that its functions receive are those that its schema puts out. */
export function defineHandler<Settings>(handler: Handler<Settings>): Handler {
  return handler as Handler;
}

export interface SignatureCheck {
  readonly algorithm: 'sha1' | 'sha256' | 'sha512';
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

/** Parses a JSON body. @throws MalformedDelivery */
export function parseJsonBody(delivery: Delivery): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(delivery.body));
  } catch {
    throw new MalformedDelivery(delivery.body.length === 0 ? 'body: is empty' : 'body: is not JSON in UTF-8');
  }
}

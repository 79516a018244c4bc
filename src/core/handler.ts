import type { z } from 'zod';
import type { Delivery, MalformedDelivery } from './delivery.ts';
import type { DirectoryAccess } from './directory.ts';
import type { IntentDraft } from './intent.ts';
import type { LookupResult, VendorHttp } from './lookup.ts';

/**
 * The contract of `handlers/`: data and functions, without a clock, an environment or I/O of its own. This is the
 * only module that a handler may import; it passes on all that a handler needs.
 */
export {
  hasValidHmac,
  hmacAlgorithms,
  isKnownToken,
  isSameText,
  type SignatureCheck,
  verifyStandardWebhook,
} from './authenticity.ts';
export { readInstant, readLastDay } from './calendar.ts';
export {
  type CallbackEnvelope,
  type CallbackKeys,
  decryptCallback,
  decryptLarkBody,
  encryptCallback,
  findCallbackToken,
  isSha256Of,
  maxEnvelopeBytes,
  signCallback,
} from './callback-cipher.ts';
export { certificateSetting, checkKeyPair, privateKeySetting } from './client-certificate.ts';
export {
  type Delivery,
  MalformedDelivery,
  parseJsonBody,
  readPart,
  readShape,
  UnverifiedDelivery,
} from './delivery.ts';
export {
  apiUrl,
  callbackKeys,
  checkKeyGroups,
  type DirectoryAccess,
  directoryId,
  directorySecrets,
  readComparison,
  readEpoch,
  reconcileKeys,
  relationKeys,
  relationTo,
  usable,
} from './directory.ts';
export { listFaults } from './faults.ts';
export { identify, nameById, nameDeleted } from './identification.ts';
export {
  type Identifier,
  identifierFault,
  tidyIdentifier,
  type UserIdType,
  userIdTypes,
} from './identifier.ts';
export type { Action, IntentDraft } from './intent.ts';
export {
  apiOf,
  basicAuthorization,
  type LookupResult,
  readStatus,
  type VendorHttp,
  VendorTrouble,
} from './lookup.ts';
export { readNeutralEvent } from './neutral-event.ts';
export { hmacScheme, signatureSchemeSetting, verifyScheme } from './signature-scheme.ts';
export {
  atSite,
  base64SecretsSetting,
  baseUrlSetting,
  basicLookup,
  bearerLookup,
  checkLookup,
  checkLookupZone,
  checkTenant,
  durationSetting,
  externalIdPrefixSetting,
  headerSetting,
  hrSettings,
  httpsUrlSetting,
  identifyBySetting,
  idShape,
  lastDaySettings,
  lookupDaySettings,
  secretsSetting,
  sitesSetting,
  tenantSetting,
  tokenSetting,
  usesLookup,
} from './source-settings.ts';
export { heldResign, isBygone, lastDayAt, type Verdict } from './verdict.ts';

/** What opens the stream by which a vendor's messages come over a connection of ours. */
export type StreamAccess =
  | {
      readonly kind: 'adp';
      readonly apiUrl: string;
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      /** In PEM, as are the others. */
      readonly certificate: string;
      readonly privateKey: string;
      /** `null` = those whom the system trusts. */
      readonly authorities: string | null;
      readonly longPolling: boolean;
      /** From one question to the next while there is nothing. */
      readonly pollEveryMs: number;
    }
  | {
      readonly kind: 'dingtalk';
      readonly apiUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
    }
  | {
      readonly kind: 'lark';
      readonly apiUrl: string;
      readonly appId: string;
      readonly appSecret: string;
    };

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
  /**
   * The stream that a source is bound to, by its settings; `null` = it is reached by HTTP. The sender of what a stream
   * brings is authenticated by its connection: `verify` is not asked. A body is then one message, as JSON.
   */
  stream?(settings: Settings): StreamAccess | null;
  /** The directory with which GenAuth can be compared, by its settings; `null` = it is not configured. */
  directory?(settings: Settings): DirectoryAccess | null;
  /** The vendor's set-up ceremony (challenge, echo, ping): its reply, or `null` when this delivery is none. */
  handshake?(delivery: Delivery, settings: Settings): Reply | null;
  /**
   * Whether this is a set-up that the vendor does not sign, and that becomes a dead letter for a person to read. `verify`
   * is then not asked; anybody can send one, so it has to be small, and few are taken.
   */
  isSetup?(delivery: Delivery, settings: Settings): boolean;
  /**
   * The header, in lower case, by which the sender sends one of the secrets itself; `null` = it signs instead. No dead
   * letter keeps it.
   */
  secretHeader?(settings: Settings): string | null;
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
  /**
   * Asks the vendor's API about the `reference` of a draft. Runs in the dispatch leg, with its retries, and again on
   * the day that it names.
   * @throws MalformedDelivery when the answer cannot be read, VendorTrouble when there is none
   */
  lookup?(reference: string, settings: Settings, http: VendorHttp): Promise<LookupResult>;
  /**
   * What has to be asked of the vendor's API after a set-up delivery that became a dead letter; `null` when this is
   * none, or nothing is configured for it. It is done beside everything else, and again while the vendor cannot
   * answer. The delivery is not to be believed: what is asked must do no harm, whoever sent it.
   */
  confirm?(delivery: Delivery, settings: Settings): ((http: VendorHttp) => Promise<void>) | null;
  /**
   * Only where the vendor asks for another answer than the usual one; `null` leaves the usual one. What has to be
   * fresh in it, such as a nonce, is taken from the delivery. A replayed delivery lacks the headers and parameters
   * that hold secrets, and nobody reads the reply to it.
   */
  reply?(receipt: Receipt, delivery: Delivery, settings: Settings): Reply | null;
}

/** Gives a handler its types; the settings that its functions receive are those that its schema puts out. */
export function defineHandler<Settings>(handler: Handler<Settings>): Handler {
  return handler as Handler;
}

import { z } from 'zod';
import { hasValidHmac, hmacAlgorithms } from './authenticity.ts';
import { readInstant } from './calendar.ts';
import { type Delivery, UnverifiedDelivery } from './delivery.ts';
import { durationPattern, parseDuration } from './duration.ts';
import { headerSetting } from './source-settings.ts';

/** A clock of the sender may be so far ahead of ours, in milliseconds. */
const futureToleranceMs = 5 * 60_000;

const placeholders = /\{(body|timestamp|id)\}/g;

/** What is signed, such as `{timestamp}.{body}`; a separator keeps one part from passing for the end of another. */
const template = z
  .string()
  .max(256)
  .refine((text) => text.split('{body}').length === 2, { error: 'has not exactly one {body}' })
  .refine((text) => !/[{}]/.test(text.replace(placeholders, '')), {
    error: 'has braces around something else than body, timestamp or id',
  });

const tolerance = z
  .string()
  .regex(durationPattern, { error: 'is not a duration such as 5m' })
  .transform((text) => Number(parseDuration(text)));

/** How a sender signs with an HMAC: which header holds the signature, how it is written, and what it is of. */
export const signatureSchemeSetting = z
  .strictObject({
    header: headerSetting.describe('the header with the signature'),
    algorithm: z.enum(hmacAlgorithms).default('sha256').describe('of the HMAC'),
    encoding: z.enum(['hex', 'base64', 'base64url']).default('hex').describe('of the signature'),
    prefix: z.string().max(32).default('').describe('what stands before it in the header, such as sha256='),
    signed: template
      .default('{body}')
      .describe('what is signed: {body}, with {timestamp} and {id} where they are'),
    timestampHeader: headerSetting
      .nullable()
      .default(null)
      .describe('the header that {timestamp} stands for'),
    idHeader: headerSetting.nullable().default(null).describe('the header that {id} stands for'),
    tolerance: tolerance
      .nullable()
      .default(null)
      .describe('how old {timestamp} may be; null = any age, for senders that repeat a delivery as it was'),
  })
  .superRefine((scheme, context) => {
    for (const part of ['timestamp', 'id'] as const) {
      if (scheme.signed.includes(`{${part}}`) !== (scheme[`${part}Header`] !== null)) {
        const message = `and {${part}} in signed go together`;
        context.addIssue({ code: 'custom', path: [`${part}Header`], message });
      }
    }
  });
export type SignatureScheme = z.output<typeof signatureSchemeSetting>;

/** The scheme of a vendor that has but one, written as in a configuration. */
export const hmacScheme = (scheme: z.input<typeof signatureSchemeSetting>): SignatureScheme =>
  signatureSchemeSetting.parse(scheme);

export interface SchemeCheck {
  readonly scheme: SignatureScheme;
  readonly secrets: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Checks a delivery by a configured scheme. @throws UnverifiedDelivery */
export function verifyScheme({ headers, body }: Delivery, { scheme, secrets, now }: SchemeCheck): void {
  const { header, prefix, encoding, algorithm, timestampHeader, idHeader } = scheme;
  const signature = headers[header] ?? '';
  if (!signature.startsWith(prefix))
    throw new UnverifiedDelivery(`${header} has another prefix, or is missing`);
  const timestamp = timestampHeader === null ? '' : checkTimestamp(headers[timestampHeader], scheme, now);
  const id = idHeader === null ? '' : (headers[idHeader] ?? '');
  if (idHeader !== null && !/^[A-Za-z0-9_-]{1,256}$/.test(id))
    throw new UnverifiedDelivery(`${idHeader} is no id`);
  const [before = '', after = ''] = scheme.signed
    .split('{body}')
    .map((text) => text.replaceAll('{timestamp}', timestamp).replaceAll('{id}', id));
  const given = [Buffer.from(signature.slice(prefix.length), encoding)];
  if (!hasValidHmac({ algorithm, secrets, signed: [before, body, after], given })) {
    throw new UnverifiedDelivery(`${header} was made with none of the secrets`);
  }
}

function checkTimestamp(text: string | undefined, scheme: SignatureScheme, now: number): string {
  const at = /^\d{13}$/.test(text ?? '') ? Number(text) : readInstant(text);
  if (text === undefined || at === undefined) {
    throw new UnverifiedDelivery(`${scheme.timestampHeader} is neither unix time nor an ISO time`);
  }
  if (at > now + futureToleranceMs) throw new UnverifiedDelivery(`${scheme.timestampHeader} is to come`);
  if (scheme.tolerance !== null && now - at > scheme.tolerance) {
    throw new UnverifiedDelivery(`${scheme.timestampHeader} is too long ago`);
  }
  return text;
}

import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import {
  type CallbackKeys,
  type Delivery,
  decryptCallback,
  findCallbackToken,
  maxEnvelopeBytes,
  UnverifiedDelivery,
} from '../../src/core/handler.ts';

// Entities are off: nothing in these documents needs them, and they are what attacks on parsers are made of.
const parser = new XMLParser({ processEntities: false, parseTagValue: false, ignoreAttributes: true });
const documentSchema = z.object({ xml: z.record(z.string(), z.unknown()) });

/** What stands in the root element `xml`, or `null`. */
export function parseXml(body: Buffer): unknown {
  try {
    const document: unknown = parser.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return documentSchema.safeParse(document).data?.xml ?? null;
  } catch {
    return null;
  }
}

/**
 * The encrypted part of a callback; empty when there is none. Nobody vouches for the document around it, and to parse
 * one takes long: so it is only searched.
 */
export function encryptedIn({ body }: Delivery): string {
  if (body.length > maxEnvelopeBytes) return '';
  const [, behind = ''] = body.toString().split('<Encrypt>', 2);
  const [text, end] = behind.split('</Encrypt>', 2);
  if (text === undefined || end === undefined) return '';
  return text
    .replace(/^\s*<!\[CDATA\[/, '')
    .replace(/\]\]>\s*$/, '')
    .trim();
}

/**
 * What a genuine callback says. A timestamp of any age is taken: whether a repeat is stamped anew is not documented.
 * @throws UnverifiedDelivery
 */
export function openGenuine({ query }: Delivery, keys: CallbackKeys, encrypted: string): Buffer {
  const { timestamp = '', nonce = '', msg_signature: signature = '' } = query;
  if (!encrypted || !timestamp || !nonce || !signature) {
    throw new UnverifiedDelivery('Encrypt, timestamp, nonce or msg_signature is missing');
  }
  if (findCallbackToken(keys, { timestamp, nonce, encrypted }, signature) === null) {
    throw new UnverifiedDelivery('msg_signature does not fit');
  }
  const opened = decryptCallback(keys, encrypted);
  if (!opened) throw new UnverifiedDelivery('it was encrypted with another key, or to another receiver');
  return opened.message;
}

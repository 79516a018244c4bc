import { z } from 'zod';
import {
  type Delivery,
  decryptLarkBody,
  isSameText,
  isSha256Of,
  maxEnvelopeBytes,
  parseJsonBody,
} from '../../src/core/handler.ts';
import type { Settings } from './settings.ts';

const token = z.string().catch('');
const tokenSchema = z.object({ header: z.object({ token }).optional(), token });

/** An event, as it was delivered. */
export interface Opened {
  readonly wasEncrypted: boolean;
  readonly content: unknown;
}

/**
 * The event in a body, decrypted where it is encrypted; `null` when it cannot be read. What comes by HTTP has to be
 * parsed before anybody vouches for it, and so is bounded.
 */
export function open(delivery: Delivery, { encryptKey, transport }: Settings): Opened | null {
  if (transport === 'http' && delivery.body.length > maxEnvelopeBytes) return null;
  const content = readJson(delivery, delivery.body);
  const { data } = z.object({ encrypt: z.string() }).safeParse(content);
  if (!data) return content === undefined ? null : { wasEncrypted: false, content };
  for (const key of encryptKey ?? []) {
    const decrypted = readJson(delivery, decryptLarkBody(key, data.encrypt) ?? Buffer.alloc(0));
    if (decrypted !== undefined) return { wasEncrypted: true, content: decrypted };
  }
  return null;
}

function readJson(delivery: Delivery, body: Buffer): unknown {
  try {
    return parseJsonBody({ ...delivery, body });
  } catch {
    return undefined;
  }
}

/** A plain hash, not an HMAC, of the raw body behind the timestamp, the nonce and the key. */
export function isSigned({ headers, body }: Delivery, keys: readonly string[]): boolean {
  const {
    'x-lark-request-timestamp': timestamp = '',
    'x-lark-request-nonce': nonce = '',
    'x-lark-signature': signature = '',
  } = headers;
  // Nothing stands between the parts: of another form, they could be moved from one into the next.
  if (!/^\d{10}$/.test(timestamp) || !/^[\w-]{1,64}$/.test(nonce)) return false;
  return keys.map((key) => isSha256Of([timestamp, nonce, key, body], signature)).includes(true);
}

export function hasToken(content: unknown, { verificationToken }: Settings): boolean {
  const { data } = tokenSchema.safeParse(content);
  const given = data?.header?.token ?? data?.token ?? '';
  return (verificationToken ?? []).map((token) => isSameText(token, given)).includes(true);
}

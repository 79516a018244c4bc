import { createCipheriv, createHash } from 'node:crypto';
import type { Delivery } from '../../src/core/handler.ts';
import type { Signing } from './handler-suite.ts';

export const encryptKey = 'test key';
/** The token in the published events. */
export const verificationToken = 'rvaYgkND1GOiu5MM0E1rncYC6PLtF7JV';

/** A body as Lark encrypts it, under an IV of its own for each. */
export function encrypt(content: string | Buffer, key = encryptKey): string {
  const iv = createHash('md5').update(content).digest();
  const cipher = createCipheriv('aes-256-cbc', createHash('sha256').update(key).digest(), iv);
  return JSON.stringify({
    encrypt: Buffer.concat([iv, cipher.update(content), cipher.final()]).toString('base64'),
  });
}

/** A delivery as Lark signs it, with the body as it stands. */
export function stamp(body: string, { secret, at }: Signing): Delivery {
  const timestamp = String(Math.floor(at / 1_000));
  const nonce = 'b3f1a7c2';
  const signature = createHash('sha256')
    .update(timestamp + nonce + secret)
    .update(body)
    .digest('hex');
  const headers = {
    'x-lark-request-timestamp': timestamp,
    'x-lark-request-nonce': nonce,
    'x-lark-signature': signature,
  };
  return { method: 'POST', query: {}, headers, body: Buffer.from(body) };
}

/** A delivery as Lark sends it: encrypted, then signed. */
export function sign(content: string | Buffer, signing: Signing): Delivery {
  return stamp(encrypt(content, signing.secret), signing);
}

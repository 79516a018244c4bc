import { createHmac } from 'node:crypto';
import type { Delivery } from '../../src/core/handler.ts';
import type { Signing } from './handler-suite.ts';

/** A private key of a webhook. */
export const secret = '0123456789abcdef0123456789abcdef';

/** A delivery as BambooHR signs it, with the timestamp header as it stands. */
export function stamp(body: string | Buffer, timestamp: string, key = secret): Delivery {
  const signature = createHmac('sha256', key).update(body).update(timestamp).digest('hex');
  const headers = { 'x-bamboohr-timestamp': timestamp, 'x-bamboohr-signature': signature };
  return { method: 'POST', query: {}, headers, body: Buffer.from(body) };
}

/** A delivery as BambooHR sends it, stamped in unix seconds. */
export function sign(body: string | Buffer, signing: Signing): Delivery {
  return stamp(body, String(Math.floor(signing.at / 1_000)), signing.secret);
}

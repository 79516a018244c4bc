import { createHmac, randomUUID } from 'node:crypto';

/** A request as a sender would make it. */
export interface SignedDelivery {
  readonly source: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A field-based delivery of BambooHR, signed as BambooHR signs. */
export function signBamboohr(body: object, secret: string): SignedDelivery {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const text = JSON.stringify(body);
  const signature = createHmac('sha256', secret).update(text).update(timestamp).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-bamboohr-timestamp': timestamp,
    'x-bamboohr-signature': signature,
  };
  return { source: 'hr', headers, body: text };
}

/** A delivery by Standard Webhooks. @param secret with its prefix `whsec_` */
export function signStandardWebhook(body: object, secret: string): SignedDelivery {
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const text = JSON.stringify(body);
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
  return { source: 'scripts', headers, body: text };
}

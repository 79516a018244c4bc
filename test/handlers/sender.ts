import { createHmac } from 'node:crypto';
import type { Delivery, Handler } from '../../src/core/handler.ts';
import { MalformedDelivery } from '../../src/core/handler.ts';

/** A delivery with these headers, in lower case. */
export function post(
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string>> = {},
): Delivery {
  return { method: 'POST', query, headers, body: Buffer.from(body) };
}

export interface Hmac {
  readonly algorithm?: 'sha256' | 'sha512';
  readonly secret: string | Buffer;
  readonly encoding?: 'hex' | 'base64' | 'base64url';
}

export function hmac(
  { algorithm = 'sha256', secret, encoding = 'hex' }: Hmac,
  ...parts: (string | Buffer)[]
) {
  const digest = createHmac(algorithm, secret);
  for (const part of parts) digest.update(part);
  return digest.digest(encoding);
}

/** Reads bodies with a handler, with these settings beside the given ones. */
export function reader(handler: Handler, base: Readonly<Record<string, unknown>>) {
  return (
    body: unknown,
    more: Readonly<Record<string, unknown>> = {},
    query: Readonly<Record<string, string>> = {},
  ) => {
    const settings = handler.settings.parse({ ...base, ...more });
    return handler.normalize(
      post(typeof body === 'string' ? body : JSON.stringify(body), {}, query),
      settings,
    );
  };
}

/** The faults of what a reading throws; a reading that throws nothing has none. */
export function faultsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof MalformedDelivery) return error.faults;
    throw error;
  }
}

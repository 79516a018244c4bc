import { createHmac } from 'node:crypto';

/** What a signature covers; the host, its path prefix and the encoding of the query are not part of it. */
export interface SignedRequest {
  readonly method: string;
  /** From the root of the API, such as `/api/v3/kick-users`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The parameters of a GET, or the top-level fields of a POST's body. */
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * The text that the signature way signs: method, the `date` and `x-authing-*` headers, path and data, each sorted by
 * code unit, nothing URL-encoded. It follows what `authing-node-sdk` 4.0.1 does (`src/utils/buildSignature.ts`),
 * because the prose of the vendor's specification describes another text.
 */
export function stringToSign({ method, path, headers, data }: SignedRequest): string {
  const lines = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.replace(/[\t\r\n]/g, ' ').trim()] as const)
    .filter(([name]) => name === 'date' || name.startsWith('x-authing-'))
    .sort(byName)
    .map(([name, value]) => `${name}:${value}\n`);
  const fields = Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .sort(byName)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  return `${method}\n${lines.join('')}${path}${fields.length > 0 ? `?${fields.join('&')}` : ''}`;
}

/** HMAC-SHA1 in base64, as the signature way wants it. */
export function sign(text: string, accessKeySecret: string): string {
  return createHmac('sha1', accessKeySecret).update(text, 'utf8').digest('base64');
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { malformed } from './endpoints.ts';
import type { ApiAnswer, Word } from './envelope.ts';
import { fail, succeed } from './envelope.ts';

export interface AccessOptions {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly userPoolId: string;
  readonly tokenLifetimeSeconds: number;
  /** How far a signature's date may be off; the real figure is not public. */
  readonly clockSkewMs: number;
  readonly now: () => number;
}

/** A request as far as its authorization covers it. */
interface GuardedRequest {
  readonly method: string;
  /** Without a prefix and the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly input: unknown;
}

/** Who may call: both ways of the real service, a token or a signed request. */
export interface Access {
  issueToken(input: unknown): ApiAnswer;
  /** What a request is answered that may not come in; `null` lets it in. */
  refuse(request: GuardedRequest): ApiAnswer | null;
  /** Makes every token that was issued stale. */
  revokeTokens(): void;
}

const credentials = z.strictObject({ accessKeyId: z.string().min(1), accessKeySecret: z.string().min(1) });

const notLoggedIn = fail(401, 'not_logged_in', { apiCode: 2020 });
const poolNotFound = fail(400, 'pool_not_found', { apiCode: 2224 });

export function createAccess(options: AccessOptions): Access {
  const { accessKeyId, accessKeySecret, userPoolId, tokenLifetimeSeconds, now } = options;
  const tokens = new Map<string, number>();
  const refuseSigned = createSignatureCheck(options);

  return {
    issueToken(input) {
      const read = credentials.safeParse(input);
      if (!read.success) return malformed(read.error);
      if (read.data.accessKeyId !== accessKeyId || read.data.accessKeySecret !== accessKeySecret) {
        return fail(400, 'wrong_credentials', { apiCode: 2333 });
      }
      const issuedAt = now();
      for (const [token, expiresAt] of tokens) if (expiresAt <= issuedAt) tokens.delete(token);
      const token = createJwt({ scoped_userpool_id: userPoolId, iat: issuedAt, exp: tokenLifetimeSeconds });
      tokens.set(token, issuedAt + tokenLifetimeSeconds * 1_000);
      return succeed({ access_token: token, expires_in: tokenLifetimeSeconds });
    },
    refuse(request) {
      const { authorization = '', 'x-authing-userpool-id': pool } = request.headers;
      if (authorization.startsWith('authing ')) return refuseSigned(request);
      const expiresAt = tokens.get(authorization.replace(/^Bearer /i, ''));
      if (expiresAt === undefined || expiresAt <= now()) return notLoggedIn;
      return pool === userPoolId ? null : poolNotFound;
    },
    revokeTokens() {
      tokens.clear();
    },
  };
}

/** Clients read the claims and treat the rest as opaque; the key is thrown away, tokens are known by heart. */
function createJwt({
  iat,
  exp,
  ...claims
}: {
  scoped_userpool_id: string;
  iat: number;
  exp: number;
}): string {
  const issuedAt = Math.floor(iat / 1_000);
  const parts = [
    { alg: 'HS256', typ: 'JWT' },
    { ...claims, jti: randomUUID(), iat: issuedAt, exp: issuedAt + exp },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const signature = createHmac('sha256', randomBytes(32)).update(parts.join('.')).digest('base64url');
  return [...parts, signature].join('.');
}

/**
 * The signature way, read from the vendor's SDKs and written for itself, so that it judges a client and does not
 * repeat it. The date may be GMT or Unix milliseconds, in `date` or `x-authing-date`, as SDKs differ.
 */
function createSignatureCheck(options: AccessOptions): Access['refuse'] {
  const isUsed = createNonceMemory(options);

  return (request) => {
    const { headers } = request;
    if (headers['x-authing-signature-method'] !== 'HMAC-SHA1') return unsigned(1301, 'signature_method');
    if (headers['x-authing-signature-version'] !== '1.0') return unsigned(1302, 'signature_version');
    const written = headers.date ?? single(headers['x-authing-date']);
    if (written === undefined) return unsigned(1304, 'date_missing');
    const date = /^\d+$/.test(written) ? Number(written) : Date.parse(written);
    if (Number.isNaN(date)) return unsigned(1303, 'date_malformed');
    if (Math.abs(date - options.now()) > options.clockSkewMs) return unsigned(1305, 'date_skewed');
    const signature = createHmac('sha1', options.accessKeySecret)
      .update(signedText(request))
      .digest('base64');
    if (headers.authorization !== `authing ${options.accessKeyId}:${signature}`) {
      return unsigned(1300, 'bad_signature');
    }
    const nonce = single(headers['x-authing-signature-nonce']);
    if (nonce === undefined || isUsed(nonce)) return unsigned(1306, 'nonce_used');
    return null;
  };
}

function unsigned(apiCode: number, word: Word): ApiAnswer {
  return fail(401, word, { apiCode });
}

function signedText({ method, path, headers, input }: GuardedRequest): string {
  let text = `${method}\n`;
  for (const name of Object.keys(headers).sort()) {
    if (name === 'date' || name.startsWith('x-authing-')) text += `${name}:${single(headers[name])}\n`;
  }
  const fields = typeof input === 'object' && input !== null ? new Map(Object.entries(input)) : new Map();
  const pairs = [...fields.keys()].sort().map((name) => {
    const value: unknown = fields.get(name);
    return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return pairs.length > 0 ? `${text}${path}?${pairs.join('&')}` : text + path;
}

/** Remembers nonces for as long as a date is good: two generations, so that forgetting is cheap. */
function createNonceMemory({ clockSkewMs, now }: AccessOptions): (nonce: string) => boolean {
  let young = new Set<string>();
  let old = new Set<string>();
  let since = now();
  return (nonce) => {
    if (now() - since > 2 * clockSkewMs) {
      old = young;
      young = new Set();
      since = now();
    }
    if (young.has(nonce) || old.has(nonce)) return true;
    young.add(nonce);
    return false;
  };
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { isSameText } from './authenticity.ts';

/** What a source needs to read the callbacks of DingTalk or WeCom; several while they are rotated. */
export interface CallbackKeys {
  readonly tokens: readonly string[];
  /** AES keys of 32 bytes. */
  readonly keys: readonly Buffer[];
  /** Whom the vendor writes to: an app, a company or a suite. It stands at the end of every plaintext. */
  readonly receiver: string;
}

/** The signed parts of a callback, as they came. */
export interface CallbackEnvelope {
  readonly timestamp: string;
  readonly nonce: string;
  readonly encrypted: string;
}

/** Ample for any event of a directory. A larger body is not read before anybody vouches for it. */
export const maxEnvelopeBytes = 262_144;

const blockBytes = 32;
const saltBytes = 16;
const headBytes = saltBytes + 4;

/** Whether the given hexadecimal SHA-256 is that of these parts, one after the other. */
export function isSha256Of(parts: readonly (string | Buffer)[], given: string): boolean {
  return isSameText(sha256(...parts).toString('hex'), given);
}

/** The token with which a callback was signed, or `null`; all of them are tried. */
export function findCallbackToken(
  { tokens }: CallbackKeys,
  envelope: CallbackEnvelope,
  signature: string,
): string | null {
  let found: string | null = null;
  for (const token of tokens) if (isSameText(signCallback(token, envelope), signature)) found = token;
  return found;
}

/** The hexadecimal SHA-1 of the token and the parts, sorted and joined. */
export function signCallback(token: string, { timestamp, nonce, encrypted }: CallbackEnvelope): string {
  const parts = [token, timestamp, nonce, encrypted].sort();
  return createHash('sha1').update(parts.join('')).digest('hex');
}

/**
 * Decrypts a callback of DingTalk or WeCom: AES-256-CBC whose IV is the beginning of the key; 16 bytes of salt, the
 * length of the message, the message, the receiver, and padding to whole blocks of 32 bytes.
 * @returns `null` when no key fits, or it was written to another receiver
 */
export function decryptCallback(
  { keys, receiver }: CallbackKeys,
  encrypted: string,
): { readonly message: Buffer; readonly key: Buffer } | null {
  for (const key of keys) {
    const message = readPlaintext(decrypt(key, key.subarray(0, 16), encrypted, false), receiver);
    if (message) return { message, key };
  }
  return null;
}

function readPlaintext(plain: Buffer | null, receiver: string): Buffer | null {
  const padding = plain?.at(-1) ?? 0;
  if (!plain || padding < 1 || padding > blockBytes || plain.length - padding < headBytes) return null;
  const content = plain.subarray(0, -padding);
  const end = headBytes + content.readUInt32BE(saltBytes);
  return content.subarray(end).toString() === receiver ? content.subarray(headBytes, end) : null;
}

/** Encrypts what `decryptCallback` reads. `salt` is 16 bytes that nobody outside can foretell. */
export function encryptCallback(
  message: string | Buffer,
  how: { readonly key: Buffer; readonly receiver: string; readonly salt: Buffer },
): string {
  const length = Buffer.alloc(4);
  const bytes = Buffer.from(message);
  length.writeUInt32BE(bytes.length);
  const content = Buffer.concat([how.salt, length, bytes, Buffer.from(how.receiver)]);
  const padding = blockBytes - (content.length % blockBytes);
  const cipher = createCipheriv('aes-256-cbc', how.key, how.key.subarray(0, 16)).setAutoPadding(false);
  const padded = Buffer.concat([content, Buffer.alloc(padding, padding)]);
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64');
}

/** Decrypts a body of Lark: AES-256-CBC by the SHA-256 of its Encrypt Key, after an IV of 16 bytes. */
export function decryptLarkBody(encryptKey: string, encrypted: string): Buffer | null {
  const bytes = Buffer.from(encrypted, 'base64');
  return decrypt(sha256(encryptKey), bytes.subarray(0, 16), bytes.subarray(16), true);
}

function decrypt(key: Buffer, iv: Buffer, encrypted: string | Buffer, autoPadding: boolean): Buffer | null {
  const bytes = typeof encrypted === 'string' ? Buffer.from(encrypted, 'base64') : encrypted;
  try {
    const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(autoPadding);
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch {
    return null;
  }
}

function sha256(...parts: readonly (string | Buffer)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

import { type CallbackKeys, encryptCallback, signCallback } from '../../src/core/handler.ts';

/** The parameters and the content of a callback as DingTalk and WeCom sign and encrypt it. */
export function sealCallback(
  content: string | Buffer,
  { tokens: [token = ''], keys: [key], receiver }: CallbackKeys,
  at: number,
): { encrypted: string; query: Record<string, string> } {
  if (!key) throw new Error('there is no key');
  const encrypted = encryptCallback(content, { key, receiver, salt: Buffer.from('0123456789abcdef') });
  const timestamp = String(at);
  const nonce = 'WL4PK6yA';
  const msg_signature = signCallback(token, { timestamp, nonce, encrypted });
  return { encrypted, query: { msg_signature, timestamp, nonce } };
}

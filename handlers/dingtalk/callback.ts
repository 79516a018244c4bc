import { z } from 'zod';
import {
  type CallbackKeys,
  type Delivery,
  decryptCallback,
  encryptCallback,
  findCallbackToken,
  maxEnvelopeBytes,
  parseJsonBody,
  type Reply,
  signCallback,
} from '../../src/core/handler.ts';
import type { Settings } from './settings.ts';

function keysOf({ token, aesKey, ownerKey }: Settings): CallbackKeys {
  return { tokens: token ?? [], keys: aesKey ?? [], receiver: ownerKey ?? '' };
}

/** Nobody vouches yet for what is parsed here, and so it is bounded. */
function encryptedIn(delivery: Delivery): string {
  if (delivery.body.length > maxEnvelopeBytes) return '';
  const { data } = z.object({ encrypt: z.string() }).safeParse(parseOrNull(delivery));
  return data?.encrypt ?? '';
}

/** The JSON of a body, or `null`. */
export function parseOrNull(delivery: Delivery): unknown {
  try {
    return parseJsonBody(delivery);
  } catch {
    return null;
  }
}

/** What a body holds, and the key that opened it; `null` when none does. */
export function decryptBody(delivery: Delivery, settings: Settings): ReturnType<typeof decryptCallback> {
  return decryptCallback(keysOf(settings), encryptedIn(delivery));
}

function stampOf({ query }: Delivery): { timestamp: string; nonce: string; signature: string } {
  const timestamp = query.timestamp ?? query.timeStamp ?? '';
  return { timestamp, nonce: query.nonce ?? '', signature: query.msg_signature ?? query.signature ?? '' };
}

/** Why a callback is not genuine, or `null`. A timestamp of any age is taken: whether a repeat is stamped anew is not documented. */
export function whyUnverified(delivery: Delivery, settings: Settings): string | null {
  const encrypted = encryptedIn(delivery);
  const { timestamp, nonce, signature } = stampOf(delivery);
  if (!encrypted || !timestamp || !nonce || !signature)
    return 'encrypt, timestamp, nonce or msg_signature is missing';
  const token = findCallbackToken(keysOf(settings), { timestamp, nonce, encrypted }, signature);
  if (token === null) return 'msg_signature does not fit';
  return decryptBody(delivery, settings) ? null : 'it was encrypted with another key, or to another owner';
}

/**
 * `success` as DingTalk wants it: under the token and the key that the delivery came with, and its timestamp and
 * nonce. The salt is a signature of ours, which nobody without the token can foretell.
 */
export function sealSuccess(delivery: Delivery, settings: Settings): Reply {
  const { timestamp, nonce, signature } = stampOf(delivery);
  const keys = keysOf(settings);
  const envelope = { timestamp, nonce, encrypted: encryptedIn(delivery) };
  const token = findCallbackToken(keys, envelope, signature) ?? keys.tokens[0] ?? '';
  const key = decryptBody(delivery, settings)?.key ?? keys.keys[0];
  if (!key) throw new Error('a dingtalk source has no aesKey');
  const salt = Buffer.from(signCallback(token, { timestamp, nonce, encrypted: 'success' }).slice(0, 16));
  const encrypted = encryptCallback('success', { key, receiver: keys.receiver, salt });
  const body = JSON.stringify({
    msg_signature: signCallback(token, { timestamp, nonce, encrypted }),
    timeStamp: timestamp,
    nonce,
    encrypt: encrypted,
  });
  return { status: 200, contentType: 'application/json', body };
}

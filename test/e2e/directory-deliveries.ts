import type { Delivery } from '../../src/core/handler.ts';
import { sealCallback } from '../handlers/callback-sender.ts';
import { readFixture } from '../handlers/handler-suite.ts';
import * as larkSender from '../handlers/lark-sender.ts';

const aesKey = 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C';

/** The three directories as sources, each with the keys of the deliveries below. */
export const directories = {
  lark: {
    handler: 'lark',
    encryptKey: larkSender.encryptKey,
    verificationToken: larkSender.verificationToken,
  },
  dingtalk: { handler: 'dingtalk', token: 'token', aesKey, ownerKey: 'owner' },
  wecom: { handler: 'wecom', token: 'token', encodingAesKey: aesKey, receiveId: 'corp' },
};

function seal(content: string, receiver: string): ReturnType<typeof sealCallback> {
  const keys = { tokens: ['token'], keys: [Buffer.from(`${aesKey}=`, 'base64')], receiver };
  return sealCallback(content, keys, Date.now());
}

/** An event of the fixtures, sent now. */
export const larkEvent = (name: string): Delivery =>
  larkSender.sign(readFixture(`lark/${name}.json`), { secret: larkSender.encryptKey, at: Date.now() });

/** What Lark posts when the address is entered; it is not signed. */
export function larkChallenge(challenge: string): Delivery {
  const content = { type: 'url_verification', token: larkSender.verificationToken, challenge };
  const body = Buffer.from(larkSender.encrypt(JSON.stringify(content)));
  return { method: 'POST', query: {}, headers: {}, body };
}

function dingtalkCallback(content: string): Delivery {
  const { encrypted: encrypt, query } = seal(content, 'owner');
  return { method: 'POST', query, headers: {}, body: Buffer.from(JSON.stringify({ encrypt })) };
}

export const dingtalkEvent = (name: string): Delivery =>
  dingtalkCallback(readFixture(`dingtalk/${name}.json`));

/** What DingTalk posts when the address is entered. */
export const dingtalkCheck = (): Delivery => dingtalkCallback('{"EventType":"check_url"}');

/** The published event is of 2014; the time is ours. */
const createTime = String(Math.floor(Date.now() / 1_000));

export function wecomEvent(name: string): Delivery {
  const content = readFixture(`wecom/${name}.xml`).replace('1403610513', createTime);
  const { encrypted, query } = seal(content, 'corp');
  const body = Buffer.from(`<xml><Encrypt>${encrypted}</Encrypt></xml>`);
  return { method: 'POST', query, headers: {}, body };
}

/** What WeCom asks when the address is entered. */
export function wecomCheck(echo: string): Delivery {
  const { encrypted: echostr, query } = seal(echo, 'corp');
  return { method: 'GET', query: { ...query, echostr }, headers: {}, body: Buffer.alloc(0) };
}

/** Sends a delivery to a source of the bridge at `url`. */
export async function sendDelivery(url: string, source: string, delivery: Delivery): Promise<Response> {
  const { method, headers, query, body } = delivery;
  const address = `${url}/hooks/${source}?${new URLSearchParams(query)}`;
  return fetch(address, { method, headers, ...(method === 'POST' && { body }) });
}

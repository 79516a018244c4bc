import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { standardWebhooks } from '../../handlers/standard-webhooks.ts';
import {
  type Delivery,
  MalformedDelivery,
  type Receipt,
  UnverifiedDelivery,
} from '../../src/core/handler.ts';
import { readFixture, type Signing, testHandler } from './handler-suite.ts';

const now = Date.parse('2026-11-20T08:00:01Z');
const secret = 'whsec_dGhlIHNlY3JldCBvZiBhIHRlc3Q=';
const bareSecret = 'YW5vdGhlciBzZWNyZXQgb2YgYSB0ZXN0';
const vector = JSON.parse(readFixture('standard-webhooks/signed-vector.json'));

interface Message extends Signing {
  readonly id?: string;
  /** As the header has it, where that is not `at` in unix seconds. */
  readonly timestamp?: string;
}

function sign(body: string | Buffer, message: Message): Delivery {
  const { secret, at, id = 'msg_1', timestamp = String(Math.floor(at / 1_000)) } = message;
  const hmac = createHmac('sha256', Buffer.from(secret.replace('whsec_', ''), 'base64'));
  const signature = hmac.update(`${id}.${timestamp}.`).update(body).digest('base64');
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
  return { method: 'POST', query: {}, headers, body: Buffer.from(body) };
}

const resign = readFixture('standard-webhooks/resign.json');

testHandler({
  name: 'standard-webhooks',
  handler: standardWebhooks,
  settings: (secrets) => ({ secrets }),
  secrets: [secret, bareSecret],
  sign,
  signedHeaders: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
  hasTimestamp: true,
  hasReplayWindow: true,
  now,
  bodies: {
    genuine: resign,
    intents: [
      {
        action: 'resign',
        identifiers: [{ userIdType: 'email', userId: 'ada@example.com' }],
        subject: '1001',
        occurredAt: Date.parse('2026-11-20T08:00:00Z'),
        effectiveAt: Date.parse('2026-11-30T16:00:00Z'),
        reason: 'last day',
        requestedBy: 'hr@example.com',
      },
    ],
    foreign: readFixture('standard-webhooks/thin-payload.json'),
    unreadable: vector.rawBody,
  },
});

describe('standard-webhooks', () => {
  const settings = standardWebhooks.settings.parse({ secrets: [secret] });
  const genuine = sign(resign, { secret, at: now });
  const verify = (headers: Record<string, string>) =>
    standardWebhooks.verify({ ...genuine, headers: { ...genuine.headers, ...headers } }, settings, now);
  const ownSignature = genuine.headers['webhook-signature'] ?? '';
  const otherSignature = sign(resign, { secret: bareSecret, at: now }).headers['webhook-signature'] ?? '';

  it('accepts the vector of the reference libraries in its minute, and only then', () => {
    const delivery: Delivery = {
      method: 'POST',
      query: {},
      headers: vector.headers,
      body: Buffer.from(vector.rawBody),
    };
    const vectorSettings = standardWebhooks.settings.parse({ secrets: [vector.secret] });
    const sentAt = Number(vector.headers['webhook-timestamp']) * 1_000;
    expect(() => standardWebhooks.verify(delivery, vectorSettings, sentAt)).not.toThrow();
    expect(() => standardWebhooks.verify(delivery, vectorSettings, now)).toThrow(UnverifiedDelivery);
  });

  it('accepts a list in which one signature is good, and passes over versions it does not know', () => {
    expect(() => verify({ 'webhook-signature': `v1a,AAAA ${otherSignature} ${ownSignature}` })).not.toThrow();
  });

  it('refuses a good signature under the name of another version', () => {
    const signature = ownSignature.replace('v1,', 'v1a,');
    expect(() => verify({ 'webhook-signature': signature })).toThrow(UnverifiedDelivery);
  });

  it('refuses a list that is longer than a rotation of keys explains, even if one signature is good', () => {
    const list = (length: number) => [...Array(length - 1).fill(otherSignature), ownSignature].join(' ');
    expect(() => verify({ 'webhook-signature': list(20) })).not.toThrow();
    expect(() => verify({ 'webhook-signature': list(21) })).toThrow(UnverifiedDelivery);
  });

  it.each(['soon', '-1', `${now / 1_000}.0`, `0${now}`, `${now}`, ' '])(
    'refuses the timestamp "%s", though it is signed',
    (timestamp) => {
      const delivery = sign(resign, { secret, at: now, timestamp });
      expect(() => standardWebhooks.verify(delivery, settings, now)).toThrow(UnverifiedDelivery);
    },
  );

  it('refuses an id with a dot, under which a part of a signed body could pass for the timestamp', () => {
    const seconds = Math.floor(now / 1_000);
    const body = `${seconds}.${resign}`;
    const honest = sign(body, { secret, at: now, id: 'msg_1' });
    const shifted = {
      ...honest,
      headers: { ...honest.headers, 'webhook-id': `msg_1.${seconds}` },
      body: Buffer.from(resign),
    };
    expect(() => standardWebhooks.verify(honest, settings, now)).not.toThrow();
    expect(() => standardWebhooks.verify(shifted, settings, now)).toThrow(UnverifiedDelivery);
  });

  it('refuses an id that is too long to keep', () => {
    const verifyId = (id: string) =>
      standardWebhooks.verify(sign(resign, { secret, at: now, id }), settings, now);
    expect(() => verifyId('m'.repeat(256))).not.toThrow();
    expect(() => verifyId('m'.repeat(257))).toThrow(UnverifiedDelivery);
  });

  it('takes the webhook id for the event id', () => {
    expect(standardWebhooks.eventId?.(sign(resign, { secret, at: now, id: 'msg_7' }), settings)).toBe(
      'msg_7',
    );
  });

  it('lists every fault of an unreadable event', () => {
    const body = '{"type":"user.resign","timestamp":"yesterday","data":{"userId":"ada@example.com"}}';
    const normalize = () => standardWebhooks.normalize(sign(body, { secret, at: now }), settings);
    expect(normalize).toThrow(MalformedDelivery);
    expect(normalize).toThrow(/^timestamp: .*; data\.userIdType: is required/);
  });

  const reply = (receipt: Receipt) =>
    standardWebhooks.reply?.(receipt, sign(resign, { secret, at: now }), settings);

  it('answers 400 with every fault and the id of the dead letter, since a program of the user sent it', () => {
    const faults = ['timestamp: is not a time', 'data.userIdType: is required'];
    const answer = reply({ kind: 'dead-letter', id: 'dl-1', faults });
    expect(answer).toMatchObject({ status: 400, contentType: 'application/problem+json' });
    expect(JSON.parse(answer?.body ?? '')).toEqual({
      type: 'about:blank',
      title: 'Unreadable event',
      status: 400,
      detail: expect.any(String),
      faults,
      deadLetter: 'dl-1',
    });
  });

  it('leaves every other answer as it is', () => {
    for (const kind of ['accepted', 'duplicate'] as const) {
      expect(reply({ kind, intents: ['1'] })).toBeNull();
    }
    expect(reply({ kind: 'ignored' })).toBeNull();
  });

  it.each([
    ['is shorter than 16 bytes', `whsec_${Buffer.alloc(15).toString('base64')}`, /less than 16 bytes/],
    ['is not base64', 'whsec_not-base64-at-all-but-long-enough', /is not base64/],
    ['has another prefix', 'whpk_dGhlIHNlY3JldCBvZiBhIHRlc3Q=', /is not base64/],
  ])('refuses a secret that %s, without showing it', (_title, bad, says) => {
    const parsed = standardWebhooks.settings.safeParse({ secrets: [bad] });
    expect(parsed.error?.message).toMatch(says);
    expect(parsed.error?.message).not.toContain(bad.slice(6));
  });
});

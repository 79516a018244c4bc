import { describe, expect, it } from '@jest/globals';
import { dingtalk } from '../../handlers/dingtalk.ts';
import {
  type Delivery,
  decryptCallback,
  type IntentDraft,
  MalformedDelivery,
  type Reply,
  signCallback,
  UnverifiedDelivery,
} from '../../src/core/handler.ts';
import { sealCallback } from './callback-sender.ts';
import { readFixture, type Signing, testHandler, testReading } from './handler-suite.ts';

const now = Date.parse('2026-11-20T08:00:10Z');
const vector = JSON.parse(readFixture('dingtalk/crypto-vector.json'));
const { token, ownerKey } = vector;
const otherKey = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const keyOf = (text: string) => Buffer.from(`${text}=`, 'base64');
const settings = dingtalk.settings.parse({ token, aesKey: vector.aesKey, ownerKey });

function sign(content: string | Buffer, { secret, at }: Signing, receiver = ownerKey): Delivery {
  const { encrypted, query } = sealCallback(
    content,
    { tokens: [token], keys: [keyOf(secret)], receiver },
    at,
  );
  return { method: 'POST', query, headers: {}, body: Buffer.from(JSON.stringify({ encrypt: encrypted })) };
}

const signed = (content: string, receiver?: string) =>
  sign(content, { secret: vector.aesKey, at: now }, receiver);
const fixture = (name: string) => readFixture(`dingtalk/${name}.json`);
const read = (content: string, own = settings) => dingtalk.normalize(signed(content), own);
const resign = (userId: string, occurredAt: number): IntentDraft => ({
  action: 'resign',
  identifiers: [{ userIdType: 'sync_relation', userId: `dingtalk:${userId}` }],
  subject: userId,
  occurredAt,
});

testHandler({
  name: 'dingtalk',
  handler: dingtalk,
  settings: (secrets) => ({ token, aesKey: secrets, ownerKey }),
  secrets: [vector.aesKey, otherKey],
  sign,
  signedHeaders: [],
  signedQuery: ['msg_signature', 'timestamp', 'nonce'],
  signsPart: true,
  hasTimestamp: false,
  hasReplayWindow: false,
  now,
  bodies: {
    genuine: fixture('user_leave_org-http'),
    intents: [resign('015xxxx227', 1_685_501_863_357)],
    foreign: '{"EventType":"user_add_org","eventId":"1","userId":["015xxxx227"]}',
    unreadable: '{"EventType":"user_leave_org","eventId":"1","userId":[{"name":"Ada"}]}',
  },
});

/** What DingTalk reads in an answer; fails where it would refuse it. */
function openReply(
  reply: Reply | null | undefined,
  aesKey = vector.aesKey,
  signedBy = token,
): string | undefined {
  const { msg_signature, timeStamp, nonce, encrypt } = JSON.parse(reply?.body ?? '');
  const expected = signCallback(signedBy, { timestamp: timeStamp, nonce, encrypted: encrypt });
  expect(msg_signature).toBe(expected);
  const keys = { tokens: [signedBy], keys: [keyOf(aesKey)], receiver: ownerKey };
  return decryptCallback(keys, encrypt)?.message.toString();
}

describe('dingtalk: the callback', () => {
  const published: Delivery = {
    method: 'POST',
    query: { msg_signature: vector.msg_signature, timestamp: vector.timestamp, nonce: vector.nonce },
    headers: {},
    body: Buffer.from(JSON.stringify({ encrypt: vector.encrypt })),
  };

  it('reads the published vector, which is a check of the address, and answers it', () => {
    expect(() => dingtalk.verify(published, settings, now)).not.toThrow();
    const { message } =
      decryptCallback({ tokens: [], keys: [keyOf(vector.aesKey)], receiver: ownerKey }, vector.encrypt) ?? {};
    expect(message?.toString()).toBe(vector.plaintext);
    const reply = dingtalk.handshake?.(published, settings);
    expect(reply).toMatchObject({ status: 200, contentType: 'application/json' });
    expect(openReply(reply)).toBe('success');
  });

  it('takes the parameters under their other names', () => {
    const { msg_signature: signature, timestamp: timeStamp, nonce } = published.query;
    const delivery = { ...published, query: { signature, timeStamp, nonce } as Record<string, string> };
    expect(openReply(dingtalk.handshake?.(delivery, settings))).toBe('success');
  });

  it('shakes no hands over what is not genuine, or is an event', () => {
    const forged = { ...published, query: { ...published.query, nonce: 'another' } };
    expect(dingtalk.handshake?.(forged, settings)).toBeNull();
    expect(dingtalk.handshake?.(signed(fixture('user_leave_org-http')), settings)).toBeNull();
    expect(dingtalk.handshake?.(signed('{"EventType":"check_url"}', 'another owner'), settings)).toBeNull();
  });

  it('refuses a body that is larger than any callback, though it is signed', () => {
    const delivery = signed(fixture('user_leave_org-http'));
    const padded = { ...delivery, body: Buffer.concat([delivery.body, Buffer.alloc(262_144, ' ')]) };
    expect(() => dingtalk.verify(padded, settings, now)).toThrow(UnverifiedDelivery);
    expect(dingtalk.handshake?.(padded, settings)).toBeNull();
  });

  it('refuses what was written to another owner, though it is signed', () => {
    const delivery = signed(fixture('user_leave_org-http'), 'another owner');
    expect(() => dingtalk.verify(delivery, settings, now)).toThrow(UnverifiedDelivery);
    expect(() => dingtalk.normalize(delivery, settings)).toThrow(MalformedDelivery);
  });

  it('answers every receipt with an encrypted success, also with the new keys while they are rotated', () => {
    const delivery = signed(fixture('user_leave_org-http'));
    const both = dingtalk.settings.parse({
      token: ['new token', token],
      aesKey: [otherKey, vector.aesKey],
      ownerKey,
    });
    for (const receipt of [
      { kind: 'accepted', intents: ['1'] },
      { kind: 'duplicate', intents: ['1'] },
      { kind: 'ignored' },
      { kind: 'dead-letter', id: '1', faults: [] },
    ] as const) {
      expect(openReply(dingtalk.reply?.(receipt, delivery, both))).toBe('success');
    }
  });

  it('words an answer that nobody reads, to a dead letter which lost its signature', () => {
    const delivery = { ...signed(fixture('user_leave_org-http')), query: {} };
    expect(openReply(dingtalk.reply?.({ kind: 'ignored' }, delivery, settings))).toBe('success');
  });
});

describe('dingtalk: what an event says', () => {
  it('reads a departure as it was pushed once, and knows it again though it has no id', () => {
    const legacy = signed(fixture('user_leave_org-http-legacy'));
    expect(dingtalk.normalize(legacy, settings)).toEqual([resign('0119296xxx', 1_608_017_258_073)]);
    expect(dingtalk.eventId?.(legacy, settings)).toBe(
      JSON.stringify(JSON.parse(fixture('user_leave_org-http-legacy'))),
    );
    expect(dingtalk.eventId?.(signed(fixture('user_leave_org-http')), settings)).toBe(
      'c7c7120f2c07419**ebdba0318c8',
    );
  });

  it('reads one person as text, several as a list, and the others when one of them is no id', () => {
    const left = (userId: unknown) => read(JSON.stringify({ EventType: 'user_leave_org', userId }));
    expect(left('ding12345')).toMatchObject([{ subject: 'ding12345' }]);
    expect(left(['1', 2, '3'])).toMatchObject([
      { subject: '1' },
      { faults: ['userId.1: is not an id'] },
      { subject: '3' },
    ]);
    expect(left([])).toEqual([]);
    expect(left(undefined)).toMatchObject([{ faults: ['userId.0: is not an id'] }]);
  });

  it('takes a change of employment for a departure only where it is one', () => {
    const change = JSON.parse(fixture('hrm_mdm_user_change-http'));
    expect(read(JSON.stringify(change))).toEqual([resign('01301xxxx140', 1_663_143_335_567)]);
    for (const changeType of [1, 2, 3, 8, '4', null]) {
      expect(read(JSON.stringify({ ...change, changeType }))).toEqual([]);
    }
  });

  it('does not take a changed personnel file for a departure', () => {
    expect(read(fixture('hrm_user_record_change-http'))).toEqual([]);
  });

  it('sends an identity where that is wanted, and compares the company', () => {
    const own = (keys: object) =>
      dingtalk.settings.parse({ token, aesKey: vector.aesKey, ownerKey, ...keys });
    expect(read(fixture('user_leave_org-http'), own({ sendAs: 'identity', extIdpId: '62f2' }))).toMatchObject(
      [{ identifiers: [{ userIdType: 'identity', userId: '62f2:015xxxx227' }] }],
    );
    expect(read(fixture('user_leave_org-http'), own({ tenant: 'ding9f50b15bxxxx16741' }))).toHaveLength(1);
    expect(() => read(fixture('user_leave_org-http'), own({ tenant: 'another' }))).toThrow(MalformedDelivery);
  });

  it('has settings that go together', () => {
    const fault = (own: object) =>
      dingtalk.settings.safeParse({ token, aesKey: vector.aesKey, ownerKey, ...own }).error?.issues[0]
        ?.path[0];
    expect(fault({})).toBeUndefined();
    expect(fault({ aesKey: vector.aesKey.slice(1) })).toBe('aesKey');
    expect(fault({ sendAs: 'identity' })).toBe('extIdpId');
    expect(fault({ ownerKey: '' })).toBe('ownerKey');
  });
});

/** A frame as it comes, of a page of the documents, which writes its headers beside its data. */
function frame(name: string): Delivery {
  const { data, ...headers } = JSON.parse(fixture(name));
  const body = JSON.stringify({ specVersion: '1.0', type: 'EVENT', headers, data: JSON.stringify(data) });
  return { method: 'STREAM', query: {}, headers: {}, body: Buffer.from(body) };
}

describe('dingtalk: what nobody signed', () => {
  it('is not read, though it stands beside a genuine callback in the form of a stream', () => {
    const genuine = signed('{"EventType":"user_add_org","eventId":"1","userId":["015xxxx227"]}');
    const headers = { eventType: 'user_leave_org', eventId: '2' };
    const frame = { headers, data: JSON.stringify({ userId: ['victim'] }) };
    const body = Buffer.from(JSON.stringify({ ...JSON.parse(genuine.body.toString()), ...frame }));
    const delivery = { ...genuine, body };
    expect(() => dingtalk.verify(delivery, settings, now)).not.toThrow();
    expect(dingtalk.eventId?.(delivery, settings)).toBe('1');
    expect(dingtalk.normalize(delivery, settings)).toEqual([]);
  });
});

describe('dingtalk: the stream', () => {
  const access = { transport: 'stream', clientId: 'dingabc', clientSecret: 'secret' };
  const stream = dingtalk.settings.parse(access);
  const left = frame('user_leave_org-stream').body.toString();

  testReading({
    handler: dingtalk,
    settings: access,
    delivery: (body) => ({ method: 'STREAM', query: {}, headers: {}, body: Buffer.from(body) }),
    bodies: {
      genuine: left,
      intents: [resign('015xxxx227', 1_685_501_863_357)],
      foreign: fixture('stream-frame-user_add_org'),
      unreadable: left.replace('015xxxx227', ''),
    },
  });

  it.each([
    ['user_leave_org-stream', [resign('015xxxx227', 1_685_501_863_357)]],
    ['user_leave_org-isv-stream', [resign('ding12345', 1_683_533_823_336)]],
    ['hrm_mdm_user_change-stream', [resign('01301xxxx140', 1_683_533_823_336)]],
    ['hrm_user_record_change-stream', []],
  ])('reads a frame of %s', (name, intents) => {
    expect(dingtalk.normalize(frame(name), stream)).toEqual(intents);
    expect(dingtalk.eventId?.(frame(name), stream)).toMatch(/^c7c7120f/);
    expect(dingtalk.handshake?.(frame(name), stream)).toBeNull();
  });

  it('reads the published frame, which is not our business', () => {
    const body = Buffer.from(fixture('stream-frame-user_add_org'));
    expect(dingtalk.normalize({ ...frame('user_leave_org-stream'), body }, stream)).toEqual([]);
  });

  it.each(['{', 'null', '{"headers":{"eventType":"user_leave_org"},"data":"{"}'])(
    'calls %s malformed',
    (text) => {
      const delivery = { ...frame('user_leave_org-stream'), body: Buffer.from(text) };
      expect(() => dingtalk.normalize(delivery, stream)).toThrow(MalformedDelivery);
      expect(dingtalk.eventId?.(delivery, stream)).toBeNull();
    },
  );

  it('is not believed when it comes as a callback', () => {
    expect(() => dingtalk.verify(frame('user_leave_org-stream'), settings, now)).toThrow(UnverifiedDelivery);
  });

  it('is answered by its connection, which the settings name', () => {
    expect(dingtalk.reply?.({ kind: 'ignored' }, frame('user_leave_org-stream'), stream)).toBeNull();
    expect(dingtalk.stream?.(settings)).toBeNull();
    expect(dingtalk.stream?.(stream)).toEqual({
      kind: 'dingtalk',
      apiUrl: 'https://api.dingtalk.com',
      clientId: 'dingabc',
      clientSecret: 'secret',
    });
    const faults = (own: object) =>
      dingtalk.settings.safeParse({ transport: 'stream', ...own }).error?.issues.map(({ path }) => path[0]);
    expect(faults({ token })).toEqual(['token', 'clientId', 'clientSecret']);
    expect(faults({ clientId: '1', clientSecret: '2', apiUrl: 'http://example.com' })).toEqual(['apiUrl']);
  });
});

import { describe, expect, it } from '@jest/globals';
import { lark } from '../../handlers/lark.ts';
import {
  type Delivery,
  decryptLarkBody,
  type IntentDraft,
  MalformedDelivery,
  UnverifiedDelivery,
} from '../../src/core/handler.ts';
import { readFixture, testHandler, testReading } from './handler-suite.ts';
import { encrypt, encryptKey, sign, stamp, verificationToken } from './lark-sender.ts';

const now = Date.parse('2026-11-20T08:00:10Z');
const deleted = readFixture('lark/contact.user.deleted_v3.json');
const frozen = readFixture('lark/contact.user.updated_v3.frozen.constructed.json');
const offboarding = readFixture('lark/corehr.offboarding.status_updated_v2.constructed.json');
const openId = 'ou_7dab8a3d3cdcc9da365777c7ad535d62';
const occurredAt = 1_608_725_989_000;
const groupCreated = JSON.stringify({
  ...JSON.parse(readFixture('lark/event-v2-envelope.json')),
  header: { event_id: '1', event_type: 'contact.user_group.created_v3', token: verificationToken },
});
const nobodyDeleted = change(deleted, (event) => {
  event.event.object = {};
});

testHandler({
  name: 'lark',
  handler: lark,
  settings: (secrets) => ({ encryptKey: secrets, verificationToken }),
  secrets: [encryptKey, 'another test key'],
  sign,
  signedHeaders: ['x-lark-request-timestamp', 'x-lark-request-nonce', 'x-lark-signature'],
  hasTimestamp: false,
  hasReplayWindow: false,
  now,
  bodies: {
    genuine: deleted,
    intents: [resign(`lark:${openId}`, openId)],
    foreign: groupCreated,
    unreadable: nobodyDeleted,
  },
});

function resign(userId: string, subject: string): IntentDraft {
  return {
    action: 'resign',
    identifiers: [{ userIdType: 'sync_relation', userId }],
    subject,
    occurredAt,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a payload, bent in a test
function change(payload: string, bend: (event: any) => void): string {
  const event = JSON.parse(payload);
  bend(event);
  return JSON.stringify(event);
}

const settingsOf = (own: object = {}) => lark.settings.parse({ encryptKey, verificationToken, ...own });
const plain = (body: string): Delivery => ({
  method: 'POST',
  query: {},
  headers: {},
  body: Buffer.from(body),
});
const read = (payload: string, own: object = {}) =>
  lark.normalize(sign(payload, { secret: encryptKey, at: now }), settingsOf(own));

describe('lark: encryption and signature', () => {
  it('decrypts the published vector', () => {
    const vector = JSON.parse(readFixture('lark/decrypt-vector.json'));
    expect(decryptLarkBody(vector.encryptKey, vector.encrypt)?.toString()).toBe(vector.plaintext);
  });

  it('reads a delivery that was encrypted and signed as documented', () => {
    const vector = JSON.parse(readFixture('lark/signed.constructed.json'));
    const headers = Object.fromEntries(
      Object.entries(vector.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    const delivery = { ...plain(vector.rawBody), headers };
    const settings = settingsOf({ encryptKey: vector.encryptKey });
    expect(() => lark.verify(delivery, settings, now)).not.toThrow();
    expect(lark.normalize(delivery, settings)).toEqual([resign(`lark:${openId}`, openId)]);
  });

  it('goes by the raw bytes, whatever their white space', () => {
    const body = ` ${encrypt(deleted).replace(':', ' :\n')} `;
    const delivery = stamp(body, { secret: encryptKey, at: now });
    expect(() => lark.verify(delivery, settingsOf(), now)).not.toThrow();
    expect(read(deleted)).toEqual(lark.normalize(delivery, settingsOf()));
  });

  it('reads no larger body than any event has, unless a stream brings it', () => {
    const padded = deleted + ' '.repeat(262_144);
    const large = stamp(encrypt(deleted) + ' '.repeat(262_144), { secret: encryptKey, at: now });
    const onlyToken = lark.settings.parse({ verificationToken });
    expect(() => lark.verify(plain(padded), onlyToken, now)).toThrow(UnverifiedDelivery);
    expect(() => lark.verify(large, settingsOf(), now)).not.toThrow();
    expect(() => lark.normalize(large, settingsOf())).toThrow(MalformedDelivery);
    const bound = lark.settings.parse({ transport: 'stream', appId: 'cli_9f5343c580712544', appSecret: 'x' });
    expect(lark.normalize({ ...plain(padded), method: 'STREAM' }, bound)).toHaveLength(1);
  });

  it('refuses what is signed, but in plain text or with another token', () => {
    const verify = (delivery: Delivery) => () => lark.verify(delivery, settingsOf(), now);
    const signing = { secret: encryptKey, at: now };
    expect(verify(stamp(deleted, signing))).toThrow(UnverifiedDelivery);
    expect(verify(sign(deleted.replace(verificationToken, 'another token'), signing))).toThrow(
      UnverifiedDelivery,
    );
    expect(verify(sign('{"header":{"event_id":"1"}}', signing))).toThrow(UnverifiedDelivery);
  });

  it('goes by the token alone when no key is set', () => {
    const settings = lark.settings.parse({ verificationToken: ['old token', verificationToken] });
    expect(() => lark.verify(plain(deleted), settings, now)).not.toThrow();
    expect(lark.normalize(plain(deleted), settings)).toHaveLength(1);
    const forged = plain(deleted.replace(verificationToken, 'guessed'));
    expect(() => lark.verify(forged, settings, now)).toThrow(UnverifiedDelivery);
    expect(() => lark.verify(plain('{}'), settings, now)).toThrow(UnverifiedDelivery);
    expect(() => lark.verify(plain(encrypt(deleted)), settings, now)).toThrow(UnverifiedDelivery);
  });
});

describe('lark: the challenge', () => {
  const challenge = readFixture('lark/url_verification.json');
  const answer = JSON.parse(readFixture('lark/url_verification-response.json'));
  const shake = (delivery: Delivery, own: object) =>
    lark.handshake?.(delivery, lark.settings.parse({ verificationToken: 'xxxxxx', ...own }));

  it('is answered in plain text when no key is set', () => {
    const reply = shake(plain(challenge), {});
    expect(reply).toMatchObject({ status: 200, contentType: 'application/json' });
    expect(JSON.parse(reply?.body ?? '')).toEqual(answer);
  });

  it('is answered when it is encrypted, though it is not signed', () => {
    expect(JSON.parse(shake(plain(encrypt(challenge)), { encryptKey })?.body ?? '')).toEqual(answer);
  });

  it('is refused in plain text when a key is set, and with another token', () => {
    expect(() => shake(plain(challenge), { encryptKey })).toThrow(UnverifiedDelivery);
    const forged = challenge.replace('xxxxxx', 'guessed');
    expect(() => shake(plain(forged), {})).toThrow(UnverifiedDelivery);
    expect(() => shake(plain(encrypt(forged)), { encryptKey })).toThrow(UnverifiedDelivery);
  });

  it('is none when it cannot be decrypted, as the published one, or is an event', () => {
    expect(shake(plain(readFixture('lark/url_verification-encrypted.json')), { encryptKey })).toBeNull();
    expect(shake(plain(encrypt(challenge, 'another key')), { encryptKey })).toBeNull();
    expect(shake(plain(deleted), {})).toBeNull();
  });
});

describe('lark: what an event says', () => {
  it('goes by the type of a departure, not by is_resigned, which the published one lacks', () => {
    expect(JSON.parse(deleted).event.object.status.is_resigned).toBe(false);
    expect(read(deleted)).toEqual([resign(`lark:${openId}`, openId)]);
  });

  it.each([
    ['is_frozen', 'kick'],
    ['is_exited', 'kick'],
    ['is_resigned', 'resign'],
  ])('takes the change of %s to true for a %s', (flag, action) => {
    const payload = change(frozen, ({ event }) => {
      event.object.status = { ...event.old_object.status, [flag]: true };
    });
    expect(read(payload)).toMatchObject([{ action, subject: openId }]);
  });

  it('takes being frozen and resigned at once for a resign', () => {
    const payload = change(frozen, ({ event }) => {
      event.object.status = { is_frozen: true, is_resigned: true };
    });
    expect(read(payload)).toMatchObject([{ action: 'resign' }]);
  });

  it.each([
    ['whose status did not change', readFixture('lark/contact.user.updated_v3.json')],
    [
      'who was frozen before',
      change(frozen, ({ event }) => {
        event.old_object.status.is_frozen = true;
      }),
    ],
    [
      'of whom something else changed',
      change(frozen, ({ event }) => {
        event.old_object = { name: 'Ada' };
      }),
    ],
    [
      'who is no longer frozen',
      change(frozen, ({ event }) => {
        [event.object.status, event.old_object.status] = [event.old_object.status, event.object.status];
      }),
    ],
    [
      'whose offboarding was edited, though it says that it is in effect',
      readFixture('lark/corehr.offboarding.updated_v2.constructed.json'),
    ],
  ])('leaves somebody alone %s', (_title, payload) => {
    expect(read(payload)).toEqual([]);
  });

  it.each([
    [1, null, []],
    [2, null, []],
    [2, '2026-12-31', [{ action: 'resign', effectiveAt: Date.parse('2027-01-01T12:00:00Z') }]],
    [2, 'soon', []],
    [3, null, [{ action: 'resign' }]],
    [3, '2026-12-31', [{ action: 'resign' }]],
    [4, null, [{ action: 'withdraw' }]],
    [5, null, [{ action: 'withdraw' }]],
    [6, null, []],
  ])('reads status %d of an offboarding, dated %s', (status, date, intents) => {
    const payload = change(offboarding, ({ event }) => {
      event.status = status;
      if (date) event.offboarding_date = date;
    });
    const person = {
      identifiers: [{ userIdType: 'sync_relation', userId: 'lark:ou_1' }],
      subject: 'ou_1',
      occurredAt,
    };
    expect(read(payload)).toEqual(intents.map((intent) => ({ ...intent, ...person })));
  });

  it('reads schema 1.0: its id, its time, its departures and its changes of status', () => {
    const envelope = readFixture('lark/event-v1-envelope.json');
    const person = { open_id: 'ou_1', union_id: 'on_1', employee_id: 'u1' };
    const of = (event: object) => change(envelope, (whole) => Object.assign(whole, { event }));
    const left = of({ type: 'user_leave', ...person });
    const delivery = sign(left, { secret: encryptKey, at: now });
    expect(lark.eventId?.(delivery, settingsOf())).toBe('bc447199585340d1f3728d26b1c0297a');
    expect(read(envelope)).toEqual([]);
    expect(read(left)).toEqual([{ ...resign('lark:ou_1', 'ou_1'), occurredAt: 1_502_199_207_717 }]);
    expect(read(left, { personId: 'user_id' })).toMatchObject([{ subject: 'u1' }]);
    const before_status = { is_active: true, is_frozen: false, is_resigned: false };
    const changed = (current: object) =>
      of({
        type: 'user_status_change',
        ...person,
        before_status,
        current_status: { ...before_status, ...current },
      });
    expect(read(changed({ is_frozen: true }))).toMatchObject([{ action: 'kick' }]);
    expect(read(changed({ is_resigned: true }))).toMatchObject([{ action: 'resign' }]);
    expect(read(changed({ is_active: false }))).toEqual([]);
  });

  it('compares the tenant', () => {
    expect(read(deleted, { tenant: '2ca1d211f64f6438' })).toHaveLength(1);
    expect(() => read(deleted, { tenant: 'another' })).toThrow(MalformedDelivery);
  });
});

describe('lark: who is meant', () => {
  const identifiers = (own: object, payload = deleted) =>
    read(payload, own).map((part) => (part instanceof MalformedDelivery ? part.faults : part.identifiers));

  it.each([
    [{}, 'sync_relation', `lark:${openId}`],
    [{ personId: 'union_id' }, 'sync_relation', 'lark:on_576833b917gda3d939b9a3c2d53e72c8'],
    [{ personId: 'user_id' }, 'sync_relation', 'lark:e33ggbyz'],
    [{ sendAs: 'identity', extIdpId: '62f20932xxxx' }, 'identity', `62f20932xxxx:${openId}`],
  ])('is sent as %j says', (own, userIdType, userId) => {
    expect(identifiers(own)).toEqual([[{ userIdType, userId }]]);
  });

  it('falls back to the address and the phone number only where that is wanted', () => {
    expect(identifiers({ fallBackTo: ['phone', 'email'] })).toEqual([
      [
        { userIdType: 'sync_relation', userId: `lark:${openId}` },
        { userIdType: 'phone', userId: '12345678910' },
        { userIdType: 'email', userId: 'zhangsan@gmail.com' },
      ],
    ]);
    const nameless = change(deleted, ({ event }) => {
      event.object = { email: 'ada@example.com', mobile: '' };
    });
    expect(() => identifiers({}, nameless)).toThrow(MalformedDelivery);
    expect(identifiers({ fallBackTo: ['email', 'phone'] }, nameless)).toEqual([
      [{ userIdType: 'email', userId: 'ada@example.com' }],
    ]);
  });

  it('has settings that go together', () => {
    const fault = (own: object) =>
      lark.settings.safeParse({ verificationToken, ...own }).error?.issues.map(({ path }) => path);
    expect(fault({})).toBeUndefined();
    expect(fault({ sendAs: 'identity' })).toEqual([['extIdpId']]);
    expect(fault({ extIdpId: '62f20932' })).toEqual([['extIdpId']]);
    expect(fault({ verificationToken: undefined })).toEqual([['verificationToken']]);
  });
});

describe('lark: the long connection', () => {
  const access = { appId: 'cli_9f5343c580712544', appSecret: 'secret' };
  const stream = lark.settings.parse({ transport: 'stream', ...access });

  testReading({
    handler: lark,
    settings: { transport: 'stream', ...access },
    delivery: (body) => ({ ...plain(''), method: 'STREAM', body: Buffer.from(body) }),
    bodies: {
      genuine: deleted,
      intents: [resign(`lark:${openId}`, openId)],
      foreign: groupCreated,
      unreadable: nobodyDeleted,
    },
  });

  it('brings events in plain text', () => {
    const delivery = { ...plain(deleted), method: 'STREAM' };
    expect(lark.handshake?.(delivery, stream)).toBeNull();
    expect(lark.eventId?.(delivery, stream)).toBe('5e3702a84e847582be8db7fb73283c02');
    expect(lark.normalize(delivery, stream)).toEqual([resign(`lark:${openId}`, openId)]);
  });

  it('is named by the settings', () => {
    expect(lark.stream?.(settingsOf())).toBeNull();
    expect(lark.stream?.(stream)).toEqual({ kind: 'lark', apiUrl: 'https://open.feishu.cn', ...access });
    const faults = (own: object) =>
      lark.settings.safeParse({ transport: 'stream', ...own }).error?.issues.map(({ path }) => path[0]);
    expect(faults({ encryptKey })).toEqual(['encryptKey', 'appId', 'appSecret']);
    expect(faults({ ...access, appId: 'app' })).toEqual(['appId']);
  });
});

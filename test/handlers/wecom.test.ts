import { describe, expect, it } from '@jest/globals';
import { wecom } from '../../handlers/wecom.ts';
import {
  type Delivery,
  type IntentDraft,
  MalformedDelivery,
  UnverifiedDelivery,
} from '../../src/core/handler.ts';
import { sealCallback } from './callback-sender.ts';
import { readFixture, type Signing, testHandler } from './handler-suite.ts';

const now = Date.parse('2026-11-20T08:00:10Z');
const vector = JSON.parse(readFixture('wecom/crypto-vector.json'));
const { token, encodingAESKey, receiveId } = vector;
const keyOf = (text: string) => Buffer.from(`${text}=`, 'base64');
const settings = wecom.settings.parse({ token, encodingAesKey: encodingAESKey, receiveId });

function sign(content: string | Buffer, { secret, at }: Signing, receiver = receiveId): Delivery {
  const keys = { tokens: [token], keys: [keyOf(secret)], receiver };
  const { encrypted, query } = sealCallback(content, keys, Math.floor(at / 1_000));
  const body = `<xml><ToUserName><![CDATA[${receiveId}]]></ToUserName><AgentID><![CDATA[218]]></AgentID><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`;
  return { method: 'POST', query, headers: {}, body: Buffer.from(body) };
}

const signed = (content: string, receiver?: string) =>
  sign(content, { secret: encodingAESKey, at: now }, receiver);
const fixture = (name: string) => readFixture(`wecom/${name}.xml`);
const deleted = fixture('change_contact-delete_user');
const updated = fixture('change_contact-update_user.constructed');
const read = (content: string, own = settings) => wecom.normalize(signed(content), own);
const relation = (userId: string) =>
  ({ userIdType: 'sync_relation', userId: `wechatwork:${userId}` }) as const;
const left: IntentDraft = {
  action: 'resign',
  identifiers: [relation('zhangsan')],
  subject: 'zhangsan',
  occurredAt: 1_403_610_513_000,
};

testHandler({
  name: 'wecom',
  handler: wecom,
  settings: (secrets) => ({ token, encodingAesKey: secrets, receiveId }),
  secrets: [encodingAESKey, 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'],
  sign,
  signedHeaders: [],
  signedQuery: ['msg_signature', 'timestamp', 'nonce'],
  signsPart: true,
  hasTimestamp: false,
  hasReplayWindow: false,
  now,
  bodies: {
    genuine: deleted,
    intents: [left],
    foreign: fixture('callback-decrypted'),
    unreadable: deleted.replace('zhangsan', ''),
  },
});

describe('wecom: the callback', () => {
  it('reads the published message, which is not our business', () => {
    const { timestamp, nonce, msg_signature } = vector.post;
    const body = Buffer.from(fixture('callback-encrypted'));
    const delivery = { method: 'POST', query: { timestamp, nonce, msg_signature }, headers: {}, body };
    expect(() => wecom.verify(delivery, settings, now)).not.toThrow();
    expect(wecom.normalize(delivery, settings)).toEqual([]);
    expect(wecom.eventId?.(delivery, settings)).toBe('wx5823bf96d3bd56c7 1409659813     ');
  });

  it('refuses a large body, or one that is no envelope, without reading what is in it', () => {
    const { body, ...genuine } = signed(deleted);
    const verify = (document: string) => () =>
      wecom.verify({ ...genuine, body: Buffer.from(document) }, settings, now);
    // An envelope is not a document yet: what stands around the encrypted part is nobody's word.
    expect(verify(body.toString().replaceAll('xml>', 'html>'))).not.toThrow();
    expect(verify(body.toString().replace('<xml>', `<xml>${'<a/>'.repeat(65_536)}`))).toThrow(
      UnverifiedDelivery,
    );
    for (const document of ['<Encrypt>', '<xml><Encrypt>a', '</Encrypt><Encrypt>', '<Encrypt></Encrypt>'])
      expect(verify(document)).toThrow('Encrypt, timestamp, nonce or msg_signature is missing');
  });

  it('reads an envelope without CDATA, and with white space', () => {
    const { body, ...genuine } = signed(deleted);
    const bare = body
      .toString()
      .replace('<Encrypt><![CDATA[', '<Encrypt>\n ')
      .replace(']]></Encrypt>', '\n</Encrypt>');
    expect(wecom.normalize({ ...genuine, body: Buffer.from(bare) }, settings)).toEqual([left]);
  });

  it('echoes the published check of the address, bare', () => {
    const { plaintext, ...query } = vector.verifyUrl;
    const check = { method: 'GET', query, headers: {}, body: Buffer.alloc(0) };
    const answer = { status: 200, contentType: 'text/plain', body: plaintext };
    expect(wecom.handshake?.(check, settings)).toEqual(answer);
    expect(query.echostr).toContain('+');
    const spaced = { ...check, query: { ...query, echostr: query.echostr.replaceAll('+', ' ') } };
    expect(wecom.handshake?.(spaced, settings)).toEqual(answer);
    for (const name of Object.keys(query)) {
      const forged = { ...check, query: { ...query, [name]: 'forged' } };
      expect(() => wecom.handshake?.(forged, settings)).toThrow(UnverifiedDelivery);
    }
    expect(() => wecom.handshake?.({ ...check, query: {} }, settings)).toThrow(UnverifiedDelivery);
  });

  it('shakes no hands over an event', () => {
    expect(wecom.handshake?.(signed(deleted), settings)).toBeNull();
  });

  it('does not open an event for whoever sends it as a check of the address', () => {
    const keys = { tokens: [token], keys: [keyOf(encodingAESKey)], receiver: receiveId };
    for (const content of [deleted, '<xml/>', '1'.repeat(129), '']) {
      const { encrypted, query } = sealCallback(content, keys, now);
      const check = {
        method: 'GET',
        query: { ...query, echostr: encrypted },
        headers: {},
        body: Buffer.alloc(0),
      };
      expect(() => wecom.handshake?.(check, settings)).toThrow(UnverifiedDelivery);
    }
  });

  it('is checked for a suite in the name of its provider, who gets nothing else', () => {
    const suite = wecom.settings.parse({
      token,
      encodingAesKey: encodingAESKey,
      receiveId: 'suite',
      providerCorpId: 'provider',
    });
    const keys = { tokens: [token], keys: [keyOf(encodingAESKey)] };
    const check = (receiver: string): Delivery => {
      const { encrypted, query } = sealCallback('1616140317555161061', { ...keys, receiver }, now);
      return { method: 'GET', query: { ...query, echostr: encrypted }, headers: {}, body: Buffer.alloc(0) };
    };
    expect(wecom.handshake?.(check('provider'), suite)).toMatchObject({ body: '1616140317555161061' });
    expect(() => wecom.handshake?.(check('suite'), suite)).toThrow(UnverifiedDelivery);
    expect(() => wecom.verify(signed(deleted, 'provider'), suite, now)).toThrow(UnverifiedDelivery);
    expect(() => wecom.verify(signed(deleted, 'suite'), suite, now)).not.toThrow();
  });

  it('refuses what was written to another receiver, though it is signed', () => {
    const delivery = signed(deleted, 'another corp');
    expect(() => wecom.verify(delivery, settings, now)).toThrow(UnverifiedDelivery);
    expect(() => wecom.normalize(delivery, settings)).toThrow(MalformedDelivery);
  });

  it('answers an app with nothing and a suite with success, whatever became of it', () => {
    for (const receipt of [
      { kind: 'accepted', intents: ['1'] },
      { kind: 'duplicate', intents: ['1'] },
      { kind: 'ignored' },
      { kind: 'dead-letter', id: '1', faults: [] },
    ] as const) {
      const reply = (content: string) => wecom.reply?.(receipt, signed(content), settings);
      expect(reply(deleted)).toEqual({ status: 200, contentType: 'text/plain', body: '' });
      expect(reply(fixture('suite-change_contact-delete_user'))).toMatchObject({ body: 'success' });
      expect(reply('no document')).toMatchObject({ status: 200, body: '' });
    }
  });
});

describe('wecom: what an event says', () => {
  it('reads a departure as an app of the company and as a suite gets it', () => {
    expect(read(deleted)).toEqual([left]);
    expect(read(fixture('suite-change_contact-delete_user'))).toEqual([left]);
  });

  it.each([
    ['1', null],
    ['2', 'kick'],
    ['4', null],
    ['5', 'kick'],
    ['', null],
  ])('makes of the status %s: %s', (status, action) => {
    const payload = updated.replace('<Status>2<', `<Status>${status}<`);
    expect(read(payload)).toMatchObject(action ? [{ action }] : []);
  });

  it('looks for somebody who was renamed by the new id, then by the old one', () => {
    expect(read(updated)).toMatchObject([
      { action: 'kick', identifiers: [relation('new-id'), relation('old-id')], subject: 'new-id' },
    ]);
  });

  it('leaves other changes alone', () => {
    expect(read(deleted.replace('delete_user', 'delete_party'))).toEqual([]);
    expect(read(deleted.replace('change_contact', 'change_external_contact'))).toEqual([]);
  });

  it('knows an event again by what it says, and tells two of the same second apart', () => {
    const id = (content: string) => wecom.eventId?.(signed(content), settings);
    expect(id(deleted)).toBe('toUser 1403610513 change_contact delete_user zhangsan  ');
    expect(id(deleted.replace('zhangsan', 'lisi'))).not.toBe(id(deleted));
    expect(id(updated.replace('<Status>2<', '<Status>5<'))).not.toBe(id(updated));
    expect(id('no document')).toBeNull();
  });

  it.each([
    ['an entity of the document', '<!DOCTYPE xml [<!ENTITY id "lisi">]>', '&id;', '&id;'],
    ['an entity of XML', '', 'a&amp;b', 'a&amp;b'],
  ])('leaves %s as it stands', (_title, type, written, id) => {
    const payload = type + deleted.replace('<![CDATA[zhangsan]]>', written);
    expect(read(payload)).toMatchObject([{ subject: id }]);
  });

  it.each([
    ['two ids', deleted.replace('</xml>', '<UserID>lisi</UserID></xml>')],
    ['an id with a blank', deleted.replace('zhangsan', 'zhang san')],
    ['a name that pollutes', '<xml><__proto__><polluted>1</polluted></__proto__></xml>'],
    ['another root', deleted.replaceAll('xml>', 'html>')],
  ])('calls a document with %s malformed', (_title, payload) => {
    expect(() => read(payload)).toThrow(MalformedDelivery);
  });

  it('sends an identity where that is wanted, and compares the company', () => {
    const own = (keys: object) =>
      wecom.settings.parse({ token, encodingAesKey: encodingAESKey, receiveId, ...keys });
    expect(read(deleted, own({ sendAs: 'identity', extIdpId: '62f2' }))).toMatchObject([
      { identifiers: [{ userIdType: 'identity', userId: '62f2:zhangsan' }] },
    ]);
    const suite = fixture('suite-change_contact-delete_user');
    expect(read(suite, own({ tenant: 'wxf8b4f85f3a794e77' }))).toEqual([left]);
    expect(() => read(suite, own({ tenant: 'another' }))).toThrow(MalformedDelivery);
  });
});

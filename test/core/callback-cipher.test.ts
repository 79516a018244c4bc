import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  decryptCallback,
  decryptLarkBody,
  encryptCallback,
  findCallbackToken,
  isSha256Of,
  signCallback,
} from '../../src/core/callback-cipher.ts';

const key = Buffer.alloc(32, 7);
const keys = { tokens: ['old', 'new'], keys: [Buffer.alloc(32, 1), key], receiver: 'corp' };
const salt = Buffer.alloc(16, 9);
const seal = (message: string, receiver = 'corp') => encryptCallback(message, { key, receiver, salt });

/** What is not padded or built as it should be, under the right key. */
function encryptBlocks(content: Buffer): string {
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(content), cipher.final()]).toString('base64');
}

describe('callbacks of DingTalk and WeCom', () => {
  it.each([0, 1, 7, 8, 9, 31, 32, 100])('come out as they went in, with %d bytes', (length) => {
    const message = 'x'.repeat(length);
    expect(decryptCallback(keys, seal(message))).toEqual({ message: Buffer.from(message), key });
  });

  it('are not opened with another key or for another receiver', () => {
    expect(decryptCallback({ ...keys, keys: [Buffer.alloc(32)] }, seal('x'))).toBeNull();
    expect(decryptCallback(keys, seal('x', 'another'))).toBeNull();
    expect(decryptCallback(keys, seal('x', 'corp2'))).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['no base64', '***'],
    ['no whole blocks', Buffer.alloc(17).toString('base64')],
    ['a padding of 0', encryptBlocks(Buffer.alloc(32, 0))],
    ['a padding of 33', encryptBlocks(Buffer.alloc(64, 33))],
    ['nothing before its padding', encryptBlocks(Buffer.alloc(32, 32))],
    ['a length beyond its end', encryptBlocks(Buffer.concat([Buffer.alloc(20, 255), Buffer.alloc(12, 12)]))],
  ])('are not opened when they are %s', (_title, encrypted) => {
    expect(decryptCallback(keys, encrypted)).toBeNull();
  });

  it('tell with which token they were signed', () => {
    const envelope = { timestamp: '1', nonce: '2', encrypted: '3' };
    expect(findCallbackToken(keys, envelope, signCallback('old', envelope))).toBe('old');
    expect(findCallbackToken(keys, envelope, signCallback('new', envelope))).toBe('new');
    expect(findCallbackToken(keys, envelope, signCallback('other', envelope))).toBeNull();
    expect(findCallbackToken(keys, { ...envelope, nonce: '4' }, signCallback('new', envelope))).toBeNull();
  });
});

describe('bodies of Lark', () => {
  it.each(['', '***', 'AAAA', Buffer.alloc(16).toString('base64'), Buffer.alloc(48).toString('base64')])(
    'are not opened when they are %j',
    (encrypted) => {
      expect(decryptLarkBody('test key', encrypted)).toBeNull();
    },
  );
});

describe('the digest of parts', () => {
  it('is told from that of others', () => {
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(isSha256Of(['a', Buffer.from('bc')], digest)).toBe(true);
    expect(isSha256Of(['ab'], digest)).toBe(false);
  });
});

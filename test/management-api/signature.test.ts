import { describe, expect, it } from '@jest/globals';
import { sign, stringToSign } from '../../src/management-api/signature.ts';

const headers = {
  Date: 'Wed, 21 Oct 2015 07:28:00 GMT',
  accept: 'application/json',
  'x-authing-signature-version': '1.0',
  'x-authing-signature-nonce': '00000000000000000000000000000001',
  'X-Authing-Signature-Method': 'HMAC-SHA1',
  'x-authing-sdk-version': 'authing-node-sdk:4.0.1',
  'x-authing-lang': 'zh-CN',
};

const signedHeaders = [
  'date:Wed, 21 Oct 2015 07:28:00 GMT',
  'x-authing-lang:zh-CN',
  'x-authing-sdk-version:authing-node-sdk:4.0.1',
  'x-authing-signature-method:HMAC-SHA1',
  'x-authing-signature-nonce:00000000000000000000000000000001',
  'x-authing-signature-version:1.0',
].join('\n');

/** Vectors computed with `authing-node-sdk` 4.0.1, access key secret `SECRET`. */
describe('the signature', () => {
  it('is the one of the Node SDK for a kick', () => {
    const text = stringToSign({
      method: 'POST',
      path: '/api/v3/kick-users',
      headers,
      data: { userId: 'u1', appIds: ['a1', 'a2'], options: { userIdType: 'email' } },
    });
    expect(text).toBe(
      `POST\n${signedHeaders}\n/api/v3/kick-users?appIds=["a1","a2"]&options={"userIdType":"email"}&userId=u1`,
    );
    expect(sign(text, 'SECRET')).toBe('1v01EKHAG2sw6cVbzUF0k6FDtBE=');
  });

  it('is the one of the Node SDK for a resign batch', () => {
    const text = stringToSign({
      method: 'POST',
      path: '/api/v3/resign-user-batch',
      headers,
      data: { userIds: ['u1', 'u2'], userIdType: 'user_id' },
    });
    expect(text).toBe(
      `POST\n${signedHeaders}\n/api/v3/resign-user-batch?userIdType=user_id&userIds=["u1","u2"]`,
    );
    expect(sign(text, 'SECRET')).toBe('mQx/c77pu2jEeODt0/MVVUGcOWM=');
  });

  it('is the one of the Node SDK for the event socket', () => {
    expect(sign('websocket\n', 'SECRET')).toBe('YzTdlylGJ09UpLO60lST6cmlNGY=');
  });

  it('leaves out absent fields, encodes nothing, and ends at the path without data', () => {
    const request = { method: 'GET', path: '/api/v3/get-user', headers: {} };
    expect(stringToSign({ ...request, data: {} })).toBe('GET\n/api/v3/get-user');
    expect(
      stringToSign({ ...request, data: { userId: 'a b&ü', gone: undefined, withIdentities: true } }),
    ).toBe('GET\n/api/v3/get-user?userId=a b&ü&withIdentities=true');
  });

  it('sorts by code unit and flattens white space in header values', () => {
    expect(
      stringToSign({
        method: 'POST',
        path: '/p',
        headers: { 'x-authing-b': ' two\twords\n', 'x-authing-a': '1', 'x-other': 'no' },
        data: { b: 1, B: 2, a: 3 },
      }),
    ).toBe('POST\nx-authing-a:1\nx-authing-b:two words\n/p?B=2&a=3&b=1');
  });
});

import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { UnverifiedDelivery } from '../../src/core/delivery.ts';
import { hmacScheme, signatureSchemeSetting, verifyScheme } from '../../src/core/signature-scheme.ts';

const now = Date.parse('2026-11-20T08:00:00Z');
const secret = 'a secret of the sender';
const body = Buffer.from('{"a":1}');
const full = signatureSchemeSetting.parse({
  header: 'X-Sign',
  algorithm: 'sha512',
  encoding: 'base64',
  prefix: 'v1,',
  signed: '{id}.{timestamp}.{body}!',
  timestampHeader: 'X-Time',
  idHeader: 'X-Id',
  tolerance: '5m',
});

function verify(headers: Record<string, string>, scheme = full, secrets = [secret]): void {
  verifyScheme({ method: 'POST', query: {}, headers, body }, { scheme, secrets, now });
}

function sign(id: string, time: string): Record<string, string> {
  const signature = createHmac('sha512', secret)
    .update(`${id}.${time}.`)
    .update(body)
    .update('!')
    .digest('base64');
  return { 'x-sign': `v1,${signature}`, 'x-time': time, 'x-id': id };
}

describe('a configured signature scheme', () => {
  it('checks what its template says is signed, by any of the secrets', () => {
    expect(() => verify(sign('evt-1', '2026-11-20T08:00:00Z'))).not.toThrow();
    expect(() => verify(sign('evt-1', '1795161600'), full, ['another secret', secret])).not.toThrow();
    expect(() => verify(sign('evt-1', '1795161600000'))).not.toThrow();
    expect(() => verify(sign('evt-1', '1795161600'), full, ['another secret'])).toThrow(UnverifiedDelivery);
  });

  it('refuses what is too old or to come, where it has a tolerance', () => {
    expect(() => verify(sign('e', '2026-11-20T07:54:59Z'))).toThrow('x-time is too long ago');
    expect(() => verify(sign('e', '2026-11-20T08:05:01Z'))).toThrow('x-time is to come');
    const patient = { ...full, tolerance: null };
    expect(() => verify(sign('e', '2020-11-20T08:00:00Z'), patient)).not.toThrow();
  });

  it.each([
    ['a timestamp that is none', sign('e', 'now'), 'x-time is neither'],
    ['an id with a separator in it', sign('e.1', '1795161600'), 'x-id is no id'],
    ['another prefix', { ...sign('e', '1795161600'), 'x-sign': 'v2,abc' }, 'x-sign has another prefix'],
    ['no signature', { 'x-time': '1795161600', 'x-id': 'e' }, 'x-sign has another prefix'],
    ['no timestamp', { 'x-sign': 'v1,abc', 'x-id': 'e' }, 'x-time is neither'],
  ])('refuses %s', (_title, headers, reason) => {
    expect(() => verify(headers as Record<string, string>)).toThrow(reason);
  });

  it('is of the body alone, in hexadecimal, where nothing else is said', () => {
    const plain = hmacScheme({ header: 'X-Sign' });
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    expect(() => verify({ 'x-sign': signature }, plain)).not.toThrow();
    expect(() => verify({}, plain)).toThrow('x-sign was made with none of the secrets');
  });

  it('asks for an id and a timestamp where its template has them, and only there', () => {
    const withoutId = { 'x-sign': 'v1,abc', 'x-time': '1795161600' };
    expect(() => verify(withoutId)).toThrow('x-id is no id');
    const { error } = signatureSchemeSetting.safeParse({
      header: 'x',
      tolerance: '5 minutes',
    });
    expect(error?.issues.map(({ message }) => message)).toEqual(['is not a duration such as 5m']);
    expect(signatureSchemeSetting.safeParse({ header: 'x', idHeader: 'y' }).error?.issues).toMatchObject([
      { path: ['idHeader'], message: 'and {id} in signed go together' },
    ]);
  });

  it.each([
    ['{body}{body}', 'has not exactly one {body}'],
    ['{timestamp}', 'has not exactly one {body}'],
    ['{body}{header}', 'has braces around something else than body, timestamp or id'],
  ])('is not to be had with the template %s', (signed, message) => {
    const { error } = signatureSchemeSetting.safeParse({ header: 'x', signed });
    expect(error?.issues[0]?.message).toBe(message);
  });
});

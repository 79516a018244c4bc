import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  apiUrl,
  callbackKeys,
  checkKeyGroups,
  directoryId,
  directorySecrets,
  readComparison,
  readEpoch,
  reconcileKeys,
  relationKeys,
  relationTo,
  usable,
} from '../../src/core/directory.ts';

const faultOf = (schema: z.ZodType, value: unknown) => schema.safeParse(value).error?.issues[0]?.message;

describe('the secrets of a directory', () => {
  it('are one, or several while they are rotated', () => {
    expect(directorySecrets.parse('one')).toEqual(['one']);
    expect(directorySecrets.parse(['old', 'new'])).toEqual(['old', 'new']);
    expect(callbackKeys.parse('A'.repeat(43))).toEqual([Buffer.alloc(32)]);
  });

  it('are refused in words that do not show them', () => {
    expect(faultOf(directorySecrets, 7)).toBe(
      'is not a text of 1 to 256 characters, or a list of such texts',
    );
    expect(faultOf(directorySecrets, undefined)).toBe('is required');
    expect(faultOf(callbackKeys, 'A'.repeat(44))).toBe(
      'is not a key of 43 characters, or a list of such keys',
    );
    expect(callbackKeys.safeParse([]).success).toBe(false);
  });
});

describe('the relation to a directory', () => {
  it('is a sync relation under its name, or an identity under the id of the source', () => {
    expect(relationTo({ sendAs: 'sync_relation', extIdpId: null }, 'lark', 'ou_1')).toEqual({
      userIdType: 'sync_relation',
      userId: 'lark:ou_1',
    });
    expect(relationTo({ sendAs: 'identity', extIdpId: '62f2' }, 'lark', 'ou_1')).toEqual({
      userIdType: 'identity',
      userId: '62f2:ou_1',
    });
  });

  it.each(['ou_1', '0119296', 'ada@example.com', '张三'])('takes %j for an id', (id) => {
    expect(directoryId.safeParse(id).success).toBe(true);
  });

  it.each(['', ' ', 'a b', 'a\u0000', 'a\u200b', '\ud800', 'x'.repeat(129), 7])('takes %j for none', (id) => {
    expect(directoryId.safeParse(id).success).toBe(false);
  });

  it('keeps only identifiers that can be ones', () => {
    const email = { userIdType: 'email', userId: 'ada@example.com' } as const;
    expect(usable([email, { userIdType: 'phone', userId: '' }])).toEqual([email]);
  });

  it('needs the id of the identity source with identities, and with nothing else', () => {
    const schema = z
      .object(relationKeys)
      .superRefine((own, context) =>
        checkKeyGroups(own, context, [
          { keys: ['extIdpId'], inUse: own.sendAs === 'identity', by: 'sendAs: identity' },
        ]),
      );
    expect(faultOf(schema, {})).toBeUndefined();
    expect(faultOf(schema, { sendAs: 'identity', extIdpId: '62f2' })).toBeUndefined();
    expect(faultOf(schema, { sendAs: 'identity' })).toBe('is required by sendAs: identity');
    expect(faultOf(schema, { extIdpId: '62f2' })).toBe('does nothing without sendAs: identity');
  });
});

describe('the time of an event', () => {
  it.each([
    ['1403610513', 1_403_610_513_000],
    ['1502199207.7171419', 1_502_199_207_717],
    [1_663_143_335_567, 1_663_143_335_567],
    ['1603977298000000', 1_603_977_298_000],
  ])('is read of %j, in seconds, milliseconds or microseconds', (value, ms) => {
    expect(readEpoch(value)).toBe(ms);
  });

  it.each([undefined, null, '', 'now', '140361051', '-1403610513', '1e12', {}])('is not in %j', (value) => {
    expect(readEpoch(value)).toBeUndefined();
  });
});

describe('how often a directory is compared', () => {
  const schema = z.object(reconcileKeys);

  it.each([
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['20d', 1_728_000_000],
    [null, null],
  ])('is %s', (every, ms) => {
    expect(schema.parse({ every })).toMatchObject({ every: ms });
  });

  it.each(['59m', '21d', 'daily', 1])('is never %s', (every) => {
    expect(schema.safeParse({ every }).success).toBe(false);
  });

  it.each([
    [{ sendAs: 'sync_relation', extIdpId: null }, 'lark'],
    [{ sendAs: 'identity', extIdpId: '62f2' }, '62f2'],
  ] as const)('is read with what %j is called in GenAuth', (relation, name) => {
    expect(readComparison(relation, 'lark', schema.parse({ every: '1h' }))).toEqual({
      userIdType: relation.sendAs,
      name,
      everyMs: 3_600_000,
      apply: false,
      maxGone: 0.1,
    });
  });
});

describe('the address of a vendor', () => {
  it.each([
    'https://qyapi.weixin.qq.com',
    'http://127.0.0.1:4000',
    'http://localhost',
    'http://[::1]:1',
    null,
  ])('may be %s', (url) => {
    expect(apiUrl.safeParse(url).success).toBe(true);
  });

  it.each([
    'http://qyapi.weixin.qq.com',
    'https://a@b',
    'https://a/b',
    'https://a?b',
    'http://localhost.example',
    'ftp://a',
  ])('may not be %s, where somebody might listen in', (url) => {
    expect(faultOf(apiUrl, url)).toBe('is not https://<host>; http is only for loopback hosts');
  });
});

describe('the keys of a group', () => {
  const schema = z
    .object({ on: z.boolean(), id: z.string().nullable(), url: z.string().nullable() })
    .superRefine((own, context) =>
      checkKeyGroups(own, context, [{ keys: ['id'], optional: ['url'], inUse: own.on, by: 'on: true' }]),
    );
  const faultsOf = (on: boolean, id: string | null, url: string | null) =>
    schema.safeParse({ on, id, url }).error?.issues.map(({ path, message }) => `${path}: ${message}`);

  it('are there while it is in use, but for those that need not be', () => {
    expect(faultsOf(true, 'a', null)).toBeUndefined();
    expect(faultsOf(true, 'a', 'b')).toBeUndefined();
    expect(faultsOf(true, null, null)).toEqual(['id: is required by on: true']);
  });

  it('are not there while it is not, where they would do nothing', () => {
    expect(faultsOf(false, null, null)).toBeUndefined();
    expect(faultsOf(false, 'a', 'b')).toEqual([
      'id: does nothing without on: true',
      'url: does nothing without on: true',
    ]);
  });
});

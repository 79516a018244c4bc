import { describe, expect, it } from '@jest/globals';
import {
  contradiction,
  type FoundUser,
  type Identifier,
  identifierFault,
  identifierKey,
  identifierSchema,
  isInactive,
  matches,
  personKey,
  tidyIdentifier,
  type UserIdType,
  userIdTypes,
} from '../../src/core/identifier.ts';

const userId = '6511a2b3c4d5e6f708192a3b';

function foundUser(fields: Partial<FoundUser> = {}): FoundUser {
  return {
    userId,
    status: 'Activated',
    name: 'Ada',
    externalId: 'E-1001',
    email: 'Ada@example.com',
    phone: '13800138000',
    phoneCountryCode: '+86',
    username: 'ada',
    identities: [{ extIdpId: 'idp1', userIdInIdp: 'ou_1:2' }],
    ...fields,
  };
}

describe('the value of an identifier', () => {
  const examples: Record<UserIdType, { good: string[]; bad: string[] }> = {
    user_id: { good: [userId, userId.toUpperCase()], bad: ['', 'ada', `${userId}0`, ` ${userId}`] },
    external_id: { good: ['1001', 'a', 'E 1001', '张三'], bad: ['', ' 1001', '1001 '] },
    phone: { good: ['13800138000', '+4915112345678'], bad: ['', '1234', '138-0013-8000', '++49151123456'] },
    email: {
      good: ['ada@example.com', "o'neil+x@sub.example.co", '张@例子.中国'],
      bad: ['', 'ada', 'ada@', '@example.com', 'ada@example', 'ada@example.', 'a b@example.com', 'a@b@c.d'],
    },
    username: { good: ['ada', 'Ada Lovelace'], bad: ['', ' ada', 'ada '] },
    identity: { good: ['idp1:ou_1', 'idp1:a:b'], bad: ['', 'idp1', ':ou_1', 'idp1:', 'idp 1:x', 'idp1:a b'] },
    sync_relation: { good: ['lark:ou_1', 'wechat-work:x:y'], bad: ['', 'ou_1', 'Lark:ou_1', 'lark:'] },
    custom_field: { good: ['badge:17'], bad: ['', ' badge:17'] },
  };

  it.each(userIdTypes)('is checked against the form of %s', (userIdType) => {
    const { good, bad } = examples[userIdType];
    expect(good.filter((value) => identifierFault(userIdType, value) !== null)).toEqual([]);
    expect(bad.filter((value) => identifierFault(userIdType, value) === null)).toEqual([]);
  });

  it.each(userIdTypes)('of %s has no control characters', (userIdType) => {
    expect(identifierFault(userIdType, 'a\nb')).toBe('has control characters');
    expect(identifierFault(userIdType, 'a\u0000b')).toBe('has control characters');
    expect(identifierFault(userIdType, 'a\u007fb')).toBe('has control characters');
  });

  it('has at most 256 characters', () => {
    expect(identifierFault('external_id', 'x'.repeat(256))).toBeNull();
    expect(identifierFault('external_id', 'x'.repeat(257))).toBe('is longer than 256 characters');
  });
});

describe('a phone number', () => {
  it.each([
    ['138 0013 8000', '13800138000'],
    ['+86 138-0013-8000', '13800138000'],
    ['0086 13800138000', '13800138000'],
    ['(415) 555.0100', '4155550100'],
    ['+1 415 555 0100', '+14155550100'],
    ['+86 10 8888', '+86108888'],
    ['8613800138000', '8613800138000'],
  ])('%s is tidied to %s', (written, tidy) => {
    expect(tidyIdentifier({ userIdType: 'phone', userId: written })).toEqual({
      userIdType: 'phone',
      userId: tidy,
    });
  });

  it('is the only kind of value that is tidied', () => {
    const others = userIdTypes.filter((one) => one !== 'phone');
    const identifiers = others.map((userIdType) => ({ userIdType, userId: '+86 (1) 2.3-4' }));
    expect(identifiers.map(tidyIdentifier)).toEqual(identifiers);
  });
});

describe('an identifier from outside', () => {
  it('is tidied and checked', () => {
    expect(identifierSchema.parse({ userIdType: 'phone', userId: '+86 138 0013 8000' })).toEqual({
      userIdType: 'phone',
      userId: '13800138000',
    });
  });

  it('is refused with its type and its reason', () => {
    const { error } = identifierSchema.safeParse({ userIdType: 'email', userId: 'ada' });
    expect(error?.issues).toMatchObject([{ path: ['userId'], message: 'email is not an email address' }]);
  });

  it('must have a known type and nothing else beside its value', () => {
    expect(identifierSchema.safeParse({ userId: 'ada' }).success).toBe(false);
    expect(identifierSchema.safeParse({ userIdType: 'name', userId: 'ada' }).success).toBe(false);
    expect(identifierSchema.safeParse({ userIdType: 'username', userId: 'ada', x: 1 }).success).toBe(false);
  });
});

describe('the key of a person', () => {
  const key = (userIdType: UserIdType, value: string): string => personKey({ userIdType, userId: value });

  it('is the same for the same identifier, and for an email address in any case', () => {
    expect(key('email', 'Ada@Example.com')).toBe(key('email', 'ada@example.com'));
    expect(key('username', 'Ada')).not.toBe(key('username', 'ada'));
    expect(key('username', 'ada')).not.toBe(key('external_id', 'ada'));
  });

  it('does not show the identifier', () => {
    expect(key('email', 'ada@example.com')).toMatch(/^[\w-]{22}$/);
    expect(identifierKey({ userIdType: 'email', userId: 'Ada@example.com' })).toBe('email:ada@example.com');
  });
});

describe('a user that was found', () => {
  it.each<[UserIdType, string, string]>([
    ['user_id', userId.toUpperCase(), '000000000000000000000000'],
    ['external_id', 'E-1001', 'e-1001'],
    ['username', 'ada', 'Ada'],
    ['email', 'ADA@EXAMPLE.COM', 'ada@example.org'],
    ['phone', '13800138000', '13800138001'],
    ['phone', '+8613800138000', '+4413800138000'],
    ['identity', 'idp1:ou_1:2', 'idp2:ou_1:2'],
  ])('is told by %s: %s is theirs, %s is not', (userIdType, own, strange) => {
    expect(matches(foundUser(), { userIdType, userId: own })).toBe(true);
    expect(matches(foundUser(), { userIdType, userId: strange })).toBe(false);
  });

  it.each<[UserIdType, Partial<FoundUser>]>([
    ['external_id', { externalId: null }],
    ['username', { username: null }],
    ['email', { email: null }],
    ['phone', { phone: null }],
    ['identity', { identities: null }],
    ['sync_relation', {}],
    ['custom_field', {}],
  ])('cannot be told by %s when the answer does not show it', (userIdType, fields) => {
    expect(matches(foundUser(fields), { userIdType, userId: 'lark:1' })).toBeNull();
  });

  it('without a country code is told by the bare number only', () => {
    const user = foundUser({ phoneCountryCode: null });
    expect(matches(user, { userIdType: 'phone', userId: '13800138000' })).toBe(true);
    expect(matches(user, { userIdType: 'phone', userId: '+8613800138000' })).toBe(false);
  });

  it('with an empty list of identities has none, which is an answer', () => {
    expect(matches(foundUser({ identities: [] }), { userIdType: 'identity', userId: 'idp1:x' })).toBe(false);
  });
});

describe('a contradiction', () => {
  const email: Identifier = { userIdType: 'email', userId: 'ada@example.com' };

  it('is the first identifier that names somebody else', () => {
    const other: Identifier = { userIdType: 'external_id', userId: 'E-2002' };
    const another: Identifier = { userIdType: 'username', userId: 'bob' };
    expect(contradiction(foundUser(), [email, other, another])).toBe(other);
  });

  it('is none while every identifier agrees or cannot be told', () => {
    expect(contradiction(foundUser(), [email, { userIdType: 'sync_relation', userId: 'lark:1' }])).toBeNull();
    expect(contradiction(foundUser({ email: null }), [{ ...email, userId: 'x@example.com' }])).toBeNull();
    expect(contradiction(foundUser(), [])).toBeNull();
  });

  it('is never an identity, because people have several', () => {
    const identity: Identifier = { userIdType: 'identity', userId: 'idp9:other' };
    expect(matches(foundUser(), identity)).toBe(false);
    expect(contradiction(foundUser(), [identity])).toBeNull();
  });
});

it.each([
  ['Resigned', true],
  ['Archived', true],
  ['Activated', false],
  ['Suspended', false],
  ['Deactivated', false],
])('a user who is %s has left for good: %s', (status, expected) => {
  expect(isInactive(foundUser({ status }))).toBe(expected);
});

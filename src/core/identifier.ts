import { hash } from 'node:crypto';
import { z } from 'zod';

/** The eight ways in which GenAuth lets a user be named (management API V3, `userIdType`). */
export const userIdTypes = [
  'user_id',
  'external_id',
  'phone',
  'email',
  'username',
  'identity',
  'sync_relation',
  'custom_field',
] as const;

export type UserIdType = (typeof userIdTypes)[number];

export interface Identifier {
  readonly userIdType: UserIdType;
  readonly userId: string;
}

/** What the bridge reads of a GenAuth user (`UserDto`); absent and empty fields are `null`. */
export interface FoundUser {
  readonly userId: string;
  readonly status: string;
  readonly name: string | null;
  readonly externalId: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  readonly phoneCountryCode: string | null;
  readonly username: string | null;
  /** `null` when the answer had none, which is not the same as an empty list. */
  readonly identities: readonly { readonly extIdpId: string; readonly userIdInIdp: string }[] | null;
}

/** GenAuth's status of a user whose departure is complete. */
export const resignedStatus = 'Resigned';

/** Whether nothing is left to be taken from a user. */
export function isInactive({ status }: Pick<FoundUser, 'status'>): boolean {
  return status === resignedStatus || status === 'Archived';
}

const formats: Record<UserIdType, { pattern: RegExp; says: string }> = {
  user_id: { pattern: /^[0-9a-f]{24}$/i, says: 'is not 24 hexadecimal digits' },
  external_id: { pattern: /^\S(.*\S)?$/, says: 'starts or ends with white space' },
  phone: { pattern: /^\+?\d{5,15}$/, says: 'is not a phone number' },
  email: { pattern: /^[^\s@<>(),;:"]+@[^\s@<>(),;:"]+\.[^\s@<>(),;:".]+$/, says: 'is not an email address' },
  username: { pattern: /^\S(.*\S)?$/, says: 'starts or ends with white space' },
  identity: { pattern: /^[^\s:]+:\S+$/, says: 'is not <extIdpId>:<userIdInIdp>' },
  sync_relation: { pattern: /^[a-z][a-z0-9_-]*:\S+$/, says: 'is not <provider>:<userIdInIdp>' },
  custom_field: { pattern: /^\S(.*\S)?$/, says: 'starts or ends with white space' },
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being refused
const controlCharacters = /[\u0000-\u001f\u007f]/;

/** Why a value cannot be an identifier of that type, or `null` when it can. */
export function identifierFault(userIdType: UserIdType, userId: string): string | null {
  if (userId.length > 256) return 'is longer than 256 characters';
  if (controlCharacters.test(userId)) return 'has control characters';
  return formats[userIdType].pattern.test(userId) ? null : formats[userIdType].says;
}

/**
 * Phone numbers lose their punctuation, and the prefix +86 or 0086, because GenAuth keeps the country code in a
 * field of its own and takes `phone` without it. Every other value stays as it was sent.
 */
export function tidyIdentifier(identifier: Identifier): Identifier {
  if (identifier.userIdType !== 'phone') return identifier;
  const digits = identifier.userId.replace(/[\s().-]/g, '').replace(/^(\+86|0086)(?=\d{11}$)/, '');
  return { userIdType: 'phone', userId: digits };
}

/** An identifier from outside: typed, tidied, and checked against its type. */
export const identifierSchema = z
  .strictObject({
    userIdType: z.enum(userIdTypes).describe('by what the person is named in GenAuth'),
    userId: z
      .string()
      .min(1)
      .describe('the value of it; of an identity or a relation both parts, as in <provider>:<id>'),
  })
  .transform(tidyIdentifier)
  .superRefine(({ userIdType, userId }, context) => {
    const fault = identifierFault(userIdType, userId);
    if (fault) context.addIssue({ code: 'custom', path: ['userId'], message: `${userIdType} ${fault}` });
  });

/**
 * Two identifiers with the same key name the same user. Email addresses are compared without case, as GenAuth does;
 * so are user ids, which are hexadecimal.
 */
export function identifierKey({ userIdType, userId }: Identifier): string {
  const isCaseless = userIdType === 'email' || userIdType === 'user_id';
  return `${userIdType}:${isCaseless ? userId.toLowerCase() : userId}`;
}

/** The opaque key by which a person's intents are ordered: 128 bits of a digest of an identifier. */
export function personKey(identifier: Identifier): string {
  return hash('sha256', identifierKey(identifier), 'base64url').slice(0, 22);
}

/**
 * Whether a user that was found is the one an identifier names; `null` when the answer does not let us tell
 * (a sync relation, a custom field, an identity of a user shown without identities, an empty field).
 */
export function matches(user: FoundUser, identifier: Identifier): boolean | null {
  const { userIdType, userId } = identifier;
  switch (userIdType) {
    case 'user_id':
      return user.userId.toLowerCase() === userId.toLowerCase();
    case 'external_id':
      return user.externalId === null ? null : user.externalId === userId;
    case 'username':
      return user.username === null ? null : user.username === userId;
    case 'email':
      return user.email === null ? null : user.email.toLowerCase() === userId.toLowerCase();
    case 'phone':
      return user.phone === null ? null : samePhone(user, userId);
    case 'identity':
      return user.identities === null
        ? null
        : user.identities.some((one) => `${one.extIdpId}:${one.userIdInIdp}` === userId);
    case 'sync_relation':
    case 'custom_field':
      return null;
  }
}

function samePhone(user: FoundUser, phone: string): boolean {
  const digits = (text: string | null): string => (text ?? '').replace(/\D/g, '');
  const own = digits(user.phone);
  return digits(phone) === own || digits(phone) === digits(user.phoneCountryCode) + own;
}

/**
 * The identifier that speaks against a found user, or `null`. An identity that is not among a user's identities is
 * no contradiction: people have several, and lists may be partial.
 */
export function contradiction(user: FoundUser, identifiers: readonly Identifier[]): Identifier | null {
  return identifiers.find((one) => one.userIdType !== 'identity' && matches(user, one) === false) ?? null;
}

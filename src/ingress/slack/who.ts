import { type Identifier, identifierFault, tidyIdentifier, userIdTypes } from '../../core/identifier.ts';

/** Who a word of a command names: an identifier, or a member of the Slack workspace whose address is still to be asked. */
export type Who =
  | { readonly kind: 'identifier'; readonly identifier: Identifier }
  | { readonly kind: 'mention'; readonly slackUserId: string };

export type WhoReading =
  | Who
  /** It names somebody, but not in a way that can be relied upon; `ask` says what to write instead. */
  | { readonly kind: 'unclear'; readonly ask: string }
  /** It is a word like any other. */
  | { readonly kind: 'none' };

/** The directories that GenAuth syncs people from, as `sync_relation` names them. */
const providers = [
  'wechatwork',
  'dingtalk',
  'lark',
  'lark-international',
  'welink',
  'ldap',
  'active-directory',
  'italent',
  'xiaoshouyi',
  'maycur',
  'scim',
  'moka',
  'fxiaoke',
  'kayang',
];

/** Countries whose numbers all have as many digits, the code among them. */
const knownLengths = [
  ['86', 13],
  ['1', 11],
] as const;

const mention = /^<@([UW][A-Z0-9]+)(?:\|[^>]*)?>$/;
const link = /^<(mailto|tel):([^|>]+)(?:\|[^>]*)?>$/;
const typed = /^([A-Za-z_-]+):(.+)$/s;
const hex24 = /^[0-9a-f]{24}$/i;
const identity = /^[0-9a-f]{24}:\S+$/i;

/** Slack escapes three characters of what is typed, so that its own mentions cannot be typed. */
export function unescapeText(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** Reads one word of a command, as Slack sends it once "Escape channels, users and links" is on. */
export function readWho(word: string): WhoReading {
  return word.startsWith('<') ? readReference(word) : readTypedWord(unescapeText(word));
}

function readReference(word: string): WhoReading {
  const [, slackUserId] = mention.exec(word) ?? [];
  if (slackUserId) return { kind: 'mention', slackUserId };
  const [, scheme, target] = link.exec(word) ?? [];
  if (scheme && target) return scheme === 'mailto' ? named('email', target) : readPhone(target);
  if (/^<!subteam/.test(word))
    return unclear('A user group is many people; name each person, by a mention or an address.');
  if (/^<[!#]/.test(word)) return unclear('A channel is not a person; use a mention or an address.');
  return unclear('A link is not a person; use a mention or an address.');
}

function readTypedWord(word: string): WhoReading {
  if (word.startsWith('@'))
    return unclear(
      `Slack did not say who ${word} is; pick the person from the list that Slack offers, or write the address.`,
    );
  if (word.startsWith('+')) return readPhone(word);
  if (identity.test(word)) return named('identity', word);
  if (hex24.test(word)) return named('user_id', word);
  if (identifierFault('email', word) === null) return named('email', word);
  const [, prefix, value] = typed.exec(word) ?? [];
  return prefix && value ? readTyped(prefix.toLowerCase(), value) : { kind: 'none' };
}

function readTyped(prefix: string, value: string): WhoReading {
  const userIdType = userIdTypes.find((one) => one === prefix);
  if (userIdType) return named(userIdType, value);
  return providers.includes(prefix) ? named('sync_relation', `${prefix}:${value}`) : { kind: 'none' };
}

function readPhone(written: string): WhoReading {
  const digits = written.replace(/\D/g, '');
  if (!/^\+[\d\s().-]+$/.test(written) || digits.length < 8 || digits.length > 15)
    return unclear(`${written} is not a phone number with its country code, such as +8613800000000.`);
  for (const [code, length] of knownLengths) {
    if (digits.startsWith(code) && digits.length !== length)
      return unclear(`${written} is not a phone number of +${code}: it has another number of digits.`);
  }
  return named('phone', `+${digits}`);
}

function named(userIdType: Identifier['userIdType'], userId: string): WhoReading {
  const identifier = tidyIdentifier({ userIdType, userId });
  const fault = identifierFault(identifier.userIdType, identifier.userId);
  return fault ? unclear(`${userIdType} ${userId} ${fault}.`) : { kind: 'identifier', identifier };
}

function unclear(ask: string): WhoReading {
  return { kind: 'unclear', ask };
}

/**
 * Joins a phone number that was written with blanks. Only where its length is known (+86 and +1) can be told where it
 * ends and a reason begins.
 * @param words those from the one with the plus sign on
 * @returns the number and how many words it took, or `null` when its end cannot be told
 */
export function joinPhone(
  words: readonly string[],
): { readonly word: string; readonly taken: number } | null {
  const [first = ''] = words;
  const [, length = null] = knownLengths.find(([code]) => first.startsWith(`+${code}`)) ?? [];
  let word = '';
  for (const [index, part] of words.entries()) {
    if (index > 0 && !groupOfDigits.test(part)) return { word, taken: index };
    if (index > 0 && length === null) return null;
    word += part.replace(/,$/, '');
    if (word.replace(/\D/g, '').length === length || part.endsWith(',')) return { word, taken: index + 1 };
  }
  return { word, taken: words.length };
}

const groupOfDigits = /^[().-]*\d[\d().-]*,?$/;

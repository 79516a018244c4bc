import { joinPhone, readWho, unescapeText, type Who } from './who.ts';

export type CommandAction = 'kick' | 'resign';

/** When a resign is to be done: at an instant, or as a day begins where the person who asked is. */
export type CommandDate =
  | { readonly kind: 'instant'; readonly at: number }
  | { readonly kind: 'day'; readonly date: string };

export interface Command {
  readonly action: CommandAction;
  readonly people: readonly Who[];
  readonly appIds: readonly string[];
  readonly date: CommandDate | null;
  readonly reason: string | null;
}

export type CommandReading =
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'help' }
  /** It cannot be told what is meant; `ask` is for the person who typed it. */
  | { readonly kind: 'unclear'; readonly ask: string };

const maxReasonLength = 500;
const appId = /^[A-Za-z0-9_-]{1,128}$/;

class Unclear extends Error {}

/**
 * Reads what was typed after `/kick` or `/resign`: people first, then apps or a date, then the reason. Two dashes end
 * what has a meaning, so that a reason may begin with anything. Whatever is ambiguous is asked back, never guessed.
 */
export function readCommand(action: CommandAction, text: string): CommandReading {
  const words = splitWords(text);
  if (words.length === 0 || (words.length === 1 && /^(help|\?)$/i.test(words[0] ?? '')))
    return { kind: 'help' };
  try {
    const { people, rest } = takePeople(words);
    const { appIds, date, reasonWords } = takeCondition(action, rest);
    const reason = unescapeText(reasonWords.join(' '));
    if (reason.length > maxReasonLength)
      throw new Unclear(`The reason is longer than ${maxReasonLength} characters.`);
    return { kind: 'command', command: { action, people, appIds, date, reason: reason || null } };
  } catch (error) {
    if (error instanceof Unclear) return { kind: 'unclear', ask: error.message };
    throw error;
  }
}

/** Phones make quotes and dashes of their own. What Slack escaped stays so: only its own mentions have angle brackets. */
function splitWords(text: string): string[] {
  const plain = text.replace(/[“”„]/g, '"').replace(/(^|\s)[—–](?=\s|$)/g, '$1--');
  return plain.match(/<[^<>]*>,?|(?:[^\s"]|"[^"]*")+|"/g) ?? [];
}

function takePeople(words: readonly string[]): { people: Who[]; rest: readonly string[] } {
  const people: Who[] = [];
  let at = 0;
  let more = true;
  while (at < words.length && words[at] !== '--') {
    const { word, taken } = wordAt(words, at);
    const comma = word.endsWith(',');
    const who = readWho(withoutQuotes(word.replace(/,$/, '')));
    if (who.kind === 'unclear') throw new Unclear(who.ask);
    if (who.kind === 'none') {
      if (people.length === 0 || more) throw new Unclear(askWho(word));
      break;
    }
    people.push(who);
    at += taken;
    more = comma;
  }
  if (people.length === 0) throw new Unclear('It does not say who.');
  if (new Set(people.map((one) => JSON.stringify(one))).size < people.length)
    throw new Unclear('It names the same person twice.');
  return { people, rest: words.slice(at) };
}

function wordAt(words: readonly string[], at: number): { word: string; taken: number } {
  const word = words[at] ?? '';
  if (!word.startsWith('+')) return { word, taken: 1 };
  const phone = joinPhone(words.slice(at));
  if (!phone) throw new Unclear(`Write the phone number without blanks: it is not clear where ${word} ends.`);
  return words[at + phone.taken - 1]?.endsWith(',') ? { ...phone, word: `${phone.word},` } : phone;
}

function withoutQuotes(word: string): string {
  return word.replace(/^([A-Za-z_-]+:)"([^"]*)"$/, '$1$2');
}

function askWho(word: string): string {
  return `It is not clear who ${word} is. Use a mention, an email address, a phone number with its country code, or say what it is: user_id:…, external_id:…, username:…`;
}

interface Condition {
  readonly appIds: readonly string[];
  readonly date: CommandDate | null;
  readonly reasonWords: readonly string[];
}

function takeCondition(action: CommandAction, words: readonly string[]): Condition {
  const [first = '', ...rest] = words;
  const keyword = first.toLowerCase();
  if (first === '--') return { appIds: [], date: null, reasonWords: rest };
  if (keyword === 'in') {
    if (action === 'resign')
      throw new Unclear('Whoever is resigned leaves every app; "in" is for /kick. Put -- before a reason.');
    return takeApps(rest);
  }
  if (keyword === 'on') {
    if (action === 'kick')
      throw new Unclear('/kick acts at once; a date is for /resign. Put -- before a reason.');
    const [written = '', ...after] = rest;
    return { appIds: [], date: readDate(written), reasonWords: withoutDashes(after) };
  }
  return { appIds: [], date: null, reasonWords: words };
}

function takeApps(words: readonly string[]): Condition {
  const appIds: string[] = [];
  let at = 0;
  for (let more = true; more; at += 1) {
    const word = words[at] ?? '';
    more = word.endsWith(',');
    for (const id of word.replace(/,$/, '').split(',')) {
      if (!appId.test(id))
        throw new Unclear(
          'After "in" come the ids of apps, with commas between them. Put -- before a reason.',
        );
      appIds.push(id);
    }
  }
  if (appIds.length > 50) throw new Unclear('These are more than 50 apps.');
  return { appIds: [...new Set(appIds)], date: null, reasonWords: withoutDashes(words.slice(at)) };
}

function withoutDashes(words: readonly string[]): readonly string[] {
  return words[0] === '--' ? words.slice(1) : words;
}

function readDate(written: string): CommandDate {
  if (/^\d{4}-\d\d-\d\d$/.test(written) && isRealDay(written)) return { kind: 'day', date: written };
  const withOffset = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.exec(written);
  const at = withOffset && isRealDay(withOffset[1] ?? '') ? Date.parse(written) : Number.NaN;
  if (Number.isFinite(at)) return { kind: 'instant', at };
  throw new Unclear(
    'After "on" comes a date, such as 2026-12-01 or 2026-12-01T18:00+08:00. Put -- before a reason.',
  );
}

function isRealDay(date: string): boolean {
  const at = Date.parse(`${date}T00:00:00Z`);
  return Number.isFinite(at) && new Date(at).toISOString().startsWith(date);
}

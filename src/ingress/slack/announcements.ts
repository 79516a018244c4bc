import { createHash } from 'node:crypto';
import { type Message, newsMessage } from './blocks.ts';
import { type ConversationNote, type HeldNote, keyOf, type Notes } from './notes.ts';
import type { FoundIntent } from './state.ts';
import type { SlackWeb } from './web.ts';

/** Something was held, as its outcome says it. */
export interface HeldNews {
  readonly outcomeId: string;
  readonly intentId: string;
  readonly source: string;
  readonly code: string;
}

export interface DeadLetterNews {
  readonly outcomeId: string;
  readonly source: string;
  readonly deadLetterId: string;
}

/** What the approvers' channel is told, each once. Rejects when Slack did not answer; then it is asked for again. */
export interface Announcements {
  /** What waits for a decision, a set at a time. */
  announceHeld(news: readonly HeldNews[]): Promise<void>;
  announceDeadLetters(news: readonly DeadLetterNews[]): Promise<void>;
  /** @returns whether it was told, or nobody is to be told */
  announceTrouble(title: string, lines: readonly string[]): Promise<boolean>;
}

export interface AnnouncementsOptions {
  readonly notes: Notes;
  readonly web: Pick<SlackWeb, 'call'>;
  /** The approvers' channel; `null` = nothing is announced. */
  readonly channel: string | null;
  readonly findAll: (ids: readonly string[]) => Promise<readonly FoundIntent[]>;
  readonly render: (key: string, note: ConversationNote, found: readonly FoundIntent[]) => Promise<Message>;
}

/** Slack did not answer; the same is to be tried again. */
export class SlackAway extends Error {
  override readonly name = 'SlackAway';
}

export function createAnnouncements(options: AnnouncementsOptions): Announcements {
  const { notes, web, channel } = options;

  /** @returns the message's own id in its channel, `null` when Slack does not take it */
  async function post(message: Message): Promise<string | null> {
    const answer = await web.call('chat.postMessage', { channel, ...message });
    if (answer.kind === 'unknown') throw new SlackAway('chat.postMessage');
    return answer.kind === 'done' ? String(answer.data.ts) : null;
  }

  async function announceSet(set: readonly HeldNews[]): Promise<void> {
    const [first] = set;
    if (!first || channel === null) return;
    const { code } = first;
    const all = await options.findAll(set.map(({ intentId }) => intentId));
    const found = all.filter(({ intent }) => intent.status === 'held' && intent.failure?.code === code);
    if (found.length === 0) return;
    const key = keyOf.held(first.outcomeId);
    const intents = found.map(({ intent }) => intent.id);
    const effectiveAt = found[0]?.intent.effectiveAt ?? null;
    const note: HeldNote = { kind: 'held', intents, effectiveAt, code, channel, ts: '', shown: '' };
    const message = await options.render(key, note, found);
    const ts = await post(message);
    if (ts !== null) await notes.keep(key, { ...note, ts, shown: digestOf(message) });
    for (const { outcomeId, intentId } of set) {
      await notes.keepText(keyOf.heldIntent(intentId), key);
      await notes.keepText(keyOf.told(outcomeId), key);
    }
  }

  async function untold<T extends { readonly outcomeId: string }>(news: readonly T[]): Promise<T[]> {
    const told = await Promise.all(news.map(({ outcomeId }) => notes.findText(keyOf.told(outcomeId))));
    return news.filter((_, index) => told[index] === null);
  }

  return {
    async announceHeld(news) {
      const sets = Map.groupBy(await untold(news), ({ source, code }) => `${source} ${code}`);
      for (const set of sets.values()) await announceSet(set);
    },
    async announceDeadLetters(news) {
      if (channel === null) return;
      for (const [source, letters] of Map.groupBy(await untold(news), (one) => one.source)) {
        await post(deadLetterMessage(source, letters));
        for (const { outcomeId } of letters) await notes.keepText(keyOf.told(outcomeId), source);
      }
    },
    async announceTrouble(title, lines) {
      if (channel === null) return true;
      return (
        (await web.call('chat.postMessage', { channel, ...newsMessage(title, lines) })).kind !== 'unknown'
      );
    },
  };
}

/** What a message shows, in short. */
export function digestOf(message: Message): string {
  return createHash('sha256').update(JSON.stringify(message)).digest('base64url');
}

function deadLetterMessage(source: string, letters: readonly DeadLetterNews[]): Message {
  const count = letters.length === 1 ? 'A delivery' : `${letters.length} deliveries`;
  const ids = letters.slice(0, 10).map(({ deadLetterId }) => deadLetterId);
  const more = letters.length > ids.length ? ` and ${letters.length - ids.length} more` : '';
  return newsMessage(`${count} of ${source} could not be read`, [
    `Dead letters: ${ids.join(', ')}${more}`,
    'Nothing was done because of them. See what is wrong with GET /v1/dead-letters; once that is put right, POST /v1/dead-letters/<id>/replay reads them again.',
  ]);
}

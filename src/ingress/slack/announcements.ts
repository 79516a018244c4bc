import { createHash } from 'node:crypto';
import type { HeldSet, Store } from '../../store/contract.ts';
import { type Message, newsMessage } from './blocks.ts';
import { keyOf, type Notes } from './notes.ts';
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
  readonly store: Pick<Store, 'findIntent' | 'findHeldSet'>;
  readonly notes: Notes;
  readonly web: Pick<SlackWeb, 'call'>;
  /** The approvers' channel; `null` = nothing is announced. */
  readonly channel: string | null;
  /** Puts what is held into sets; see `Store.tendHeld`. */
  readonly tendHeld: () => Promise<number>;
  readonly renderHeld: (key: string, set: HeldSet) => Promise<Message>;
  /** Brings a message that is out up to date. */
  readonly refresh: (key: string) => Promise<void>;
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

  /** Each set has one message; when more joins the set, that one changes. */
  async function announceSet(setId: string): Promise<void> {
    const key = keyOf.held(setId);
    if (await notes.find(key)) return options.refresh(key);
    const set = await options.store.findHeldSet(setId);
    if (!set || set.waiting === 0 || channel === null) return;
    const { waiting, sample } = set;
    const effectiveAt = sample[0]?.effectiveAt ?? null;
    const message = await options.renderHeld(key, set);
    const ts = await post(message);
    if (ts === null) return;
    const shown = digestOf(message);
    await notes.keep(key, { kind: 'held', set: setId, waiting, effectiveAt, channel, ts, shown });
  }

  async function setOf({ intentId, code }: HeldNews): Promise<string | null> {
    const intent = (await options.store.findIntent(intentId))?.intent;
    const isStillMeant = intent?.status === 'held' && intent.failure?.code === code;
    return isStillMeant ? (intent.heldSet ?? null) : null;
  }

  async function untold<T extends { readonly outcomeId: string }>(news: readonly T[]): Promise<T[]> {
    const told = await Promise.all(news.map(({ outcomeId }) => notes.findText(keyOf.told(outcomeId))));
    return news.filter((_, index) => told[index] === null);
  }

  return {
    async announceHeld(news) {
      if (channel === null || news.length === 0) return;
      const fresh = await untold(news);
      while ((await options.tendHeld()) > 0);
      const sets = await Promise.all(fresh.map(setOf));
      for (const set of new Set(sets)) if (set !== null) await announceSet(set);
      for (const { outcomeId } of fresh) await notes.keepText(keyOf.told(outcomeId), 'held');
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

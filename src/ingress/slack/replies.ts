import type { Log } from '../../core/log.ts';
import type { HeldSet, Store } from '../../store/contract.ts';
import { type Announcements, createAnnouncements, digestOf, SlackAway } from './announcements.ts';
import { askMessage, heldMessage, type Message } from './blocks.ts';
import { type AskNote, type HeldNote, keyOf, type Notes } from './notes.ts';
import { createQueues } from './queues.ts';
import { askView, type FoundIntent, heldView } from './state.ts';
import type { SlackWeb } from './web.ts';

/**
 * The messages that are out, brought up to date. What is shown is always read from the store, so it does not matter
 * who asks for it, how often, or in which order. Rejects when Slack did not answer; then it is asked for again.
 */
export interface Replies extends Announcements {
  /** Shows how it stands in the messages in which these intents are. */
  show(intents: readonly { readonly intentId: string; readonly eventId: string }[]): Promise<void>;
  refresh(key: string): Promise<void>;
}

export interface RepliesOptions {
  readonly store: Pick<Store, 'findIntent' | 'findHeldSet'>;
  readonly notes: Notes;
  readonly web: SlackWeb;
  /** The approvers' channel; `null` = nothing is announced. */
  readonly channel: string | null;
  /** Puts what is held into sets; see `Store.tendHeld`. */
  readonly tendHeld: () => Promise<number>;
  readonly isDryRun: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** A response_url is good for thirty minutes and five messages; the last are kept for the end. */
const urlGoodForMs = 29 * 60_000;
const maxPosts = { whileSomeWait: 3, atAll: 5 };

export function createReplies(options: RepliesOptions): Replies {
  const { store, notes } = options;
  const inTurn = createQueues();
  const place = createPlacing(options);

  async function findAll(ids: readonly string[]): Promise<FoundIntent[]> {
    const found = await Promise.all(ids.map((id) => store.findIntent(id)));
    return found.filter((one) => one !== null);
  }

  async function refreshNow(key: string): Promise<void> {
    const note = await notes.find(key);
    if (note?.kind === 'ask') await refreshAsk(key, note);
    if (note?.kind === 'held') await refreshHeld(key, note);
  }

  async function refreshAsk(key: string, note: AskNote): Promise<void> {
    const found = await findAll(note.intents);
    if (found.length === 0) return;
    const message = askMessage(askView({ key, note, found, isDryRun: options.isDryRun }));
    const shown = digestOf(message);
    if (shown === note.shown || isTooEarly(note, found)) return;
    await notes.keep(key, { ...(await place.ask(note, message)), shown });
  }

  async function refreshHeld(key: string, note: HeldNote): Promise<void> {
    const set = await store.findHeldSet(note.set);
    if (!set) return;
    const message = await renderHeld(key, set);
    const shown = digestOf(message);
    if (shown === note.shown) return;
    await place.held(note, message);
    await notes.keep(key, { ...note, waiting: set.waiting, shown });
  }

  async function renderHeld(key: string, set: HeldSet): Promise<Message> {
    const found = await findAll(set.sample.map(({ id }) => id));
    return heldMessage(heldView({ key, set, found, names: await namesOf(found) }));
  }

  /** Whoever asked in Slack was shown names; those who decide see the same. */
  async function namesOf(found: readonly FoundIntent[]): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    for (const eventId of new Set(found.map(({ intent }) => intent.eventId))) {
      const note = await notes.find(keyOf.ask(eventId));
      if (note?.kind !== 'ask') continue;
      note.people.forEach(({ name, status }, index) => {
        const intentId = note.intents[index];
        if (intentId && name !== null) names.set(intentId, `${name} (${status})`);
      });
    }
    return names;
  }

  const refresh = (key: string): Promise<void> => inTurn(key, () => refreshNow(key));

  return {
    refresh,
    async show(intents) {
      const found = await findAll(intents.map(({ intentId }) => intentId));
      const sets = found.flatMap(({ intent }) => intent.heldSet ?? []);
      const keys = [...sets.map(keyOf.held), ...intents.map(({ eventId }) => keyOf.ask(eventId))];
      for (const key of new Set(keys)) await refresh(key);
    },
    ...createAnnouncements({ ...options, renderHeld, refresh }),
  };
}

/** Brings a message to where its note says, and gives the note as it is after that. */
function createPlacing({ web, now, log }: RepliesOptions) {
  async function placeHeld(note: HeldNote, message: Message): Promise<void> {
    const answer = await web.call('chat.update', { channel: note.channel, ts: note.ts, ...message });
    if (answer.kind === 'unknown') throw new SlackAway('chat.update');
  }

  async function placeByUrl(note: AskNote, message: Message): Promise<AskNote | null> {
    const { responseUrl, responseUrlSince, posts } = note;
    if (responseUrl === null || posts >= maxPosts.atAll || now() - responseUrlSince > urlGoodForMs)
      return null;
    const said = await web.respond(responseUrl, { replace_original: true, ...message });
    return said === 'done' ? { ...note, posts: posts + 1 } : null;
  }

  /** Nobody can change an ephemeral message without its URL: a direct message takes its place, and is updated. */
  async function placeDirectly(note: AskNote, message: Message): Promise<AskNote> {
    if (note.direct) {
      const updated = await web.call('chat.update', { ...note.direct, ...message });
      if (updated.kind === 'unknown') throw new SlackAway('chat.update');
      if (updated.kind === 'done') return note;
    }
    const answer = await web.call('chat.postMessage', { channel: note.asker, ...message });
    if (answer.kind === 'unknown') throw new SlackAway('chat.postMessage');
    if (answer.kind === 'refused')
      log.error({ code: answer.error }, 'nobody could be told what became of a command');
    const { channel, ts } = answer.kind === 'done' ? answer.data : {};
    const direct = typeof channel === 'string' && typeof ts === 'string' ? { channel, ts } : null;
    return { ...note, responseUrl: null, direct };
  }

  return {
    held: placeHeld,
    ask: async (note: AskNote, message: Message): Promise<AskNote> =>
      (note.direct ? null : await placeByUrl(note, message)) ?? placeDirectly(note, message),
  };
}

/** While some of it is still being done, few messages are spent. */
function isTooEarly(note: AskNote, found: readonly FoundIntent[]): boolean {
  if (note.direct || note.posts < maxPosts.whileSomeWait) return false;
  return found.some(({ intent }) => intent.status === 'pending');
}

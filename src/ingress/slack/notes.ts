import { z } from 'zod';
import type { Store } from '../../store/contract.ts';

/** Where the message of a command is, and whom it is about. It outlives a restart, as does what is stored. */
const askNote = z.object({
  kind: z.literal('ask'),
  asker: z.string(),
  channel: z.string(),
  command: z.enum(['kick', 'resign']),
  askedAt: z.number(),
  intents: z.array(z.string()),
  /** The note is kept until well after that. */
  effectiveAt: z.number().nullable(),
  people: z.array(z.object({ name: z.string().nullable(), status: z.string().nullable() })),
  /** Good for five messages in thirty minutes. */
  responseUrl: z.string().nullable(),
  responseUrlSince: z.number(),
  posts: z.number(),
  /** The message that took the place of the first one, once its URL had expired. */
  direct: z.object({ channel: z.string(), ts: z.string() }).nullable(),
  /** A digest of what it shows. */
  shown: z.string(),
});
export type AskNote = z.output<typeof askNote>;

/** A message in the approvers' channel about a set of what is held. */
const heldNote = z.object({
  kind: z.literal('held'),
  /** The id of the set. */
  set: z.string(),
  /** How many it says are waiting. */
  waiting: z.number(),
  /** The note is kept until well after that. */
  effectiveAt: z.number().nullable(),
  channel: z.string(),
  ts: z.string(),
  shown: z.string(),
});
export type HeldNote = z.output<typeof heldNote>;

const anyNote = z.discriminatedUnion('kind', [askNote, heldNote]);
export type ConversationNote = AskNote | HeldNote;

/** Longer than an approval waits, and a call is tried; in milliseconds. */
const keptForMs = 8 * 86_400_000;

/** The notes of all conversations. */
export interface Notes {
  find(key: string): Promise<ConversationNote | null>;
  keep(key: string, note: ConversationNote): Promise<void>;
  findText(key: string): Promise<string | null>;
  keepText(key: string, text: string): Promise<void>;
}

export interface NotesOptions {
  readonly store: Pick<Store, 'keepNote' | 'findNote'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function createNotes({ store, now }: NotesOptions): Notes {
  const nameOf = (key: string): string => `slack:${key}`;
  const findText = (key: string): Promise<string | null> => store.findNote(nameOf(key), now());
  const keepText = (key: string, text: string, from = now()): Promise<void> =>
    store.keepNote({ key: nameOf(key), text, expiresAt: from + keptForMs }, now());
  return {
    findText,
    keepText: (key, text) => keepText(key, text),
    keep: (key, note) => keepText(key, JSON.stringify(note), Math.max(now(), note.effectiveAt ?? 0)),
    async find(key) {
      const text = /^(ask|held):/.test(key) ? await findText(key) : null;
      return text === null ? null : (anyNote.safeParse(JSON.parse(text)).data ?? null);
    },
  };
}

/** The keys under which conversations are kept; an ask's is in its button too, and no secret. */
export const keyOf = {
  ask: (eventId: string): string => `ask:${eventId}`,
  held: (setId: string): string => `held:${setId}`,
  told: (outcomeId: string): string => `told:${outcomeId}`,
  hour: (slackUserId: string): string => `hour:${slackUserId}`,
};

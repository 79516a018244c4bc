import type { Outcome } from '../core/outcome.ts';
import type { Publisher } from './relay.ts';

/** What the publisher needs of the conversation with Slack; all of it may be asked for again. */
export interface SlackReplies {
  show(intents: readonly { readonly intentId: string; readonly eventId: string }[]): Promise<void>;
  announceHeld(
    news: readonly {
      readonly outcomeId: string;
      readonly intentId: string;
      readonly source: string;
      readonly code: string;
    }[],
  ): Promise<void>;
  announceDeadLetters(
    news: readonly { readonly outcomeId: string; readonly source: string; readonly deadLetterId: string }[],
  ): Promise<void>;
}

export interface SlackReplyOptions {
  readonly replies: SlackReplies;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What is older is no news: a Slack that is set up later is not told of all that ever was. */
const newsForMs = 86_400_000;

/**
 * Shows in Slack what really happened: brings the messages of commands and approvals up to date, and announces what is
 * held and what could not be read. Slack being away delays this and nothing else.
 */
export function createSlackReply({ replies, now }: SlackReplyOptions): Publisher {
  return {
    name: 'slack',
    async publish(outcomes) {
      const recent = outcomes.filter(({ time }) => now() - Date.parse(time) < newsForMs);
      await replies.announceHeld(recent.flatMap(heldNews));
      await replies.announceDeadLetters(recent.flatMap(deadLetterNews));
      await replies.show(recent.flatMap(({ data }) => ('intentId' in data ? [data] : [])));
    },
  };
}

function heldNews({ id, data }: Outcome) {
  if (!('intentId' in data) || data.status !== 'held' || !data.failure) return [];
  const { intentId, source, failure } = data;
  // Whoever asked is being asked in a message of their own.
  return failure.code === 'needs_confirmation'
    ? []
    : [{ outcomeId: id, intentId, source, code: failure.code }];
}

function deadLetterNews({ id, type, data }: Outcome) {
  if (type !== 'delivery.dead_lettered' || !('reference' in data) || data.reference === null) return [];
  return [{ outcomeId: id, source: data.source, deadLetterId: data.reference }];
}

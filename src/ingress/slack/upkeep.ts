import type { Trouble, TroubleCode } from '../../core/trouble.ts';
import type { Store } from '../../store/contract.ts';
import type { Conversation } from './conversation.ts';
import type { Replies } from './replies.ts';
import { slackSource } from './source.ts';

const pageLimit = 200;

export interface SweepOptions {
  readonly store: Pick<Store, 'listIntents'>;
  readonly conversation: Pick<Conversation, 'expireOverdue'>;
}

/** Cancels what nobody confirmed or approved in time. */
export async function sweep({ store, conversation }: SweepOptions): Promise<void> {
  let cursor: string | null = null;
  do {
    const query = {
      statuses: ['held' as const],
      person: null,
      source: slackSource.id,
      cursor,
      limit: pageLimit,
    };
    const page: Awaited<ReturnType<Store['listIntents']>> = await store.listIntents(query);
    await conversation.expireOverdue(page.items);
    cursor = page.next;
  } while (cursor !== null);
}

export interface WatchOptions {
  /** What does not work as it should at the moment. */
  readonly troubles: () => Promise<readonly Trouble[]>;
  readonly replies: Pick<Replies, 'announceTrouble'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** A trouble that comes back within this is still the same one, in milliseconds. */
const overAfterMs = 600_000;

/** Announces each trouble once, for as long as it lasts. */
export function createWatch({ troubles, replies, now }: WatchOptions): () => Promise<void> {
  const lastSeen = new Map<string, number>();
  return async () => {
    for (const { code, about, message } of await troubles()) {
      const words = news[code];
      if (!words) continue;
      const key = `${code} ${about}`;
      if (!lastSeen.has(key) && !(await replies.announceTrouble(words.title, [message, words.advice])))
        continue;
      lastSeen.set(key, now());
    }
    for (const [key, at] of lastSeen) if (now() - at > overAfterMs) lastSeen.delete(key);
  };
}

/** What the approvers are told, and what they can do; `null` = it is not for them. */
const news: Readonly<Record<TroubleCode, { readonly title: string; readonly advice: string } | null>> = {
  calls_paused: {
    title: 'GenAuth does not take calls',
    advice:
      'Intents are kept, and go on by themselves. If it says denied: look at the access key, its rights and the plan of the user pool.',
  },
  protection_unknown: {
    title: 'Protected people could not be looked up',
    advice:
      'Nothing is done to anybody until they are. Look whether GenAuth can be reached, and at leavers.protected.',
  },
  source_silent: {
    title: 'A source is silent',
    advice:
      'Nothing came for longer than its expectEvery. Look at the webhook in the sending system, and at its key.',
  },
  overdue: {
    title: 'Somebody is due and not done',
    advice: 'Look at /v1/status and at the oldest intents: what do they wait for?',
  },
  backlog_full: {
    title: 'Too much is due: deliveries are refused for now',
    advice: 'Senders repeat them. Look whether GenAuth takes calls, and at genauth.requestsPerSecond.',
  },
  lookups_paused: {
    title: 'An HR system does not say who its leavers are',
    advice: 'They are kept, and asked about again. Look at the key of its lookup.',
  },
  // These are for whoever runs the bridge, who has the log and the metrics.
  active_users_unknown: null,
  kafka_credentials_refused: null,
  kafka_failed: null,
  kafka_no_such_topic: null,
  kafka_not_authorized: null,
  kafka_silent: null,
  kafka_unreachable: null,
  publisher_failing: null,
  slack_disconnected: null,
  stream_disconnected: null,
};

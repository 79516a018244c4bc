import type { Intent } from '../../core/intent.ts';
import type { Log } from '../../core/log.ts';
import type { HeldSet, Store } from '../../store/contract.ts';
import type { Decisions } from '../decisions.ts';
import type { HeldSets } from '../held-sets.ts';
import { createRefusals } from '../refusals.ts';
import { type Message, shortMessage } from './blocks.ts';
import { keyOf, type Notes } from './notes.ts';
import { createQueues } from './queues.ts';
import type { Replies } from './replies.ts';
import type { Right, Rights } from './rights.ts';
import { slackSource } from './source.ts';
import type { FoundIntent } from './state.ts';
import type { SlackWeb } from './web.ts';

/** What commands and presses have in common. */
export interface Conversation {
  readonly decisions: Pick<Decisions, 'confirm' | 'cancel'>;
  readonly heldSets: Pick<HeldSets, 'decide'>;
  readonly notes: Notes;
  readonly rights: Rights;
  readonly replies: Replies;
  readonly web: SlackWeb;
  readonly hours: Hours;
  findIntents(ids: readonly string[]): Promise<readonly FoundIntent[]>;
  findHeldSet(id: string): Promise<HeldSet | null>;
  /** Says politely that somebody may not, and records it. */
  refuse(slackUserId: string, facts: { what: string; right: Right }): Promise<Message>;
  /** Cancels what is over before anybody decided about it; `why` is for people. */
  expire(intentIds: readonly string[], why: string): Promise<void>;
  /** Cancels those of them that nobody confirmed or approved in time. @returns how many */
  expireOverdue(intents: readonly Intent[]): Promise<number>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

export interface ConversationOptions
  extends Omit<
    Conversation,
    'hours' | 'refuse' | 'expire' | 'expireOverdue' | 'findIntents' | 'findHeldSet'
  > {
  readonly store: Pick<Store, 'findIntent' | 'findHeldSet' | 'record'>;
  readonly perHour: number;
}

/** How long a confirmation and an approval are good for, in milliseconds. */
const goodForMs = { confirmation: 300_000, approval: 86_400_000 };

/** Why a held intent that was asked for in Slack is over now, or `null`. */
function overdue(intent: Intent, now: number): string | null {
  if (intent.status !== 'held' || intent.source !== slackSource.id) return null;
  const heldFor = intent.failure?.code;
  if (heldFor === 'needs_confirmation' && now - intent.receivedAt > goodForMs.confirmation)
    return 'it was not confirmed within five minutes';
  const since = intent.decisions.at(-1)?.at ?? intent.receivedAt;
  if (heldFor === 'needs_approval' && now - since > goodForMs.approval)
    return 'nobody approved it within 24 hours';
  return null;
}

export function createConversation(options: ConversationOptions): Conversation {
  const { store, decisions, now, log } = options;
  const recordRefusal = createRefusals(options);

  async function expire(intentIds: readonly string[], why: string): Promise<void> {
    const decider = { actor: 'slack', reason: why };
    for (const id of intentIds) await decisions.cancel(id, decider, { code: 'expired', message: why });
  }

  return {
    ...options,
    hours: createHours(options),
    async findIntents(ids) {
      const found = await Promise.all(ids.map((id) => store.findIntent(id)));
      return found.filter((one) => one !== null);
    },
    findHeldSet: (id) => store.findHeldSet(id),
    async refuse(slackUserId, { what, right }) {
      const reason = `${what}: ${right === 'no' ? 'not allowed' : 'a user group could not be read'}`;
      // Nobody waits for it: Slack would give up.
      void recordRefusal({ source: slackSource.id, actor: `slack:${slackUserId}`, reason });
      return shortMessage(
        right === 'no'
          ? `Sorry, you may not do that here (${what}). Nothing was done. The configuration of the bridge says who may; this try was recorded.`
          : 'Nothing was done: Slack did not say in time whether you may do that. Try again in a minute.',
      );
    },
    expire,
    async expireOverdue(intents) {
      let count = 0;
      for (const intent of intents) {
        const why = overdue(intent, now());
        if (why === null) continue;
        await expire([intent.id], why);
        count += 1;
      }
      return count;
    },
    now,
    log,
  };
}

/** How many people one person has confirmed in the last hour. It survives a restart. */
export interface Hours {
  room(slackUserId: string): Promise<number>;
  /** @returns false, and takes nothing, when that many are too many */
  take(slackUserId: string, count: number): Promise<boolean>;
}

const hourMs = 3_600_000;

function createHours({ notes, now, perHour }: ConversationOptions): Hours {
  const inTurn = createQueues();

  async function read(slackUserId: string): Promise<number[]> {
    const text = (await notes.findText(keyOf.hour(slackUserId))) ?? '';
    return text
      .split(' ')
      .map(Number)
      .filter((at) => at > now() - hourMs);
  }

  return {
    room: async (slackUserId) => Math.max(0, perHour - (await read(slackUserId)).length),
    take: (slackUserId, count) =>
      inTurn(slackUserId, async () => {
        const times = await read(slackUserId);
        if (times.length + count > perHour) return false;
        times.push(...Array.from({ length: count }, now));
        await notes.keepText(keyOf.hour(slackUserId), times.join(' '));
        return true;
      }),
  };
}

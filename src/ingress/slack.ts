import { App, type Receiver as BoltReceiver, type types } from '@slack/bolt';
import type { Router } from 'express';
import { type Log, traceOf } from '../core/log.ts';
import { createLoop } from '../core/loop.ts';
import type { Store } from '../store/contract.ts';
import type { ReadBody } from './body.ts';
import type { Decisions } from './decisions.ts';
import type { HeldSets } from './held-sets.ts';
import type { Receiver } from './receive.ts';
import type { Message } from './slack/blocks.ts';
import { boltLogger } from './slack/bolt-log.ts';
import { answerCommand, type CommandOptions, commandSchema, notTaken } from './slack/commands.ts';
import { createConversation } from './slack/conversation.ts';
import { createHttpReceiver } from './slack/http-receiver.ts';
import { createNotes } from './slack/notes.ts';
import type { UserPool } from './slack/people.ts';
import { createPresses, pressSchema } from './slack/presses.ts';
import { createReplies, type Replies } from './slack/replies.ts';
import { type Circle, createRights } from './slack/rights.ts';
import { createSocket } from './slack/socket-receiver.ts';
import { createWatch, sweep, type WatchOptions } from './slack/upkeep.ts';
import { createSlackWeb, type SlackWeb } from './slack/web.ts';

export type { UserPool } from './slack/people.ts';
export type { Replies } from './slack/replies.ts';
export { slackSource } from './slack/source.ts';

export interface SlackSettings {
  readonly mode: 'http' | 'socket';
  readonly signingSecret: string | null;
  readonly botToken: string;
  readonly appToken: string | null;
  readonly apiUrl: string;
  readonly allow: { readonly kick: Circle; readonly resign: Circle };
  readonly approve: Circle & { readonly channel: string | null };
  readonly limits: { readonly perCommand: number; readonly perHour: number };
}

interface Common {
  readonly settings: SlackSettings;
  readonly isDryRun: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** What is said to Slack, which the publisher of outcomes needs too. */
export interface SlackVoice {
  readonly web: SlackWeb;
  readonly replies: Replies;
}

export interface SlackVoiceOptions extends Common {
  readonly store: Pick<Store, 'findIntent' | 'findHeldSet' | 'keepNote' | 'findNote'>;
  /** Puts what is held into sets; see `Store.tendHeld`. */
  readonly tendHeld: () => Promise<number>;
}

export function createSlackVoice(options: SlackVoiceOptions): SlackVoice {
  const { settings, store, now, log } = options;
  const web = createSlackWeb({ ...settings, now, log });
  const notes = createNotes({ store, now });
  const { channel } = settings.approve;
  return { web, replies: createReplies({ ...options, notes, web, channel }) };
}

export interface SlackOptions extends Common {
  readonly voice: SlackVoice;
  readonly store: SlackVoiceOptions['store'] & Pick<Store, 'record' | 'listIntents'>;
  readonly receiver: Pick<Receiver, 'request'>;
  readonly decisions: Pick<Decisions, 'confirm' | 'cancel'>;
  readonly heldSets: Pick<HeldSets, 'decide'>;
  readonly userPool: UserPool;
  readonly troubles: WatchOptions['troubles'];
  readonly readBody: ReadBody;
  /** Told of a request that is not genuine. */
  readonly onUnverified?: () => void;
}

/** The Slack workspace as a way in: commands and buttons, by HTTP on the bridge's own port, or by Socket Mode. */
export interface Slack {
  /** `null` in Socket Mode. */
  readonly router: Router | null;
  start(): void;
  stop(): Promise<void>;
  /** Whether commands can reach us, as far as that can be told from here. */
  isConnected(): boolean;
}

const upkeepMs = 5_000;

export function createSlack(options: SlackOptions): Slack {
  const { settings, store, log } = options;
  const conversation = createConversation({
    ...options,
    ...options.voice,
    notes: createNotes(options),
    rights: createRights({ ...settings, ...options.voice, now: options.now }),
    perHour: settings.limits.perHour,
  });
  const way = createWay(options);
  const { perCommand } = settings.limits;
  listen(way.receiver, { ...options, ...conversation, perCommand });
  const watch = createWatch({ ...options, ...options.voice });
  const upkeep = createLoop({
    idleMs: upkeepMs,
    async tick() {
      await sweep({ store, conversation });
      await watch();
      return 0;
    },
    onError: (error) => log.error({ leg: 'slack', ...traceOf(error) }, 'a leg stumbled'),
  });
  return {
    router: way.router,
    isConnected: way.isConnected,
    start() {
      way.start();
      upkeep.start();
    },
    async stop() {
      await way.stop();
      await upkeep.stop();
    },
  };
}

interface Way {
  readonly receiver: BoltReceiver;
  readonly router: Router | null;
  start(): void;
  stop(): Promise<void>;
  isConnected(): boolean;
}

function createWay(options: SlackOptions): Way {
  const { mode, signingSecret, appToken, apiUrl } = options.settings;
  if (mode === 'socket' && appToken !== null)
    return { ...createSocket({ appToken, apiUrl, log: options.log }), router: null };
  if (signingSecret === null) throw new Error('slack.signingSecret is missing');
  const way = createHttpReceiver({ ...options, signingSecret });
  return { ...way, start() {}, stop: async () => {}, isConnected: () => true };
}

/** Hands commands and presses from Bolt to the conversation; each is answered, whatever happens. */
function listen(receiver: BoltReceiver, options: CommandOptions & SlackOptions): void {
  const { settings, log } = options;
  const app = new App({
    receiver,
    authorize: async () => ({ botToken: settings.botToken }),
    clientOptions: { slackApiUrl: settings.apiUrl },
    logger: boltLogger(log),
    convoStore: false,
    ignoreSelf: false,
  });
  const presses = createPresses(options);
  app.command(/^\/(kick|resign)$/, async ({ body, ack }) => {
    const message = await answer(body, options);
    await ack({ response_type: 'ephemeral', ...toSlack(message) });
  });
  app.action(/^offboard_/, async ({ body, ack }) => {
    const press = pressSchema.safeParse(body);
    if (press.success) await presses.press(press.data);
    else log.warn({ source: 'slack' }, 'a press could not be read');
    await ack();
  });
}

async function answer(body: unknown, options: CommandOptions): Promise<Message> {
  const slash = commandSchema.safeParse(body);
  if (!slash.success) return notTaken('What Slack sent cannot be read.');
  try {
    return await answerCommand(slash.data, options);
  } catch (error) {
    options.log.error(traceOf(error), 'a command was not carried through');
    return notTaken('The bridge failed; nothing will be done. Try again.');
  }
}

/** Our messages are plain data that Bolt's types know by another name. */
function toSlack({ text, blocks }: Message): { text: string; blocks: types.KnownBlock[] } {
  return { text, blocks: [...blocks] as unknown as types.KnownBlock[] };
}

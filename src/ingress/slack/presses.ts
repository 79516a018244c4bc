import { z } from 'zod';
import { within } from '../../core/deadline.ts';
import { traceOf } from '../../core/log.ts';
import { buttons, type Message, shortMessage } from './blocks.ts';
import type { Conversation } from './conversation.ts';
import type { AskNote, HeldNote } from './notes.ts';
import { createQueues } from './queues.ts';
import { isUnconfirmed } from './state.ts';

/** A press of a button as Slack sends it, as far as it is used. */
export const pressSchema = z.object({
  user: z.object({ id: z.string().regex(/^[UW][A-Z0-9]+$/) }),
  response_url: z.string().optional(),
  actions: z.tuple([z.object({ action_id: z.string(), value: z.string().max(2_000) })], z.unknown()),
});
export type Press = z.output<typeof pressSchema>;

/** Less than the three seconds that Slack waits, in milliseconds. */
const deadlineMs = 2_400;

export interface Presses {
  /**
   * Decides what a button stands for, and resolves within Slack's time. Whom the button may be pressed by is found
   * out anew; whoever it was that pressed is Slack's word, never the button's.
   */
  press(press: Press): Promise<void>;
}

export function createPresses(conversation: Conversation): Presses {
  const { notes, replies, web, log } = conversation;
  const inTurn = createQueues();

  /** @returns what the one who pressed is told; `null` = the message itself will say it */
  async function decide(press: Press): Promise<Message | null> {
    const [{ action_id, value }] = press.actions;
    const note = await notes.find(value);
    if (note?.kind === 'ask' && (action_id === buttons.confirm || action_id === buttons.cancel))
      return decideAsk({ press, key: value, action: action_id, note }, conversation);
    if (note?.kind === 'held' && (action_id === buttons.approve || action_id === buttons.reject))
      return decideHeld({ press, action: action_id, note }, conversation);
    return shortMessage('This is over; nothing was done.');
  }

  async function tell({ response_url }: Press, message: Message): Promise<void> {
    if (!response_url) return;
    await web.respond(response_url, { replace_original: false, response_type: 'ephemeral', ...message });
  }

  async function finish(press: Press, deciding: Promise<Message | null>): Promise<void> {
    const answer = await deciding;
    if (answer) await tell(press, answer);
    await replies.refresh(press.actions[0].value);
  }

  return {
    async press(press) {
      const deciding = inTurn(press.actions[0].value, () => decide(press));
      const finishing = finish(press, deciding).catch(async (error: unknown) => {
        log.error(traceOf(error), 'a press of a button was not carried through');
        if ((await stateOf(deciding)) === 'failed') await tell(press, tryAgain);
      });
      const decided = await within(stateOf(deciding), deadlineMs, null);
      if (decided === null) void tell(press, slowly);
      // What the message shows is worth waiting for, but Slack must not.
      await within(finishing, 200, null);
    },
  };
}

const tryAgain = shortMessage('That was not taken. Press again; it counts only once.');
const slowly = shortMessage(
  'Not taken yet: the bridge or Slack is slow. Once it is, the message shows it; to press again does no harm.',
);

async function stateOf(work: Promise<unknown>): Promise<'done' | 'failed'> {
  return work.then(
    () => 'done',
    () => 'failed',
  );
}

interface AskPress {
  readonly press: Press;
  readonly key: string;
  readonly action: typeof buttons.confirm | typeof buttons.cancel;
  readonly note: AskNote;
}

async function decideAsk(
  { press, key, action, note }: AskPress,
  conversation: Conversation,
): Promise<Message | null> {
  const { rights, decisions, notes, hours, now } = conversation;
  const presser = press.user.id;
  if (presser !== note.asker)
    return conversation.refuse(presser, { what: `a button of /${note.command}`, right: 'no' });
  const found = await conversation.findIntents(note.intents);
  const waiting = found.filter(({ intent }) => isUnconfirmed(intent)).map(({ intent }) => intent);
  if (waiting.length === 0) return shortMessage('That was decided already; it counts only once.');
  if (press.response_url)
    await notes.keep(key, { ...note, responseUrl: press.response_url, responseUrlSince: now(), posts: 0 });
  if ((await conversation.expireOverdue(waiting)) > 0) return null;
  const actor = `slack:${presser}`;
  if (action === buttons.cancel) {
    for (const { id } of waiting) await decisions.cancel(id, { actor, reason: null });
    return null;
  }
  const right = await rights.mayAsk(note.command, presser);
  if (right !== 'yes') return conversation.refuse(presser, { what: `/${note.command}`, right });
  if (!(await hours.take(presser, waiting.length)))
    return shortMessage('That is more than you may ask for within an hour. Nothing was done.');
  for (const { id } of waiting) await decisions.confirm(id, { actor, reason: 'confirmed by whoever asked' });
  return null;
}

interface HeldPress {
  readonly press: Press;
  readonly action: typeof buttons.approve | typeof buttons.reject;
  readonly note: HeldNote;
}

async function decideHeld(
  { press, action, note }: HeldPress,
  conversation: Conversation,
): Promise<Message | null> {
  const { rights, heldSets } = conversation;
  const presser = press.user.id;
  const right = await rights.mayApprove(presser);
  const what = action === buttons.approve ? 'Approve' : 'Reject';
  if (right !== 'yes') return conversation.refuse(presser, { what, right });
  const set = await conversation.findHeldSet(note.set);
  if (!set || set.decision || set.waiting === 0)
    return shortMessage('That was decided already; it counts only once.');
  if ((await conversation.expireOverdue(set.sample)) > 0) return null;
  const verdict = action === buttons.approve ? 'approved' : 'canceled';
  const actor = `slack:${presser}`;
  const result = await heldSets.decide(set.id, { verdict, actor, reason: null, count: note.waiting });
  switch (result.kind) {
    case 'own-request':
      return shortMessage('Nobody approves what they asked for; somebody else has to.');
    case 'wrong-state':
      return shortMessage(`That was not taken: ${result.why}.`);
    default:
      return null;
  }
}

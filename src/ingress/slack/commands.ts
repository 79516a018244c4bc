import { z } from 'zod';
import { dayBegins } from '../../core/calendar.ts';
import { within } from '../../core/deadline.ts';
import type { Failure } from '../../core/failure.ts';
import type { Delivery } from '../../core/handler.ts';
import type { IntentDraft } from '../../core/intent.ts';
import { type Log, traceOf } from '../../core/log.ts';
import type { Taken } from '../intake.ts';
import type { Receiver } from '../receive.ts';
import { digestOf } from './announcements.ts';
import { askMessage, helpMessage, type Message, shortMessage } from './blocks.ts';
import { type Command, type CommandAction, readCommand } from './command.ts';
import type { Conversation } from './conversation.ts';
import { type AskNote, keyOf } from './notes.ts';
import { identify, lookUp, no, type Resolved, type ShownPerson, type UserPool, zoneOf } from './people.ts';
import { slackSource } from './source.ts';
import { askView, type FoundIntent } from './state.ts';

/** A slash command as Slack sends it, as far as it is used. */
export const commandSchema = z.object({
  command: z.string(),
  text: z.string().default(''),
  user_id: z.string().regex(/^[UW][A-Z0-9]+$/),
  channel_id: z.string(),
  response_url: z.string().default(''),
  trigger_id: z.string().min(1).max(200),
});
export type SlashCommand = z.output<typeof commandSchema>;

export interface CommandOptions extends Conversation {
  readonly receiver: Pick<Receiver, 'request'>;
  readonly userPool: UserPool;
  readonly perCommand: number;
  readonly isDryRun: boolean;
}

/**
 * How long each step may take, in milliseconds from when the command came. Slack gives up after three seconds, and the
 * way there and back takes time too.
 */
const appsMs = 450;
const deadlines = { rights: 900, people: 1_400, looks: 1_900, taken: 2_500 };

const memoryIsSlow = 'The memory of the bridge did not answer in time. Nothing will be done; try again.';
const unconfirmed: Failure = { code: 'needs_confirmation', message: 'whoever asked has not confirmed it' };

/**
 * Answers a command: with what will happen to whom, once that is stored and waits for its confirmation, or with why
 * it was not taken. Never takes longer than Slack waits.
 */
export async function answerCommand(slash: SlashCommand, options: CommandOptions): Promise<Message> {
  const startedAt = performance.now();
  const left = (until: number): number => until - (performance.now() - startedAt);
  const action: CommandAction = slash.command === '/resign' ? 'resign' : 'kick';
  const reading = readCommand(action, slash.text);
  if (reading.kind === 'help') return helpMessage();
  if (reading.kind === 'unclear') return notTaken(reading.ask);
  const { command } = reading;

  const asking = options.rights.mayAsk(action, slash.user_id);
  const right = await within(asking, left(deadlines.rights), 'unknown');
  if (right !== 'yes') return options.refuse(slash.user_id, { what: slash.command, right });
  const room = await within(options.hours.room(slash.user_id), left(deadlines.rights), null);
  if (room === null) return notTaken(memoryIsSlow);
  if (command.people.length > options.perCommand)
    return notTaken(`One command takes at most ${options.perCommand} people.`);
  if (command.people.length > room)
    return notTaken(`That is more than you may ask for within an hour; ${room} are left.`);

  const drafting = within(draftOf(slash, command, options), left(deadlines.people), null);
  const drafted = (await drafting) ?? no('Slack did not say in time who that is; try again.');
  if (drafted.kind === 'no') return notTaken(drafted.why);
  const looks = await lookUp(drafted.value.identifiers, options.userPool, left(deadlines.looks));
  if (looks.kind === 'no') return notTaken(looks.why);

  const taking = take(slash, { ...drafted.value, people: looks.value }, options);
  const taken = await within(taking, left(deadlines.taken), null);
  if (taken) return taken;
  void withdrawLate(taking, slash, options);
  return notTaken(memoryIsSlow);
}

interface Drafted {
  readonly command: Command;
  readonly effectiveAt: number | null;
  readonly identifiers: readonly ShownPerson['identifiers'][number][];
}

/** What needs an answer from Slack or GenAuth before it can be said what is asked for. */
async function draftOf(
  slash: SlashCommand,
  command: Command,
  { web, userPool, now }: CommandOptions,
): Promise<Resolved<Drafted>> {
  const [people, effectiveAt, apps] = await Promise.all([
    identify(command.people, web),
    instantOf(command, async () => zoneOf(slash.user_id, web)),
    command.appIds.length > 0 ? within(userPool.listApps(), appsMs, null) : null,
  ]);
  if (people.kind === 'no') return people;
  if (effectiveAt === 'unknown')
    return no(
      'Slack did not say in which time zone you are; write the time too, such as 2026-12-01T00:00+08:00.',
    );
  if (effectiveAt !== null && effectiveAt < now() - 86_400_000)
    return no('That date has passed. Leave it out to act at once.');
  const strange = apps && command.appIds.find((id) => !apps.includes(id));
  if (strange) return no(`GenAuth has no app with the id ${strange}. Put -- before a reason.`);
  return { kind: 'done', value: { command, effectiveAt, identifiers: people.value } };
}

async function instantOf(
  { date }: Command,
  zone: () => Promise<string | null>,
): Promise<number | null | 'unknown'> {
  if (date === null || date.kind === 'instant') return date?.at ?? null;
  const known = await zone();
  return (known === null ? null : dayBegins(date.date, known)) ?? 'unknown';
}

/** Stores what is asked for, held until it is confirmed, and words the question. */
async function take(
  slash: SlashCommand,
  { command, effectiveAt, people }: Drafted & { readonly people: readonly ShownPerson[] },
  options: CommandOptions,
): Promise<Message> {
  const { receiver, notes, now } = options;
  const parts = people.map(
    ({ identifiers }): IntentDraft => ({
      action: command.action,
      identifiers,
      occurredAt: now(),
      effectiveAt: effectiveAt ?? undefined,
      reason: command.reason ?? undefined,
      appIds: command.appIds,
      hold: unconfirmed,
    }),
  );
  const eventId = slash.trigger_id;
  const taken = await receiver.request({
    source: slackSource.id,
    eventId,
    actor: `slack:${slash.user_id}`,
    parts,
    delivery: deliveryOf(slash),
  });
  const intents = intentsOf(taken);
  if (intents.length === 0)
    return notTaken('The bridge can take nothing at the moment; try again in a minute.');
  if (taken.kind === 'receipt' && taken.receipt.kind === 'duplicate')
    return shortMessage('This request came twice. It was taken the first time, and once only.');
  const note: AskNote = {
    kind: 'ask',
    asker: slash.user_id,
    channel: slash.channel_id,
    command: command.action,
    askedAt: now(),
    intents: [...intents],
    effectiveAt,
    people: people.map(({ name, status }) => ({ name, status })),
    responseUrl: slash.response_url || null,
    responseUrlSince: now(),
    posts: 0,
    direct: null,
    shown: '',
  };
  const key = keyOf.ask(eventId);
  const found = await options.findIntents(intents);
  const message = wordAsk(key, note, found, options.isDryRun);
  await notes.keep(key, { ...note, shown: digestOf(message) });
  return message;
}

function wordAsk(key: string, note: AskNote, found: readonly FoundIntent[], isDryRun: boolean): Message {
  return askMessage(askView({ key, note, found, isDryRun }));
}

function intentsOf(taken: Taken): readonly string[] {
  if (taken.kind !== 'receipt') return [];
  const { receipt } = taken;
  return receipt.kind === 'accepted' || receipt.kind === 'duplicate' ? receipt.intents : [];
}

/** The person was told that it was not taken: what was stored after all is canceled, and never asked about. */
async function withdrawLate(
  taking: Promise<Message>,
  slash: SlashCommand,
  { notes, expire, log }: { log: Log } & Pick<CommandOptions, 'notes' | 'expire'>,
): Promise<void> {
  try {
    await taking;
    const note = await notes.find(keyOf.ask(slash.trigger_id));
    if (note?.kind === 'ask') await expire(note.intents, 'it was stored too late to be asked about');
  } catch (error) {
    log.error(traceOf(error), 'a command that came too late was not canceled; it expires');
  }
}

/** What a request is told apart by, should its trigger id come again. */
function deliveryOf({ trigger_id, command, text }: SlashCommand): Delivery {
  const body = Buffer.from(JSON.stringify({ trigger_id, command, text }));
  return { method: 'POST', query: {}, headers: {}, body };
}

/** It was not taken, and why. */
export function notTaken(why: string): Message {
  return shortMessage(`Not taken. ${why}`);
}

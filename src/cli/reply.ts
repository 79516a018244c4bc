import { z } from 'zod';
import type { importEntry } from '../core/audit.ts';
import { type Outcome, outcomeSchema } from '../core/outcome.ts';
import { CommandFailure, exitCodes, printable } from './shell.ts';

// What the commands show of the operator API's answers; they let pass what they do not know.

/** Kept as it came, because its hash is over all of it, also over what a later release may have added. */
export const outcomeReply = z.custom<Outcome>((value) => outcomeSchema.safeParse(value).success);

/** An entry of the trail: the outcome as it came, with what proves it. */
export const exportedReply = z.custom<Parameters<typeof importEntry>[0]>(
  (value) => outcomeSchema.safeParse(value).success,
);
export const trailReply = z.object({ entries: z.array(exportedReply), next: z.string().nullable() });

const failure = z.object({ code: z.string(), message: z.string() }).nullable();

export const intentReply = z.object({
  id: z.string(),
  person: z.string(),
  action: z.string(),
  status: z.string(),
  userIdType: z.string(),
  userId: z.string(),
  source: z.string(),
  actor: z.string().nullable(),
  reason: z.string().nullable(),
  receivedAt: z.string(),
  effectiveAt: z.string().nullable(),
  dueAt: z.string().nullable(),
  settledAt: z.string().nullable(),
  failure,
  heldSet: z.string().nullable(),
});
export const intentHistoryReply = intentReply.extend({ outcomes: z.array(outcomeReply) });
export const intentsReply = z.object({ intents: z.array(intentReply), next: z.string().nullable() });
export const erasureReply = z.object({
  intents: z.number(),
  outcomes: z.number(),
  deadLetters: z.number(),
  unsealed: z.number(),
  openDeadLetters: z.array(z.string()),
});
export const heldSetReply = z.object({
  id: z.string(),
  source: z.string(),
  action: z.string(),
  code: z.string(),
  actor: z.string().nullable(),
  day: z.string().nullable(),
  since: z.string(),
  waiting: z.int(),
  size: z.int(),
});
export const heldReply = z.object({ held: z.array(heldSetReply), next: z.string().nullable() });
export const receiptReply = z.object({ status: z.string(), intents: z.array(z.string()).default([]) });
export const outcomesReply = z.object({ outcomes: z.array(outcomeReply), next: z.string().nullable() });

/** @throws CommandFailure when it was another program that answered, or a bridge of another time */
export function readReply<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CommandFailure(exitCodes.failed, 'the answer is not that of an Offboard Bridge of this release');
}

export type IntentReply = z.output<typeof intentReply>;

export function intentRow(intent: IntentReply): string[] {
  const { id, action, status, userIdType, userId, source, receivedAt } = intent;
  return [id, action, status, `${userIdType}:${userId}`, source, receivedAt, intent.failure?.code ?? ''];
}

/** One line: when, what, who, and why. */
export function outcomeLine({ time, type, subject, data }: Outcome): string {
  if (!('intentId' in data)) {
    const facts = [data.reference, data.verdict, data.actor && `by ${data.actor}`, data.reason];
    return printable([time, type, ...facts.filter(Boolean)].join('  '));
  }
  const confirmed = data.confirmed === null ? '' : data.confirmed ? 'confirmed' : 'not confirmed';
  const why = data.failure ? `(${data.failure.code}: ${data.failure.message})` : '';
  return printable([time, type, subject, data.intentId, confirmed, why].filter(Boolean).join('  '));
}

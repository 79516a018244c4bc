import { z } from 'zod';
import { failureCodes } from '../../core/failure.ts';
import type { Receipt } from '../../core/handler.ts';
import { userIdTypes } from '../../core/identifier.ts';
import { actions, type Intent, intentStatuses } from '../../core/intent.ts';
import { fieldsOf, intentFields, isoTime, outcomeSchema } from '../../core/outcome.ts';
import type { DeadLetter, DeadLetterPayload, HeldSet, Pause, StoreFigures } from '../../store/contract.ts';
import type { SourceActivity } from '../activity.ts';

const instant = z.iso.datetime();
const amount = z.int().nonnegative();
const identifier = z.strictObject({ userIdType: z.enum(userIdTypes), userId: z.string() });

/** An intent as the operator API shows it; the names are those of the outcome. Times are ISO 8601. */
const intentShape = {
  id: z.string(),
  ...intentFields,
  status: z.enum(intentStatuses),
  identifiers: z.array(identifier).describe('by preference'),
  dueAt: instant.nullable(),
  cap: amount.describe('the most intents that may share its next call'),
  seenUserId: z.string().nullable(),
  broughtBy: z.string().nullable().describe('the resign that brought this kick'),
  heldSet: z.string().nullable().describe('the set of held intents that it is, or was last, part of'),
};

export const intentReply = z.strictObject(intentShape).meta({ id: 'Intent' });
export const outcomeReply = outcomeSchema.meta({ id: 'Outcome' });
/** An outcome with what proves it, as two extension attributes of which it has at most one. */
export const trailEntryReply = outcomeSchema
  .extend({
    auditsalt: z
      .string()
      .optional()
      .describe('the salt of the digest of its personal part; absent in older ones'),
    auditdigest: z.string().optional().describe('that digest, once the personal part was erased'),
  })
  .meta({ id: 'TrailEntry' });
export const intentHistoryReply = z
  .strictObject({ ...intentShape, outcomes: z.array(outcomeReply) })
  .meta({ id: 'IntentHistory' });

export function intentView(intent: Intent): z.output<typeof intentReply> {
  return {
    id: intent.id,
    ...fieldsOf(intent),
    status: intent.status,
    identifiers: [...intent.identifiers],
    dueAt: isoTime(intent.dueAt),
    cap: intent.cap,
    seenUserId: intent.seenUserId,
    broughtBy: intent.broughtBy,
    heldSet: intent.heldSet ?? null,
  };
}

export const heldSetReply = z
  .strictObject({
    id: z.string(),
    source: z.string(),
    action: z.enum(actions),
    code: z.enum(failureCodes).describe('why they are held'),
    actor: z.string().nullable().describe('who asked for all of it; null = a machine'),
    day: z.iso.date().nullable().describe('the day to come that it is about, in UTC'),
    since: instant,
    waiting: amount.describe('how many still wait'),
    size: amount.describe('how many it ever had'),
    decision: intentFields.decisions.element.nullable().describe('what was decided about all of it'),
    sample: z.array(intentReply).describe('some of those that wait'),
  })
  .meta({ id: 'HeldSet' });

export function heldSetView({
  since,
  decision: decided,
  sample,
  ...set
}: HeldSet): z.output<typeof heldSetReply> {
  return {
    ...set,
    since: isoTime(since),
    decision: decided && { ...decided, at: isoTime(decided.at) },
    sample: sample.map(intentView),
  };
}

export const deadLetterReply = z
  .strictObject({
    id: z.string(),
    source: z.string(),
    eventId: z.string(),
    part: amount.describe('which part of the delivery'),
    receivedAt: instant,
    faults: z.array(z.string()),
    tries: amount,
    status: z.enum(['open', 'resolved']),
  })
  .meta({ id: 'DeadLetter' });

export function deadLetterView({ receivedAt, ...letter }: DeadLetter): z.output<typeof deadLetterReply> {
  const { id, source, eventId, part, faults, tries, status } = letter;
  return { id, source, eventId, part, receivedAt: isoTime(receivedAt), faults: [...faults], tries, status };
}

export const payloadReply = z
  .strictObject({
    method: z.string(),
    query: z.record(z.string(), z.string()),
    headers: z.record(z.string(), z.string()),
    body: z.string().describe('base64'),
    text: z.string().nullable().describe('the same in UTF-8; null = it is not text'),
    position: z.string().nullable(),
  })
  .meta({ id: 'DeadLetterPayload' });

export function payloadView(payload: DeadLetterPayload): z.output<typeof payloadReply> {
  const { method, query, headers, body, position } = payload;
  let text: string | null = null;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    // Bytes that are no text are shown as base64 only.
  }
  return {
    method,
    query: { ...query },
    headers: { ...headers },
    body: body.toString('base64'),
    text,
    position,
  };
}

export const pauseReply = z
  .strictObject({ scope: z.string(), by: z.string(), at: instant, reason: z.string().nullable() })
  .meta({ id: 'Pause' });

export function pauseView(pause: Pause): z.output<typeof pauseReply> {
  return { ...pause, at: isoTime(pause.at) };
}

export const figuresReply = z
  .strictObject({
    due: amount,
    scheduled: amount,
    held: amount,
    deadLetters: amount,
    oldestDueAt: instant.nullable(),
    headPosition: amount,
    unsequenced: amount,
    bytes: amount.describe('what the store takes on disk'),
    publishers: z.array(z.strictObject({ name: z.string(), position: amount, lag: amount })),
  })
  .meta({ id: 'Figures' });

export function figuresView({
  oldestDueAt,
  cursors,
  ...figures
}: StoreFigures): z.output<typeof figuresReply> {
  return {
    ...figures,
    oldestDueAt: isoTime(oldestDueAt),
    publishers: cursors.map(({ publisher, position }) => ({
      name: publisher,
      position,
      lag: figures.headPosition - position,
    })),
  };
}

export const sourceReply = z
  .strictObject({
    id: z.string(),
    lastDeliveryAt: instant.nullable().describe('the last genuine one, also before the last start'),
    knownSince: instant.describe('since when the bridge has listened to it'),
    receipts: z.record(z.string(), amount).describe('since the start of this process'),
    errorRate: z
      .number()
      .min(0)
      .max(1)
      .describe(
        'the share that was not genuine, not readable, refused or not kept, since the start of this process',
      ),
    expectEverySeconds: z.number().nullable().describe('after so long it counts as silent; null = never'),
    silent: z.boolean().nullable().describe('null = nothing is expected'),
    connected: z.boolean().nullable().describe('of a stream or a poll; null = it is bound to none'),
  })
  .meta({ id: 'Source' });

export function sourceView(
  { receipts, lastDeliveryAt, knownSince, expectEveryMs, ...activity }: SourceActivity,
  connected: boolean | null,
): z.output<typeof sourceReply> {
  return {
    ...activity,
    connected,
    receipts: { ...receipts },
    lastDeliveryAt: isoTime(lastDeliveryAt),
    knownSince: isoTime(knownSince),
    expectEverySeconds: expectEveryMs === null ? null : expectEveryMs / 1_000,
  };
}

const takenReply = z.strictObject({
  status: z.enum(['accepted', 'duplicate']),
  intents: z.array(z.string()),
});
const ignoredReply = z.strictObject({ status: z.literal('ignored') });
const unreadableReply = z.strictObject({
  status: z.literal('dead-letter'),
  id: z.string(),
  faults: z.array(z.string()),
});

/** What became of a request for an intent. */
export const receiptReply = z.union([takenReply, ignoredReply]);
/** What became of a dead letter that was read again. */
export const replayReply = z.union([takenReply, ignoredReply, unreadableReply]);

export function replayView(receipt: Receipt): z.output<typeof replayReply> {
  switch (receipt.kind) {
    case 'accepted':
    case 'duplicate':
      return { status: receipt.kind, intents: [...receipt.intents] };
    case 'dead-letter':
      return { status: receipt.kind, id: receipt.id, faults: [...receipt.faults] };
    case 'ignored':
      return { status: receipt.kind };
  }
}

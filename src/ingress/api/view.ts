import { z } from 'zod';
import { failureCodes } from '../../core/failure.ts';
import type { Receipt } from '../../core/handler.ts';
import { userIdTypes } from '../../core/identifier.ts';
import { actions, type Intent, identifierInTurn, intentStatuses } from '../../core/intent.ts';
import { outcomeSchema } from '../../core/outcome.ts';
import type { DeadLetter, DeadLetterPayload, HeldSet, Pause, StoreFigures } from '../../store/contract.ts';
import type { SourceActivity } from '../activity.ts';

const instant = z.iso.datetime();
const amount = z.int().nonnegative();
const failure = z.strictObject({ code: z.enum(failureCodes), message: z.string() });
const identifier = z.strictObject({ userIdType: z.enum(userIdTypes), userId: z.string() });

const decision = z.strictObject({
  by: z.string(),
  at: instant,
  verdict: z.enum(['approved', 'canceled']),
  reason: z.string().nullable(),
});

/** An intent as the operator API shows it; the names are those of the outcome. Times are ISO 8601. */
const intentShape = {
  id: z.string(),
  person: z.string().describe('opaque; the same for all intents of one person'),
  action: z.enum(actions),
  status: z.enum(intentStatuses),
  ...identifier.shape,
  identifiers: z.array(identifier).describe('by preference'),
  appIds: z.array(z.string()),
  source: z.string(),
  eventId: z.string(),
  subject: z.string().nullable().describe("the sender's own id of the person"),
  actor: z.string().nullable().describe('who the bridge authenticated'),
  requestedBy: z.string().nullable().describe('who the sender says asked'),
  reason: z.string().nullable(),
  decisions: z.array(decision),
  occurredAt: instant.nullable(),
  receivedAt: instant,
  effectiveAt: instant.nullable(),
  dueAt: instant.nullable(),
  settledAt: instant.nullable(),
  attempts: amount,
  cap: amount.describe('the most intents that may share its next call'),
  seenUserId: z.string().nullable(),
  answer: z
    .strictObject({
      statusCode: z.int().nullable(),
      apiCode: z.int().nullable(),
      requestId: z.string().nullable(),
      message: z.string().nullable(),
    })
    .nullable(),
  failure: failure.nullable(),
  retryOf: z.string().nullable(),
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

function iso(ms: number): string;
function iso(ms: number | null): string | null;
function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

export function intentView(intent: Intent): z.output<typeof intentReply> {
  return {
    id: intent.id,
    person: intent.person,
    action: intent.action,
    status: intent.status,
    ...identifierInTurn(intent),
    identifiers: [...intent.identifiers],
    appIds: [...intent.appIds],
    source: intent.source,
    eventId: intent.eventId,
    subject: intent.subject,
    actor: intent.actor,
    requestedBy: intent.requestedBy,
    reason: intent.reason,
    decisions: intent.decisions.map((one) => ({ ...one, at: iso(one.at) })),
    occurredAt: iso(intent.occurredAt),
    receivedAt: iso(intent.receivedAt),
    effectiveAt: iso(intent.effectiveAt),
    dueAt: iso(intent.dueAt),
    settledAt: iso(intent.settledAt),
    attempts: intent.attempts,
    cap: intent.cap,
    seenUserId: intent.seenUserId,
    answer: intent.answer,
    failure: intent.failure,
    retryOf: intent.retryOf,
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
    decision: decision.nullable().describe('what was decided about all of it'),
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
    since: iso(since),
    decision: decided && { ...decided, at: iso(decided.at) },
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
  return { id, source, eventId, part, receivedAt: iso(receivedAt), faults: [...faults], tries, status };
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
  return { ...pause, at: iso(pause.at) };
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
    oldestDueAt: iso(oldestDueAt),
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
    lastDeliveryAt: instant.nullable().describe('the last genuine one since the start'),
    receipts: z.record(z.string(), amount),
    errorRate: z.number().min(0).max(1),
    silent: z.boolean().nullable().describe('null = nothing is expected'),
  })
  .meta({ id: 'Source' });

export function sourceView(activity: SourceActivity): z.output<typeof sourceReply> {
  return {
    ...activity,
    receipts: { ...activity.receipts },
    lastDeliveryAt: iso(activity.lastDeliveryAt),
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

import { z } from 'zod';
import type { Failure } from './failure.ts';
import { failureCodes } from './failure.ts';
import { userIdTypes } from './identifier.ts';
import type { Intent, IntentStatus } from './intent.ts';
import { identifierInTurn, intentStatuses } from './intent.ts';

/** The version of the outcome's data; `dataschema` names it. */
export const outcomeSchemaId = 'urn:offboard-bridge:outcome:1';

const instant = z.iso.datetime();
const failure = z.object({ code: z.enum(failureCodes), message: z.string() });
const answer = z.object({
  statusCode: z.number().int().nullable(),
  apiCode: z.number().int().nullable(),
  requestId: z.string().nullable(),
  message: z.string().nullable(),
});
const link = {
  position: z.number().int().describe('its place in the trail, from 1, without gaps'),
  previousHash: z.string().describe('the hash of the outcome before it'),
};

/** What became of one intent. */
export const intentOutcomeData = z.object({
  intentId: z.string(),
  person: z.string().describe('opaque; the same for all intents of one person'),
  action: z.enum(['kick', 'resign', 'withdraw']),
  status: z.enum([...intentStatuses.filter((one) => one !== 'pending'), 'released'] as const),
  userIdType: z.enum(userIdTypes),
  userId: z.string(),
  appIds: z.array(z.string()),
  source: z.string(),
  eventId: z.string(),
  subject: z.string().nullable().describe("the sender's own id of the person"),
  actor: z.string().nullable().describe('who the bridge authenticated'),
  requestedBy: z.string().nullable().describe('who the sender says asked'),
  reason: z.string().nullable(),
  decisions: z.array(
    z.object({
      by: z.string(),
      at: instant,
      verdict: z.enum(['approved', 'canceled']),
      reason: z.string().nullable(),
    }),
  ),
  occurredAt: instant.nullable(),
  receivedAt: instant,
  effectiveAt: instant.nullable(),
  settledAt: instant.nullable(),
  attempts: z.number().int(),
  confirmed: z.boolean().nullable().describe('null = not checked'),
  dryRun: z.boolean(),
  answer: answer.nullable(),
  failure: failure.nullable(),
  retryOf: z.string().nullable(),
  mergedWith: z
    .string()
    .optional()
    .describe('the intent by which the bridge had resigned this user already; absent = there is none'),
  ...link,
});

/** What became of something that is no intent: a dead letter, a refused request, an operator's decision, a checkpoint. */
export const recordOutcomeData = z.object({
  source: z.string(),
  actor: z.string().nullable(),
  reason: z.string().nullable(),
  reference: z
    .string()
    .nullable()
    .describe(
      'the id of the dead letter or intent, the scope of a pause, or the last outcome that was pruned as `<position>:<hash>`',
    ),
  verdict: z.string().nullable(),
  ...link,
});

export const recordTypes = [
  'delivery.dead_lettered',
  'request.refused',
  'operator.decided',
  'audit.checkpoint',
] as const;

/** The published outcome: a CloudEvent 1.0 in JSON format. */
export const outcomeSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.string().optional(),
  time: instant,
  datacontenttype: z.literal('application/json'),
  dataschema: z.literal(outcomeSchemaId),
  traceparent: z
    .string()
    .optional()
    .describe('the trace that the event came in; an extension of CloudEvents for distributed tracing'),
  data: z.union([intentOutcomeData, recordOutcomeData]),
});
export type Outcome = z.output<typeof outcomeSchema>;

/** An outcome before it has its id and its place in the trail. */
export interface OutcomeDraft {
  readonly type: string;
  /** The source id, without the prefix of the CloudEvent's `source`. */
  readonly source: string;
  readonly subject: string | null;
  /** Epoch milliseconds. */
  readonly time: number;
  readonly traceparent?: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface IntentOutcomeFacts {
  readonly status: Exclude<IntentStatus, 'pending'> | 'released';
  readonly time: number;
  readonly confirmed?: boolean | null;
  readonly dryRun?: boolean;
  readonly failure?: Failure | null;
  /** The intent that did the work which this one found done. */
  readonly mergedWith?: string | null;
}

/** The outcome of an intent, from its row as it stands after the change. */
export function intentOutcome(intent: Intent, facts: IntentOutcomeFacts): OutcomeDraft {
  const { userIdType, userId } = identifierInTurn(intent);
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const data: Omit<z.output<typeof intentOutcomeData>, keyof typeof link> = {
    intentId: intent.id,
    person: intent.person,
    action: intent.action,
    status: facts.status,
    userIdType,
    userId,
    appIds: [...intent.appIds],
    source: intent.source,
    eventId: intent.eventId,
    subject: intent.subject,
    actor: intent.actor,
    requestedBy: intent.requestedBy,
    reason: intent.reason,
    decisions: intent.decisions.map((one) => ({ ...one, at: new Date(one.at).toISOString() })),
    occurredAt: iso(intent.occurredAt),
    receivedAt: new Date(intent.receivedAt).toISOString(),
    effectiveAt: iso(intent.effectiveAt),
    settledAt: iso(intent.settledAt),
    attempts: intent.attempts,
    confirmed: facts.confirmed ?? null,
    dryRun: facts.dryRun ?? false,
    answer: intent.answer,
    failure: facts.failure ?? null,
    retryOf: intent.retryOf,
    ...(facts.mergedWith ? { mergedWith: facts.mergedWith } : {}),
  };
  return {
    type: `user.${intent.action}.${facts.status}`,
    source: intent.source,
    subject: `${userIdType}:${userId}`,
    time: facts.time,
    ...(intent.traceparent ? { traceparent: intent.traceparent } : {}),
    data,
  };
}

export interface RecordFacts {
  readonly type: (typeof recordTypes)[number];
  readonly source: string;
  readonly time: number;
  readonly actor?: string | null;
  readonly reason?: string | null;
  readonly reference?: string | null;
  readonly verdict?: string | null;
}

/** The outcome of something that is no intent. */
export function recordOutcome(facts: RecordFacts): OutcomeDraft {
  const { type, source, time, actor = null, reason = null, reference = null, verdict = null } = facts;
  return { type, source, subject: null, time, data: { source, actor, reason, reference, verdict } };
}

/** The last outcome that was pruned. */
export interface Pruning {
  readonly position: number;
  readonly hash: string;
}

/** The checkpoint that pruning leaves: from it, the start of what is left can be proven. */
export function pruningOutcome({ position, hash }: Pruning, time: number): OutcomeDraft {
  const reference = `${position}:${hash}`;
  return recordOutcome({ type: 'audit.checkpoint', source: 'audit', time, reference, verdict: 'pruned' });
}

/** What a checkpoint says of pruning; `null` when the outcome is none that does. */
export function readPruning({ type, data }: Outcome): Pruning | null {
  if (type !== 'audit.checkpoint' || !('verdict' in data) || data.verdict !== 'pruned') return null;
  const [, position, hash] = /^(\d+):([0-9a-f]{64})$/.exec(data.reference ?? '') ?? [];
  return hash === undefined ? null : { position: Number(position), hash };
}

/** What the first outcome of a trail names as the hash before it. */
export const firstPreviousHash = '0'.repeat(64);

export interface Place {
  readonly id: string;
  readonly position: number;
  readonly previousHash: string;
}

/** Gives an outcome its id and its place; the result is what is published. */
export function placeOutcome(draft: OutcomeDraft, { id, position, previousHash }: Place): Outcome {
  return {
    specversion: '1.0',
    id,
    source: `/offboard-bridge/${draft.source}`,
    type: draft.type,
    ...(draft.subject === null ? {} : { subject: draft.subject }),
    time: new Date(draft.time).toISOString(),
    datacontenttype: 'application/json',
    dataschema: outcomeSchemaId,
    ...(draft.traceparent ? { traceparent: draft.traceparent } : {}),
    data: { ...draft.data, position, previousHash } as Outcome['data'],
  };
}

/** JSON with sorted keys: the same text for the same value. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

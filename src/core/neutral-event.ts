import { z } from 'zod';
import { listFaults } from './faults.ts';
import type { Identifier } from './identifier.ts';
import { identifierFault, tidyIdentifier, userIdTypes } from './identifier.ts';
import type { Action, IntentDraft } from './intent.ts';

const typeOf = { 'user.kick': 'kick', 'user.resign': 'resign', 'user.withdraw': 'withdraw' } as const;

/** The types of the neutral event; any other type is not our business. */
export const neutralEventTypes = Object.keys(typeOf) as (keyof typeof typeOf)[];

/** The most characters of each. */
const textLimits = { userId: 256, subject: 256, reason: 1_000, requestedBy: 256, appId: 128 };

const text = (max: number) => z.string().trim().min(1).max(max);
const instant = z.iso
  .datetime({
    offset: true,
    error: 'is not a time with a date and an offset, such as 2026-12-01T00:00:00+08:00',
  })
  .transform((value) => Date.parse(value))
  .refine(Number.isFinite, { error: 'is not a date that exists' });

const identifier = z
  .strictObject({ userIdType: z.enum(userIdTypes), userId: text(textLimits.userId) })
  .superRefine(checkIdentifier);

const data = z
  .strictObject({
    userIdType: z.enum(userIdTypes).optional(),
    userId: text(textLimits.userId).optional(),
    identifiers: z.array(identifier).min(1).max(20).optional(),
    subject: text(textLimits.subject).optional(),
    effectiveAt: instant.optional(),
    reason: text(textLimits.reason).optional(),
    requestedBy: text(textLimits.requestedBy).optional(),
    appIds: z.array(text(textLimits.appId)).min(1).max(1_000).optional(),
  })
  .superRefine(checkNaming, { when: ({ value }) => isMapping(value) });

/** The neutral event: what a sender that we may design sends. */
export const neutralEventSchema = z
  .strictObject({ type: z.enum(neutralEventTypes), timestamp: instant, data })
  .superRefine(
    (event, context) => {
      if (event.data.appIds !== undefined && event.type !== 'user.kick') {
        context.addIssue({ code: 'custom', path: ['data', 'appIds'], message: 'is for user.kick only' });
      }
    },
    { when: ({ value }) => isMapping(value) && 'data' in value && isMapping(value.data) },
  );

type Fields = z.output<typeof data>;
type Context = z.core.$RefinementCtx;

/** A person is named by a pair or by a list. This runs whatever else is wrong, so that every fault is told at once. */
function checkNaming(value: Fields, context: Context): void {
  const { userIdType, userId, identifiers } = value;
  const fault = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  const isPair = userIdType !== undefined || userId !== undefined;
  if (isPair && identifiers)
    fault('identifiers', 'give either identifiers or userIdType and userId, not both');
  if (userIdType === undefined && (isPair || !identifiers)) {
    fault('userIdType', `is required: one of ${userIdTypes.join(' ')}`);
  }
  if (isPair && userId === undefined) fault('userId', 'is required');
  const known = userIdTypes.find((one) => one === userIdType);
  if (known && typeof userId === 'string') checkIdentifier({ userIdType: known, userId }, context);
}

function checkIdentifier(one: Identifier, context: Context): void {
  const tidy = tidyIdentifier(one);
  const says = identifierFault(tidy.userIdType, tidy.userId);
  if (says) context.addIssue({ code: 'custom', path: ['userId'], message: `${one.userIdType} ${says}` });
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function identifiersOf({ userIdType, userId, identifiers }: Fields): readonly Identifier[] {
  return identifiers ?? [identifier.parse({ userIdType, userId })];
}

export type NeutralReading =
  | { readonly kind: 'intent'; readonly draft: IntentDraft }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

/** Reads a neutral event: an intent, another type of event, or everything that is wrong with it. */
export function readNeutralEvent(value: unknown): NeutralReading {
  const plain = readPlain(value);
  return plain ? { kind: 'intent', draft: plain } : readBySchema(value);
}

/**
 * Reads what most senders send, about somebody whom one pair names, without the schema: to ask that costs a tenth of all
 * that taking in a delivery does. `null` = the schema has to say. Both say the same of the same event, as a test holds.
 */
export function readPlain(value: unknown): IntentDraft | null {
  if (!isMapping(value)) return null;
  const { type, timestamp, data: facts, ...others } = value as Record<string, unknown>;
  if (!isNeutralType(type) || !isMapping(facts) || !isEmpty(others)) return null;
  const { userIdType, userId, subject, effectiveAt, reason, requestedBy, ...more } = facts as Record<
    string,
    unknown
  >;
  if (!isEmpty(more) || !isUserIdType(userIdType) || !isText(userId, textLimits.userId)) return null;
  const identifier = tidyIdentifier({ userIdType, userId });
  if (identifierFault(identifier.userIdType, identifier.userId)) return null;
  const occurredAt = readInstant(timestamp);
  const dueAt = effectiveAt === undefined ? undefined : readInstant(effectiveAt);
  if (occurredAt === null || dueAt === null) return null;
  if (!isTextIfAny(subject, textLimits.subject) || !isTextIfAny(reason, textLimits.reason)) return null;
  if (!isTextIfAny(requestedBy, textLimits.requestedBy)) return null;
  return {
    action: typeOf[type],
    identifiers: [identifier],
    subject,
    occurredAt,
    effectiveAt: dueAt,
    reason,
    requestedBy,
    appIds: undefined,
  };
}

function isNeutralType(type: unknown): type is keyof typeof typeOf {
  return typeof type === 'string' && Object.hasOwn(typeOf, type);
}

function isUserIdType(type: unknown): type is Identifier['userIdType'] {
  return (userIdTypes as readonly unknown[]).includes(type);
}

function isEmpty(mapping: object): boolean {
  for (const _ in mapping) return false;
  return true;
}

/** A text that is as it stays: the schema trims what is around it. */
function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= max && value.trim() === value;
}

function isTextIfAny(value: unknown, max: number): value is string | undefined {
  return value === undefined || isText(value, max);
}

const instantPattern = z.regexes.datetime({ offset: true });

function readInstant(value: unknown): number | null {
  if (typeof value !== 'string' || !instantPattern.test(value)) return null;
  const time = Date.parse(value);
  return Number.isFinite(time) ? time : null;
}

/** Reads a neutral event by its schema alone. */
export function readBySchema(value: unknown): NeutralReading {
  if (isForeign(value)) return { kind: 'foreign' };
  const parsed = neutralEventSchema.safeParse(value);
  if (!parsed.success) return { kind: 'faults', faults: listFaults(parsed.error) };
  const { type, timestamp, data: facts } = parsed.data;
  const action: Action = typeOf[type];
  const draft: IntentDraft = {
    action,
    identifiers: identifiersOf(facts).map(tidyIdentifier),
    subject: facts.subject,
    occurredAt: timestamp,
    effectiveAt: facts.effectiveAt,
    reason: facts.reason,
    requestedBy: facts.requestedBy,
    appIds: facts.appIds,
  };
  return { kind: 'intent', draft };
}

/** Another event's type is not our business; a missing one, is a fault. */
function isForeign(value: unknown): boolean {
  if (!isMapping(value) || !('type' in value)) return false;
  const { type } = value;
  return typeof type === 'string' && type !== '' && !(neutralEventTypes as string[]).includes(type);
}

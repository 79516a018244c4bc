import { z } from 'zod';
import { listFaults } from './faults.ts';
import type { Identifier } from './identifier.ts';
import { identifierFault, tidyIdentifier, userIdTypes } from './identifier.ts';
import type { Action, IntentDraft } from './intent.ts';

const typeOf = { 'user.kick': 'kick', 'user.resign': 'resign', 'user.withdraw': 'withdraw' } as const;

/** The types of the neutral event; any other type is not our business. */
export const neutralEventTypes = Object.keys(typeOf) as (keyof typeof typeOf)[];

const text = (max: number) => z.string().trim().min(1).max(max);
const instant = z.iso
  .datetime({
    offset: true,
    error: 'is not a time with a date and an offset, such as 2026-12-01T00:00:00+08:00',
  })
  .transform((value) => Date.parse(value))
  .refine(Number.isFinite, { error: 'is not a date that exists' });

const identifier = z
  .strictObject({ userIdType: z.enum(userIdTypes), userId: text(256) })
  .superRefine(checkIdentifier);

const data = z
  .strictObject({
    userIdType: z.enum(userIdTypes).optional(),
    userId: text(256).optional(),
    identifiers: z.array(identifier).min(1).max(20).optional(),
    subject: text(256).optional(),
    effectiveAt: instant.optional(),
    reason: text(1_000).optional(),
    requestedBy: text(256).optional(),
    appIds: z.array(text(128)).min(1).max(1_000).optional(),
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

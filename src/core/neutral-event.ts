import { z } from 'zod';
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

const identifier = z.strictObject({ userIdType: z.enum(userIdTypes), userId: text(256) });

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
  .superRefine((value, context) => {
    const pair = value.userIdType !== undefined || value.userId !== undefined;
    const fault = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (pair && value.identifiers)
      fault(['identifiers'], 'give either identifiers or userIdType and userId, not both');
    if (!pair && !value.identifiers) fault(['userIdType'], `is required: one of ${userIdTypes.join(' ')}`);
    if (pair && value.userIdType === undefined)
      fault(['userIdType'], `is required: one of ${userIdTypes.join(' ')}`);
    if (pair && value.userId === undefined) fault(['userId'], 'is required');
  });

/** The neutral event: what a sender that we may design sends. */
export const neutralEventSchema = z
  .strictObject({ type: z.enum(neutralEventTypes), timestamp: instant, data })
  .superRefine((event, context) => {
    if (event.data.appIds && event.type !== 'user.kick') {
      context.addIssue({ code: 'custom', path: ['data', 'appIds'], message: 'is for user.kick only' });
    }
    for (const [path, one] of identifiersOf(event.data)) {
      const tidy = tidyIdentifier(one);
      const says = identifierFault(tidy.userIdType, tidy.userId);
      if (says)
        context.addIssue({ code: 'custom', path: ['data', ...path], message: `${one.userIdType} ${says}` });
    }
  });

function identifiersOf(value: z.output<typeof data>): [PropertyKey[], Identifier][] {
  if (value.identifiers)
    return value.identifiers.map((one, index) => [['identifiers', index, 'userId'], one]);
  if (value.userIdType === undefined || value.userId === undefined) return [];
  return [[['userId'], { userIdType: value.userIdType, userId: value.userId }]];
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
    identifiers: identifiersOf(facts).map(([, one]) => tidyIdentifier(one)),
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
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  const { type } = value;
  return typeof type === 'string' && type !== '' && !(neutralEventTypes as string[]).includes(type);
}

/** Every fault of a zod error as `path: message`. */
export function listFaults(error: z.ZodError): string[] {
  return error.issues.map((issue) => `${formatPath(issue.path) || 'body'}: ${issue.message}`);
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (all, part) =>
      typeof part === 'number' ? `${all}[${part}]` : all ? `${all}.${String(part)}` : String(part),
    '',
  );
}

import { z } from 'zod';
import {
  type IntentDraft,
  identify,
  MalformedDelivery,
  readInstant,
  readLastDay,
  type UserIdType,
  userIdTypes,
} from '../../src/core/handler.ts';
import { type Expression, evaluate, expressionSetting } from './expression.ts';

/** What of a body means what. */
export const mapSetting = z.strictObject({
  type: expressionSetting.describe(
    'gives user.kick, user.resign or user.withdraw; anything else is no leaver',
  ),
  identifiers: z
    .partialRecord(z.enum(userIdTypes), expressionSetting)
    .describe('the expressions that give the values of identifyBy'),
  subject: expressionSetting.optional().describe("the sender's own stable id of the person"),
  eventId: expressionSetting
    .optional()
    .describe("the sender's id of the event, the same when it is repeated"),
  occurredAt: expressionSetting
    .optional()
    .describe('when it happened: a time with an offset, or unix seconds'),
  effectiveAt: expressionSetting
    .optional()
    .describe('when it takes effect: the same, or a date (needs timezone)'),
  reason: expressionSetting.optional().describe('free text'),
});

/** The settings that reading a body takes. */
interface Mapping {
  readonly map: z.output<typeof mapSetting>;
  readonly identifyBy: readonly UserIdType[];
  readonly externalIdPrefix: string;
  readonly timezone?: string | undefined;
  readonly dayEnds: string;
}

const actionOf = { 'user.kick': 'kick', 'user.resign': 'resign', 'user.withdraw': 'withdraw' } as const;

/** What a body becomes by the map: one intent, or none. @throws MalformedDelivery */
export function readBody(body: unknown, settings: Mapping): readonly IntentDraft[] {
  const { map } = settings;
  const type = evaluate('type', map.type, body);
  if (typeof type !== 'string' || !Object.hasOwn(actionOf, type)) return [];
  const text = (name: 'subject' | 'reason') => map[name] && readText(name, map[name], body);
  const offer = Object.fromEntries(
    Object.entries(map.identifiers).map(([name, one]) => [name, readText(`identifiers.${name}`, one, body)]),
  );
  return [
    {
      action: actionOf[type as keyof typeof actionOf],
      identifiers: identify(offer, settings),
      subject: text('subject'),
      occurredAt: readTime('occurredAt', body, settings),
      effectiveAt: readTime('effectiveAt', body, settings),
      reason: text('reason'),
    },
  ];
}

/** The text that an expression gives. @throws MalformedDelivery */
export function readText(name: string, expression: Expression, body: unknown): string | undefined {
  const value = evaluate(name, expression, body);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new MalformedDelivery(`map.${name}: gave neither text nor a number`);
}

function readTime(name: 'occurredAt' | 'effectiveAt', body: unknown, settings: Mapping): number | undefined {
  const expression = settings.map[name];
  const value = expression && evaluate(name, expression, body);
  if (value === undefined || value === null) return undefined;
  const { timezone, dayEnds } = settings;
  const isDate = name === 'effectiveAt' && timezone !== undefined;
  const at = readInstant(value) ?? (isDate ? readLastDay(value, { timezone, dayEnds }) : undefined);
  if (at === undefined) throw new MalformedDelivery(`map.${name}: gave no time that can be read`);
  return at;
}

import { z } from 'zod';
import {
  defineHandler,
  externalIdPrefixSetting,
  type IntentDraft,
  identify,
  identifyBySetting,
  isKnownToken,
  lastDaySettings,
  MalformedDelivery,
  parseJsonBody,
  readInstant,
  readLastDay,
  secretsSetting,
  signatureSchemeSetting,
  UnverifiedDelivery,
  userIdTypes,
  verifyScheme,
} from '../src/core/handler.ts';
import { type Expression, evaluate, expressionSetting } from './custom/expression.ts';

const tokenSetting = z.strictObject({
  header: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'is not the name of a header' })
    .transform((name) => name.toLowerCase())
    .default('authorization'),
  prefix: z.string().max(32).default('Bearer ').describe('what stands before the token in the header'),
});

const map = z.strictObject({
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

const example = z.strictObject({
  body: z.unknown().describe('a delivery, as JSON'),
  becomes: z
    .enum(['user.kick', 'user.resign', 'user.withdraw', 'nothing'])
    .describe('what it has to come to'),
});

const settings = z
  .object({
    secrets: secretsSetting,
    signature: signatureSchemeSetting.optional().describe('how the sender signs'),
    token: tokenSetting.optional().describe('where a sender that does not sign puts its static token'),
    identifyBy: identifyBySetting(userIdTypes),
    externalIdPrefix: externalIdPrefixSetting,
    timezone: lastDaySettings.timezone.optional(),
    dayEnds: lastDaySettings.dayEnds,
    map: map.describe('JSONata expressions over the body'),
    example: example.describe(
      'checked at start-up, so that a mistake in the map is found before a leaver is',
    ),
  })
  .superRefine(checkExample);
type Settings = z.output<typeof settings>;

const actionOf = { 'user.kick': 'kick', 'user.resign': 'resign', 'user.withdraw': 'withdraw' } as const;

/** Whatever can send JSON and either sign it with an HMAC or add a static token; its fields are mapped by JSONata. */
export const custom = defineHandler<Settings>({
  settings,
  // Of a sender that we know nothing of, where the map names no event id.
  retrySpanMs: 3 * 86_400_000,

  verify(delivery, { secrets, signature: scheme, token }, now) {
    if (scheme) verifyScheme(delivery, { scheme, secrets, now });
    const known = secrets.map((secret) => (token?.prefix ?? '') + secret);
    if (token && !isKnownToken(delivery.headers[token.header], known)) {
      throw new UnverifiedDelivery(`${token.header} is none of the secrets`);
    }
    if (!scheme && !token) throw new UnverifiedDelivery('the source has neither a signature nor a token');
  },

  eventId(delivery, { map }) {
    if (!map.eventId) return null;
    try {
      return readText('eventId', map.eventId, parseJsonBody(delivery)) ?? null;
    } catch {
      return null;
    }
  },

  normalize: (delivery, settings) => readBody(parseJsonBody(delivery), settings),
});

/** @throws MalformedDelivery */
function readBody(body: unknown, settings: Settings): readonly IntentDraft[] {
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

function readText(name: string, expression: Expression, body: unknown): string | undefined {
  const value = evaluate(name, expression, body);
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new MalformedDelivery(`map.${name}: gave neither text nor a number`);
}

function readTime(name: 'occurredAt' | 'effectiveAt', body: unknown, settings: Settings): number | undefined {
  const expression = settings.map[name];
  const value = expression && evaluate(name, expression, body);
  if (value === undefined || value === null) return undefined;
  const { timezone, dayEnds } = settings;
  const isDate = name === 'effectiveAt' && timezone !== undefined;
  const at = readInstant(value) ?? (isDate ? readLastDay(value, { timezone, dayEnds }) : undefined);
  if (at === undefined) throw new MalformedDelivery(`map.${name}: gave no time that can be read`);
  return at;
}

function checkExample(settings: Settings, context: z.core.$RefinementCtx): void {
  const fault = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: path.split('.'), message });
  if (!settings.signature === !settings.token)
    fault('signature', 'or token is required, and only one of them');
  for (const type of settings.identifyBy) {
    if (!settings.map.identifiers[type]) fault(`map.identifiers.${type}`, 'is required by identifyBy');
  }
  try {
    const [draft] = readBody(settings.example.body, settings);
    const became = draft ? `user.${draft.action}` : 'nothing';
    if (became !== settings.example.becomes)
      fault('example.becomes', `is not what it becomes, which is ${became}`);
  } catch (error) {
    fault(
      'example.body',
      `cannot be read: ${error instanceof MalformedDelivery ? error.message : 'unknown'}`,
    );
  }
}

import { z } from 'zod';
import {
  defineHandler,
  externalIdPrefixSetting,
  identifyBySetting,
  isKnownToken,
  lastDaySettings,
  MalformedDelivery,
  parseJsonBody,
  secretsSetting,
  signatureSchemeSetting,
  tokenSetting,
  UnverifiedDelivery,
  userIdTypes,
  verifyScheme,
} from '../src/core/handler.ts';
import { mapSetting, readBody, readText } from './custom/map.ts';

const example = z.strictObject({
  body: z.unknown().describe('a delivery, as JSON'),
  becomes: z
    .enum(['user.kick', 'user.resign', 'user.withdraw', 'nothing'])
    .describe('what it has to come to'),
});

const settings = z
  .object({
    secrets: secretsSetting.describe(
      'the signing keys, or the static tokens; several while one is exchanged',
    ),
    signature: signatureSchemeSetting.optional().describe('how the sender signs'),
    token: tokenSetting.optional().describe('where a sender that does not sign puts its static token'),
    identifyBy: identifyBySetting(userIdTypes),
    externalIdPrefix: externalIdPrefixSetting,
    timezone: lastDaySettings.timezone.optional(),
    dayEnds: lastDaySettings.dayEnds,
    map: mapSetting.describe('JSONata expressions over the body'),
    example: example.describe(
      'checked at start-up, so that a mistake in the map is found before a leaver is',
    ),
  })
  .superRefine(checkExample);
type Settings = z.output<typeof settings>;

/** Whatever can send JSON and either sign it with an HMAC or add a static token; its fields are mapped by JSONata. */
export const custom = defineHandler<Settings>({
  settings,
  // Of a sender that we know nothing of, where the map names no event id.
  retrySpanMs: 3 * 86_400_000,

  secretHeader: ({ token }) => token?.header ?? null,

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

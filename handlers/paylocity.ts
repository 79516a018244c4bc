import { z } from 'zod';
import {
  checkTenant,
  defineHandler,
  headerSetting,
  hrSettings,
  identify,
  idShape,
  isKnownToken,
  lastDayAt,
  lastDaySettings,
  parseJsonBody,
  readShape,
  secretsSetting,
  UnverifiedDelivery,
} from '../src/core/handler.ts';

const fieldName = z.string().min(1).max(128);

const settings = z.object({
  ...hrSettings(['external_id', 'email']),
  secrets: secretsSetting.describe(
    'user:password of Basic authentication, or the values of the custom header',
  ),
  header: headerSetting
    .nullable()
    .default(null)
    .describe('the custom header that Paylocity was asked to send; null = Basic authentication'),
  fields: z
    .strictObject({
      email: fieldName.default('employeeWorkEMailAddress').describe('the field with the work address'),
      terminationDate: fieldName.default('employeeTerminationDate').describe('the field with the last day'),
    })
    .prefault({})
    .describe("the names of fields, where your account's differ"),
  ...lastDaySettings,
});
type Settings = z.output<typeof settings>;

const idsShape = z.object({ companyId: idShape.nullish(), employeeId: idShape.nullish() });
const textShape = z.string().nullish();
/** What the Employee Change webhook posts; a termination has names, cost centers and more beside them. */
const idsOnly = ['companyId', 'employeeId'];

/**
 * Paylocity's classic Termination webhook. It is not signed; Paylocity can be asked for Basic authentication or a
 * header. Source: developer.paylocity.com/integrations/reference/termination-webhooks and /webhooks-overview. The names
 * of the work email and the date are as a customer's document shows them, hence settings; both may be missing, and
 * without a date the webhook's own day counts.
 */
export const paylocity = defineHandler<Settings>({
  settings,
  // No event id, and no retries are documented; one edit may send several, and an administrator can send again.
  retrySpanMs: 86_400_000,

  secretHeader: headerOf,

  verify({ headers }, settings) {
    const { secrets, header } = settings;
    const basic = secrets.map((pair) => `Basic ${Buffer.from(pair).toString('base64')}`);
    const known = header === null ? basic : secrets;
    if (!isKnownToken(headers[headerOf(settings)], known)) {
      throw new UnverifiedDelivery(`${headerOf(settings)} is none of the secrets`);
    }
  },

  normalize(delivery, settings) {
    const body = parseJsonBody(delivery);
    const { companyId, employeeId } = readShape(idsShape, body);
    checkTenant(companyId, settings.tenant, 'companyId');
    const names = Object.keys(Object(body));
    if (names.length > 0 && names.every((name) => idsOnly.includes(name))) return [];
    const { email: emailField, terminationDate: dateField } = settings.fields;
    const texts = readShape(z.object({ [emailField]: textShape, [dateField]: textShape }), body);
    const email = texts[emailField];
    const effectiveAt = lastDayAt(dateField, texts[dateField], settings);
    const identifiers = identify({ external_id: employeeId, email }, settings);
    return [{ action: 'resign', identifiers, subject: employeeId ?? email?.toLowerCase(), effectiveAt }];
  },
});

function headerOf({ header }: Settings): string {
  return header ?? 'authorization';
}

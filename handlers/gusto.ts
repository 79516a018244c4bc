import { z } from 'zod';
import {
  checkTenant,
  type Delivery,
  defineHandler,
  externalIdPrefixSetting,
  hasValidHmac,
  type IntentDraft,
  identify,
  identifyBySetting,
  idShape,
  MalformedDelivery,
  parseJsonBody,
  readInstant,
  readShape,
  tenantSetting,
  UnverifiedDelivery,
} from '../src/core/handler.ts';

const settings = z.object({
  secrets: z
    .array(z.string().min(16))
    .max(10)
    .describe('the verification tokens of the subscriptions; empty until Gusto has sent the first'),
  identifyBy: identifyBySetting(['external_id']),
  externalIdPrefix: externalIdPrefixSetting,
  tenant: tenantSetting,
});
type Settings = z.output<typeof settings>;

const setupShape = z.strictObject({ verification_token: z.string().min(16) });
const eventShape = z.object({
  uuid: idShape,
  event_type: z.string(),
  resource_uuid: idShape.nullish(),
  entity_uuid: idShape.nullish(),
  timestamp: z.unknown().optional(),
});

type Verdict = Pick<IntentDraft, 'action' | 'hold'>;

const rehireCancelled: Verdict = {
  action: 'resign',
  hold: {
    code: 'status_unknown',
    message: 'Gusto says that a rehire was called off, not whether the person is still there',
  },
};
/**
 * `employee.terminated` is sent when the termination is entered, and does not say for when. The effective one goes by
 * two names in Gusto's own pages.
 */
const verdicts: ReadonlyMap<string, Verdict> = new Map([
  ['employee.termination_effective', { action: 'resign' }],
  ['employee.terminated_effective', { action: 'resign' }],
  ['contractor.deactivated', { action: 'resign' }],
  ['employee.termination_cancelled', { action: 'withdraw' }],
  ['employee.rehired', { action: 'withdraw' }],
  ['employee.rehire_effective', { action: 'withdraw' }],
  ['contractor.reactivated', { action: 'withdraw' }],
  ['employee.rehire_cancelled', rehireCancelled],
]);

/**
 * Gusto's webhooks. Source: docs.gusto.com/app-integrations/docs/webhooks and /docs/employee-events,
 * docs.gusto.com/embedded-payroll/docs/webhooks. That the signature is hexadecimal is second hand; its header is
 * spelled in two ways, of which only the one with hyphens gets through proxies.
 */
export const gusto = defineHandler<Settings>({
  settings,

  verify(delivery, { secrets }) {
    if (secrets.length === 0 && readSetupToken(delivery) !== null) return;
    const { headers, body } = delivery;
    const signature = headers['x-gusto-signature'] ?? headers.x_gusto_signature ?? '';
    const given = [Buffer.from(signature, 'hex')];
    if (!hasValidHmac({ algorithm: 'sha256', secrets, signed: [body], given })) {
      throw new UnverifiedDelivery('x-gusto-signature was made with none of the secrets');
    }
  },

  eventId: (delivery) => readQuietly(eventShape, delivery)?.uuid ?? null,

  normalize(delivery, settings) {
    if (readSetupToken(delivery) !== null) {
      if (settings.secrets.length > 0) return [];
      throw new MalformedDelivery('verification_token: put it into secrets, and confirm it at Gusto');
    }
    const event = readShape(eventShape, parseJsonBody(delivery));
    checkTenant(event.resource_uuid, settings.tenant, 'resource_uuid');
    const verdict = verdicts.get(event.event_type);
    if (!verdict) return [];
    const { entity_uuid: id, timestamp } = event;
    const identifiers = identify({ external_id: id }, settings);
    return [{ ...verdict, identifiers, subject: id ?? undefined, occurredAt: readInstant(timestamp) }];
  },
});

/**
 * The token with which Gusto begins a subscription, unsigned. While there are no secrets it becomes a dead letter,
 * where an operator can read it; it is never a key before a person has made it one.
 */
function readSetupToken(delivery: Delivery): string | null {
  return readQuietly(setupShape, delivery)?.verification_token ?? null;
}

function readQuietly<Output>(shape: z.ZodType<Output>, delivery: Delivery): Output | null {
  try {
    return readShape(shape, parseJsonBody(delivery));
  } catch {
    return null;
  }
}

import { z } from 'zod';
import {
  checkTenant,
  type Delivery,
  defineHandler,
  heldResign,
  idShape,
  isKnownToken,
  nameById,
  parseJsonBody,
  readShape,
  UnverifiedDelivery,
  type Verdict,
} from '../src/core/handler.ts';
import { lookUp } from './rippling/lookup.ts';
import { type Settings, settings } from './rippling/settings.ts';

/** `company_primary_email` is an administrator's, and so is not read. */
const eventShape = z.object({ event_name: z.string(), id: idShape, company_id: idShape.nullish() });

const accessRemoved = heldResign(
  'record_deleted',
  'Rippling says that the access to its app was removed, not that the person left',
);
const verdicts = new Map<string, Verdict>([
  ['employee.terminated', { action: 'resign' }],
  ['employee.deleted', accessRemoved],
  ['employee.hired', { action: 'withdraw' }],
]);

/**
 * Rippling's webhooks for apps of its App Shop. Source: github.com/Rippling/OpenAPIDocs,
 * docs/Getting-Started/h-Webhooks.md (2021). They are not signed; that the static token comes as `Bearer` is second
 * hand, and so a setting. Nor is there a timestamp: events of one person count in the order in which they arrive.
 */
export const rippling = defineHandler<Settings>({
  settings,
  // No event id, and no retries are documented.
  retrySpanMs: 86_400_000,

  secretHeader: ({ token }) => token.header,

  verify({ headers }, { secrets, token: { header, prefix } }) {
    const known = secrets.map((secret) => prefix + secret);
    if (!isKnownToken(headers[header], known)) {
      throw new UnverifiedDelivery(`${header} is none of the secrets`);
    }
  },

  normalize(delivery, settings) {
    const event = readShape(eventShape, readBody(delivery));
    const verdict = verdicts.get(event.event_name);
    if (!verdict) return [];
    checkTenant(event.company_id, settings.tenant, 'company_id');
    return [{ ...verdict, ...nameById(event.id, settings) }];
  },

  lookup: lookUp,
});

/** A form, as documented, or the JSON that says the same. The content type is not asked: nobody vouches for it. */
function readBody(delivery: Delivery): unknown {
  const text = delivery.body.toString();
  if (!text.includes('=') || text.trimStart().startsWith('{')) return parseJsonBody(delivery);
  return Object.fromEntries(new URLSearchParams(text));
}

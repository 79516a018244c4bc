import { z } from 'zod';
import {
  checkTenant,
  defineHandler,
  heldResign,
  idShape,
  MalformedDelivery,
  nameById,
  nameDeleted,
  parseJsonBody,
  readInstant,
  readShape,
  type Verdict,
  verifyScheme,
} from '../src/core/handler.ts';
import { lookUp } from './personio/lookup.ts';
import { type Settings, settings } from './personio/settings.ts';

/** Personio's own schema of every webhook. */
const eventShape = z.object({
  company_id: idShape,
  occurred_at: z.string(),
  payload: z.record(z.string(), z.unknown()),
  event_name: z.string(),
});

const likelyPlaces = ['person_id', 'person.id', 'employee_id', 'id'];

const recordDeleted = heldResign(
  'record_deleted',
  'Personio says that the record was deleted, not that the person left',
);
const verdicts = new Map<string, Verdict>([
  ['employment.terminated', { action: 'resign' }],
  ['employment.deleted', recordDeleted],
  ['person.deleted', recordDeleted],
  ['employment.started', { action: 'withdraw' }],
  ['employment.created', { action: 'withdraw' }],
]);

/**
 * Personio's webhooks. Source: developer.personio.de/v2.0/reference/webhooks. `employment.terminated` is sent on the
 * date itself. That they are signed with an HMAC over a timestamp and the body is second hand, and neither the headers
 * nor the names inside `payload` were found: both are settings, with a guess for a default.
 */
export const personio = defineHandler<Settings>({
  settings,
  // There is no event id. At most six attempts; within three days by one page, six by another.
  retrySpanMs: 6 * 86_400_000,

  verify: (delivery, { secrets, signature: scheme }, now) => verifyScheme(delivery, { scheme, secrets, now }),

  normalize(delivery, settings) {
    const event = readShape(eventShape, parseJsonBody(delivery));
    checkTenant(event.company_id, settings.tenant, 'company_id');
    const verdict = verdicts.get(event.event_name);
    if (!verdict) return [];
    const name = verdict.hold ? nameDeleted : nameById;
    const named = name(findId(event, settings.personId), settings);
    return [{ ...verdict, ...named, occurredAt: readInstant(event.occurred_at) }];
  },

  lookup: lookUp,
});

/** An employment has an id of its own, which is not the person's. */
function findId({ event_name: name, payload }: z.output<typeof eventShape>, place: string | null): string {
  const places = likelyPlaces.filter((one) => one !== 'id' || name.startsWith('person.'));
  for (const path of place === null ? places : [place]) {
    const id = idShape.safeParse(path.split('.').reduce<unknown>(readKey, payload));
    if (id.success) return id.data;
  }
  throw new MalformedDelivery(`payload: has no id of a person; set personId to where it is`);
}

function readKey(tree: unknown, key: string): unknown {
  return Object.entries(Object(tree)).find(([name]) => name === key)?.[1];
}

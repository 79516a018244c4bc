import { z } from 'zod';
import {
  basicLookup,
  checkLookup,
  checkTenant,
  defineHandler,
  heldResign,
  hrSettings,
  identify,
  idShape,
  lookupDaySettings,
  MalformedDelivery,
  nameById,
  parseJsonBody,
  readInstant,
  readShape,
  readStatus,
  signatureSchemeSetting,
  type Verdict,
  verifyScheme,
} from '../src/core/handler.ts';

const settings = z
  .object({
    ...hrSettings(['external_id', 'email']),
    signature: signatureSchemeSetting
      .prefault({
        header: 'personio-signature',
        signed: '{timestamp}.{body}',
        timestampHeader: 'personio-timestamp',
      })
      .describe("how Personio signs; compare it with the page on webhooks in your account's documentation"),
    personId: z
      .string()
      .regex(/^\w+(\.\w+)*$/, { error: 'is not a path such as person.id' })
      .nullable()
      .default(null)
      .describe("where in the payload the person's id is; null = the likely places"),
    lookup: basicLookup('https://api.personio.de')
      .optional()
      .describe('the API credentials: client id as username, client secret as password'),
    ...lookupDaySettings,
  })
  .superRefine(checkLookup);
type Settings = z.output<typeof settings>;

/** Personio's own schema of every webhook. */
const eventShape = z.object({
  company_id: idShape,
  occurred_at: z.string(),
  payload: z.record(z.string(), z.unknown()),
  event_name: z.string(),
});

const tokenShape = z.object({ access_token: z.string().min(1) });
const personShape = z.object({ email: z.string().nullish() });
const employmentsShape = z.object({
  _data: z.array(
    z.object({
      status: z.string(),
      employment_end_date: z.string().nullish(),
      termination: z.object({ terminated_at: z.string().nullish() }).nullish(),
    }),
  ),
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
    const named = nameById(findId(event, settings.personId), settings);
    return [{ ...verdict, ...named, occurredAt: readInstant(event.occurred_at) }];
  },

  async lookup(id, settings, http) {
    const { baseUrl = '', username = '', password = '' } = settings.lookup ?? {};
    const form = { grant_type: 'client_credentials', client_id: username, client_secret: password };
    const { access_token: token } = readShape(
      tokenShape,
      await http({ baseUrl, path: ['v2', 'auth', 'token'], form }),
    );
    const headers = { authorization: `Bearer ${token}` };
    const path = ['v2', 'persons', id];
    const { email } = readShape(personShape, await http({ baseUrl, path, headers }));
    const answer = await http({ baseUrl, path: [...path, 'employments'], headers });
    const current = readShape(employmentsShape, answer)._data.filter(({ status }) => status !== 'INACTIVE');
    const days = current.map((one) => one.employment_end_date ?? one.termination?.terminated_at);
    // Whoever has another employment without an end stays.
    const lastDay = days.some((day) => !day) ? null : days.toSorted().at(-1);
    return readStatus(
      {
        isGone: current.length === 0,
        lastDay,
        identify: () => identify({ external_id: id, email }, settings),
      },
      settings,
    );
  },
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

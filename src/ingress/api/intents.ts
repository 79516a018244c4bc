import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Delivery, MalformedDelivery } from '../../core/handler.ts';
import { type IntentStatus, intentStatuses } from '../../core/intent.ts';
import type { Log } from '../../core/log.ts';
import { neutralEventSchema } from '../../core/neutral-event.ts';
import type { Store } from '../../store/contract.ts';
import type { DecisionResult, Decisions } from '../decisions.ts';
import { readDelivery } from '../http.ts';
import type { Taken } from '../intake.ts';
import { busyProblem, HttpProblem } from '../problem.ts';
import { digestOf, type Part, readParts } from '../reading.ts';
import type { Receiver } from '../receive.ts';
import { readPerson } from './people.ts';
import {
  type Answer,
  type Call,
  cursorSchema,
  defineRoute,
  idOf,
  limitSchema,
  nextSchema,
  nothing,
  type Route,
  reasonSchema,
} from './route.ts';
import { apiSource } from './source.ts';
import { intentHistoryReply, intentReply, intentView, receiptReply } from './view.ts';

export interface IntentRoutesOptions {
  readonly store: Pick<Store, 'listIntents' | 'findIntent'>;
  readonly receiver: Pick<Receiver, 'request'>;
  readonly decisions: Decisions;
  readonly log: Log;
}

/** The words of the filter: each status, and one for all that is over. */
const statusesOf = new Map<string, readonly IntentStatus[]>([
  ...intentStatuses.map((status) => [status, [status]] as const),
  ['settled', ['succeeded', 'failed', 'canceled', 'simulated']],
]);

const listQuery = z.strictObject({
  status: z
    .string()
    .transform((text) => text.split(','))
    .refine((words) => words.every((word) => statusesOf.has(word)), {
      error: `is not one of ${[...statusesOf.keys()].join(' ')}`,
    })
    .transform((words) => words.flatMap((word) => statusesOf.get(word) ?? []))
    .optional()
    .describe(`one or several with commas between them: ${[...statusesOf.keys()].join(' ')}`),
  person: z
    .string()
    .min(1)
    .max(300)
    .transform((given) => readPerson(given).person)
    .optional()
    .describe('the key of a person, or any identifier as `<userIdType>:<userId>`'),
  source: z.string().min(1).max(128).optional(),
  set: z.string().min(1).max(128).optional().describe('the id of a set of held intents'),
  cursor: cursorSchema,
  limit: limitSchema,
});

const reasonBody = z.strictObject({ reason: reasonSchema.nullable().default(null) });

const askHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x20-\x7e]{1,200}$/, 'is not 1 to 200 characters of ASCII')
    .optional()
    .describe('the same key with the same body is the same request, for each token'),
});

/** Asking for intents, looking at them, and deciding about them. */
export function intentRoutes(options: IntentRoutesOptions): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/intents',
      role: 'operator',
      summary: 'Ask for a kick, a resign or a withdraw; a resign waits for the approval of another person',
      headers: askHeaders,
      ownBody: neutralEventSchema.meta({ id: 'NeutralEvent' }),
      status: 202,
      reply: receiptReply,
      problems: [422],
      answer: (call) => ask(call, call.headers['idempotency-key'] ?? null, options),
    }),
    defineRoute({
      method: 'get',
      path: '/intents',
      role: 'viewer',
      summary: 'Intents, newest first',
      query: listQuery,
      status: 200,
      reply: z.strictObject({ intents: z.array(intentReply), next: nextSchema }),
      async answer({ query: { status = null, person = null, source = null, set = null, ...page } }) {
        const { items, next } = await options.store.listIntents({
          statuses: status,
          person,
          source,
          heldSet: set,
          ...page,
        });
        return { status: 200, body: { intents: items.map(intentView), next } };
      },
    }),
    ...oneIntentRoutes(options),
  ];
}

function oneIntentRoutes({ store, decisions }: IntentRoutesOptions): readonly Route[] {
  async function show(id: string): Promise<Answer<z.output<typeof intentHistoryReply>>> {
    const found = await store.findIntent(id);
    if (!found) throw decisionProblem({ kind: 'not-found' });
    return { status: 200, body: { ...intentView(found.intent), outcomes: [...found.outcomes] } };
  }

  const decide = (verb: 'approve' | 'cancel', { role, summary }: Pick<Route, 'role' | 'summary'>) =>
    defineRoute({
      method: 'post',
      path: `/intents/:id/${verb}`,
      role,
      summary,
      body: reasonBody,
      status: 200,
      reply: intentHistoryReply,
      problems: [404, 409],
      async answer(call) {
        const decider = { actor: call.principal.actor, reason: call.body.reason };
        const result = await decisions[verb](idOf(call), decider);
        if (result.kind !== 'done') throw decisionProblem(result);
        return show(idOf(call));
      },
    });

  return [
    defineRoute({
      method: 'get',
      path: '/intents/:id',
      role: 'viewer',
      summary: 'One intent with its whole history',
      status: 200,
      reply: intentHistoryReply,
      problems: [404],
      answer: (call) => show(idOf(call)),
    }),
    decide('approve', {
      role: 'approver',
      summary: 'Release what is held; nobody approves what they asked for',
    }),
    decide('cancel', { role: 'operator', summary: 'Cancel what is held, scheduled, or not begun' }),
    defineRoute({
      method: 'post',
      path: '/intents/:id/retry',
      role: 'operator',
      summary: 'Ask again for what failed, was canceled or was simulated: a new intent',
      body: nothing,
      status: 202,
      reply: receiptReply,
      problems: [404, 409],
      async answer(call) {
        const request = {
          actor: call.principal.actor,
          delivery: readDelivery(call.request, call.request.body),
        };
        const result = await decisions.retry(idOf(call), request);
        if (result.kind === 'receipt' || result.kind === 'busy') return answerTo(result);
        throw decisionProblem(result);
      },
    }),
  ];
}

/**
 * Takes a neutral event from a person. A body that cannot be read leaves its idempotency key free: put right and sent
 * again, it takes the place of its dead letter.
 */
async function ask(
  { request, principal }: Pick<Call, 'request' | 'principal'>,
  key: string | null,
  { receiver, log }: IntentRoutesOptions,
): Promise<Answer<z.output<typeof receiptReply>>> {
  const delivery = readDelivery(request, request.body);
  const parts = readParts(apiSource, delivery, log);
  const scope = encodeURIComponent(principal.name);
  const taken = await receiver.request({
    source: apiSource.id,
    eventId: key === null ? keylessId(scope, delivery, parts) : `key:${scope}:${key}`,
    actor: principal.actor,
    parts,
    delivery,
  });
  if (taken.kind === 'receipt' && !taken.sameContent)
    throw new HttpProblem(422, { detail: 'this Idempotency-Key was used for another body' });
  return answerTo(taken);
}

/** Without a key every request is a new one; but a script that repeats its mistake makes one dead letter, not many. */
function keylessId(scope: string, { body }: Delivery, parts: readonly Part[]): string {
  const isReadable = !parts.some((part) => part instanceof MalformedDelivery);
  return isReadable ? `request:${randomUUID()}` : `unreadable:${scope}:${digestOf(body)}`;
}

function answerTo(taken: Taken): Answer<z.output<typeof receiptReply>> {
  if (taken.kind === 'busy') throw new HttpProblem(503, busyProblem);
  const { receipt } = taken;
  switch (receipt.kind) {
    case 'accepted':
    case 'duplicate': {
      const { kind: status, intents } = receipt;
      const body = { status, intents: [...intents] };
      return { status: 202, body, headers: { location: `/v1/intents/${intents[0]}` } };
    }
    case 'dead-letter': {
      const { id, faults } = receipt;
      throw new HttpProblem(400, { detail: faults.join('; '), members: { faults, deadLetter: id } });
    }
    case 'ignored':
      return { status: 202, body: { status: receipt.kind } };
  }
}

/** How a decision that was not taken is answered. @param what it was about */
export function decisionProblem(
  result: Exclude<DecisionResult, { kind: 'done' }>,
  what = 'intent',
): HttpProblem {
  switch (result.kind) {
    case 'not-found':
      return new HttpProblem(404, { detail: `there is no such ${what}` });
    case 'wrong-state':
      return new HttpProblem(409, { detail: result.why });
    case 'own-request':
      return new HttpProblem(403, { detail: 'nobody approves what they asked for' });
  }
}

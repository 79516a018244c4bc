import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Delivery, MalformedDelivery } from '../../core/handler.ts';
import { type IntentStatus, intentStatuses } from '../../core/intent.ts';
import type { Log } from '../../core/log.ts';
import type { Store } from '../../store/contract.ts';
import type { DecisionResult, Decisions } from '../decisions.ts';
import { readDelivery } from '../http.ts';
import type { Taken } from '../intake.ts';
import { busyProblem, HttpProblem } from '../problem.ts';
import { digestOf, type Part, readParts } from '../reading.ts';
import type { Receiver } from '../receive.ts';
import {
  type Answer,
  type Call,
  cursorSchema,
  idOf,
  limitSchema,
  type Route,
  readJson,
  readQuery,
  reasonSchema,
} from './route.ts';
import { apiSource } from './source.ts';
import { intentView } from './view.ts';

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
  /** Several with commas between them. */
  status: z
    .string()
    .transform((text) => text.split(','))
    .refine((words) => words.every((word) => statusesOf.has(word)), {
      error: `is not one of ${[...statusesOf.keys()].join(' ')}`,
    })
    .transform((words) => words.flatMap((word) => statusesOf.get(word) ?? []))
    .optional(),
  person: z.string().min(1).max(64).optional(),
  source: z.string().min(1).max(128).optional(),
  cursor: cursorSchema,
  limit: limitSchema,
});

const reasonBody = z.strictObject({ reason: reasonSchema.nullable().default(null) });

/** Asking for intents, looking at them, and deciding about them. */
export function intentRoutes(options: IntentRoutesOptions): readonly Route[] {
  const { store, decisions } = options;

  async function show(id: string): Promise<Answer> {
    const found = await store.findIntent(id);
    if (!found) throw new HttpProblem(404);
    return { status: 200, body: { ...intentView(found.intent), outcomes: found.outcomes } };
  }

  const decide = (verb: 'approve' | 'cancel') => async (call: Call) => {
    const { reason } = readJson(call, reasonBody);
    const result = await decisions[verb](idOf(call), { actor: call.principal.actor, reason });
    if (result.kind !== 'done') throw problemOf(result);
    return show(idOf(call));
  };

  return [
    { method: 'post', path: '/intents', role: 'operator', answer: (call) => ask(call, options) },
    {
      method: 'get',
      path: '/intents',
      role: 'viewer',
      async answer(call) {
        const { status = null, person = null, source = null, ...page } = readQuery(call, listQuery);
        const { items, next } = await store.listIntents({ statuses: status, person, source, ...page });
        return { status: 200, body: { intents: items.map(intentView), next } };
      },
    },
    { method: 'get', path: '/intents/:id', role: 'viewer', answer: (call) => show(idOf(call)) },
    { method: 'post', path: '/intents/:id/approve', role: 'approver', answer: decide('approve') },
    { method: 'post', path: '/intents/:id/cancel', role: 'operator', answer: decide('cancel') },
    {
      method: 'post',
      path: '/intents/:id/retry',
      role: 'operator',
      async answer(call) {
        readJson(call, z.strictObject({}));
        const request = { actor: call.principal.actor, delivery: readDelivery(call.request) };
        const result = await decisions.retry(idOf(call), request);
        if (result.kind === 'receipt' || result.kind === 'busy') return answerTo(result);
        throw problemOf(result);
      },
    },
  ];
}

/**
 * Takes a neutral event from a person. A body that cannot be read leaves its idempotency key free: put right and sent
 * again, it takes the place of its dead letter.
 */
async function ask({ request, principal }: Call, { receiver, log }: IntentRoutesOptions): Promise<Answer> {
  const key = request.get('idempotency-key') ?? null;
  if (key !== null && !/^[\x20-\x7e]{1,200}$/.test(key))
    throw new HttpProblem(400, { detail: 'Idempotency-Key: is not 1 to 200 characters of ASCII' });
  const delivery = readDelivery(request);
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

function answerTo(taken: Taken): Answer {
  if (taken.kind === 'busy') throw new HttpProblem(503, busyProblem);
  const { receipt } = taken;
  switch (receipt.kind) {
    case 'accepted':
    case 'duplicate': {
      const { kind: status, intents } = receipt;
      return { status: 202, body: { status, intents }, headers: { location: `/v1/intents/${intents[0]}` } };
    }
    case 'dead-letter': {
      const { id, faults } = receipt;
      throw new HttpProblem(400, { detail: faults.join('; '), members: { faults, deadLetter: id } });
    }
    case 'ignored':
      return { status: 202, body: { status: receipt.kind } };
  }
}

function problemOf(result: Exclude<DecisionResult, { kind: 'done' }>): HttpProblem {
  switch (result.kind) {
    case 'not-found':
      return new HttpProblem(404);
    case 'wrong-state':
      return new HttpProblem(409, { detail: result.why });
    case 'own-request':
      return new HttpProblem(403, { detail: 'nobody approves what they asked for' });
  }
}

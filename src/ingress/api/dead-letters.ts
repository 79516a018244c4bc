import { z } from 'zod';
import { type RecordFacts, recordOutcome } from '../../core/outcome.ts';
import type { DeadLetter, DeadLetterPayload, Store } from '../../store/contract.ts';
import { busyProblem, HttpProblem } from '../problem.ts';
import type { Receiver } from '../receive.ts';
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
} from './route.ts';
import {
  deadLetterReply,
  deadLetterView,
  payloadReply,
  payloadView,
  replayReply,
  replayView,
} from './view.ts';

export interface DeadLetterRoutesOptions {
  readonly store: Pick<Store, 'listDeadLetters' | 'findDeadLetter' | 'record'>;
  readonly receiver: Pick<Receiver, 'replay'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const listQuery = z.strictObject({ cursor: cursorSchema, limit: limitSchema });

/** What could not be read. Lists never show payloads; who looks at one, or reads one again, is recorded first. */
export function deadLetterRoutes({ store, receiver, now }: DeadLetterRoutesOptions): readonly Route[] {
  async function find(
    call: Pick<Call, 'request'>,
  ): Promise<DeadLetter & { readonly payload: DeadLetterPayload }> {
    const letter = await store.findDeadLetter(idOf(call));
    if (!letter) throw missing();
    return letter;
  }

  async function record(
    { principal }: Pick<Call, 'principal'>,
    letter: DeadLetter,
    verdict: string,
  ): Promise<void> {
    const { source, id: reference } = letter;
    const { actor } = principal;
    const facts: RecordFacts = { type: 'operator.decided', source, time: now(), actor, reference, verdict };
    await store.record(recordOutcome(facts));
  }

  return [
    defineRoute({
      method: 'get',
      path: '/dead-letters',
      role: 'viewer',
      summary: 'Open dead letters, newest first; without their payloads',
      query: listQuery,
      status: 200,
      reply: z.strictObject({ deadLetters: z.array(deadLetterReply), next: nextSchema }),
      async answer({ query }) {
        const { items, next } = await store.listDeadLetters(query);
        return { status: 200, body: { deadLetters: items.map(deadLetterView), next } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/dead-letters/:id/payload',
      role: 'approver',
      summary: 'The delivery of a dead letter; that it was looked at is recorded',
      status: 200,
      reply: payloadReply,
      problems: [404],
      async answer(call) {
        const letter = await find(call);
        await record(call, letter, 'payload_viewed');
        return { status: 200, body: payloadView(letter.payload) };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/dead-letters/:id/replay',
      role: 'operator',
      summary: 'Read a dead letter again',
      body: nothing,
      status: 200,
      reply: replayReply,
      problems: [404, 409],
      async answer(call) {
        const letter = await find(call);
        if (letter.status === 'resolved') throw new HttpProblem(409, { detail: 'it has been read already' });
        await record(call, letter, 'replayed');
        return replayAnswer(await receiver.replay(letter.id, call.principal.actor));
      },
    }),
  ];
}

const missing = () => new HttpProblem(404, { detail: 'there is no such dead letter' });

function replayAnswer(taken: Awaited<ReturnType<Receiver['replay']>>): Answer<z.output<typeof replayReply>> {
  switch (taken.kind) {
    case 'receipt':
      return { status: 200, body: replayView(taken.receipt) };
    case 'busy':
      throw new HttpProblem(503, busyProblem);
    case 'not-found':
      throw missing();
    case 'unknown-source':
      throw new HttpProblem(409, { detail: 'its source is not configured any more' });
  }
}

import { z } from 'zod';
import { type RecordFacts, recordOutcome } from '../../core/outcome.ts';
import type { DeadLetter, DeadLetterPayload, Store } from '../../store/contract.ts';
import { receiptView } from '../http.ts';
import { busyProblem, HttpProblem } from '../problem.ts';
import type { Receiver } from '../receive.ts';
import { type Call, cursorSchema, idOf, limitSchema, type Route, readJson, readQuery } from './route.ts';
import { deadLetterView, payloadView } from './view.ts';

export interface DeadLetterRoutesOptions {
  readonly store: Pick<Store, 'listDeadLetters' | 'findDeadLetter' | 'record'>;
  readonly receiver: Pick<Receiver, 'replay'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const listQuery = z.strictObject({ cursor: cursorSchema, limit: limitSchema });

/** What could not be read. Lists never show payloads; who looks at one, or reads one again, is recorded first. */
export function deadLetterRoutes({ store, receiver, now }: DeadLetterRoutesOptions): readonly Route[] {
  async function find(call: Call): Promise<DeadLetter & { readonly payload: DeadLetterPayload }> {
    const letter = await store.findDeadLetter(idOf(call));
    if (!letter) throw new HttpProblem(404);
    return letter;
  }

  async function record({ principal }: Call, letter: DeadLetter, verdict: string): Promise<void> {
    const { source, id: reference } = letter;
    const { actor } = principal;
    const facts: RecordFacts = { type: 'operator.decided', source, time: now(), actor, reference, verdict };
    await store.record(recordOutcome(facts));
  }

  return [
    {
      method: 'get',
      path: '/dead-letters',
      role: 'viewer',
      async answer(call) {
        const { items, next } = await store.listDeadLetters(readQuery(call, listQuery));
        return { status: 200, body: { deadLetters: items.map(deadLetterView), next } };
      },
    },
    {
      method: 'get',
      path: '/dead-letters/:id/payload',
      role: 'approver',
      async answer(call) {
        const letter = await find(call);
        await record(call, letter, 'payload_viewed');
        return { status: 200, body: payloadView(letter.payload) };
      },
    },
    {
      method: 'post',
      path: '/dead-letters/:id/replay',
      role: 'operator',
      async answer(call) {
        readJson(call, z.strictObject({}));
        const letter = await find(call);
        if (letter.status === 'resolved') throw new HttpProblem(409, { detail: 'it has been read already' });
        await record(call, letter, 'replayed');
        const taken = await receiver.replay(letter.id, call.principal.actor);
        switch (taken.kind) {
          case 'receipt': {
            const { receipt } = taken;
            const faults = receipt.kind === 'dead-letter' ? { faults: receipt.faults } : {};
            return { status: 200, body: { ...receiptView(receipt), ...faults } };
          }
          case 'busy':
            throw new HttpProblem(503, busyProblem);
          case 'not-found':
            throw new HttpProblem(404);
          case 'unknown-source':
            throw new HttpProblem(409, { detail: 'its source is not configured any more' });
        }
      },
    },
  ];
}

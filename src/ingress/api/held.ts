import { z } from 'zod';
import type { Store } from '../../store/contract.ts';
import type { HeldSets } from '../held-sets.ts';
import { decisionProblem } from './intents.ts';
import {
  type Answer,
  cursorSchema,
  defineRoute,
  idOf,
  limitSchema,
  nextSchema,
  type Route,
  reasonSchema,
} from './route.ts';
import { heldSetReply, heldSetView } from './view.ts';

export interface HeldRoutesOptions {
  readonly store: Pick<Store, 'listHeldSets' | 'findHeldSet'>;
  readonly heldSets: Pick<HeldSets, 'decide'>;
}

const decisionBody = z.strictObject({
  reason: reasonSchema.nullable().default(null),
  count: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('how many were waiting when you looked; refused when the set has changed since'),
});

/** What was held together: looking at it, and deciding about it as one. */
export function heldRoutes({ store, heldSets }: HeldRoutesOptions): readonly Route[] {
  async function show(id: string): Promise<Answer<z.output<typeof heldSetReply>>> {
    const set = await store.findHeldSet(id);
    if (!set) throw decisionProblem({ kind: 'not-found' }, 'set');
    return { status: 200, body: heldSetView(set) };
  }

  const decide = (verb: 'release' | 'cancel', summary: string) =>
    defineRoute({
      method: 'post',
      path: `/held/:id/${verb}`,
      role: 'approver',
      summary,
      body: decisionBody,
      status: 200,
      reply: heldSetReply,
      problems: [404, 409],
      async answer(call) {
        const verdict = verb === 'release' ? 'approved' : 'canceled';
        const { actor } = call.principal;
        const result = await heldSets.decide(idOf(call), { ...call.body, verdict, actor });
        if (result.kind !== 'done') throw decisionProblem(result, 'set');
        return show(idOf(call));
      },
    });

  return [
    defineRoute({
      method: 'get',
      path: '/held',
      role: 'viewer',
      summary: 'Sets of intents that were held together and still wait, newest first',
      query: z.strictObject({ cursor: cursorSchema, limit: limitSchema }),
      status: 200,
      reply: z.strictObject({ held: z.array(heldSetReply), next: nextSchema }),
      async answer({ query }) {
        const { items, next } = await store.listHeldSets(query);
        return { status: 200, body: { held: items.map(heldSetView), next } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/held/:id',
      role: 'viewer',
      summary: 'One set; GET /v1/intents?set= lists all of its intents',
      status: 200,
      reply: heldSetReply,
      problems: [404],
      answer: (call) => show(idOf(call)),
    }),
    decide('release', 'Release a whole set; every check but the one that held it is made again'),
    decide('cancel', 'Cancel a whole set'),
  ];
}

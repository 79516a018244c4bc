import { z } from 'zod';
import { type Trouble, troubleCodes } from '../../core/trouble.ts';
import type { Store, StoreFigures } from '../../store/contract.ts';
import type { SourceActivity } from '../activity.ts';
import { HttpProblem } from '../problem.ts';
import type { Sources } from '../source.ts';
import { defineRoute, type Route, reasonSchema } from './route.ts';
import { figuresReply, figuresView, pauseReply, pauseView, sourceReply, sourceView } from './view.ts';

export interface OperationRoutesOptions {
  readonly store: Pick<Store, 'setPause' | 'pauses' | 'figures'>;
  readonly sources: Sources;
  readonly activity: () => readonly SourceActivity[];
  /** What does not work as it should, given what the store says of itself. */
  readonly troubles: (figures: StoreFigures) => readonly Trouble[];
  /** Whether the messages of a source's stream come in; `null` when it has none. */
  readonly isConnected: (sourceId: string) => boolean | null;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const pauseBody = z.strictObject({
  scope: z.string().min(1).max(128).describe('all, resign, kick, or the id of a source'),
  reason: reasonSchema.nullish(),
});

const pausesReply = z.strictObject({ pauses: z.array(pauseReply) });

const statusReply = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  degraded: z.array(
    z.strictObject({
      code: z.enum(troubleCodes),
      about: z.string().nullable().describe('an endpoint, a source or a publisher'),
      message: z.string(),
    }),
  ),
  ...pausesReply.shape,
  figures: figuresReply,
});

/** Pausing and resuming, and how things are. */
export function operationRoutes(options: OperationRoutesOptions): readonly Route[] {
  const { store, activity, troubles, isConnected, now } = options;
  return [
    turn('paused', options),
    turn('resumed', options),
    defineRoute({
      method: 'get',
      path: '/status',
      role: 'viewer',
      summary: 'What is degraded and why, how much waits, what is paused',
      status: 200,
      reply: statusReply,
      async answer() {
        const figures = await store.figures(now());
        const degraded = [...troubles(figures)];
        const status = degraded.length > 0 ? 'degraded' : 'ok';
        const pauses = await listPauses(store);
        return { status: 200, body: { status, degraded, pauses, figures: figuresView(figures) } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/sources',
      role: 'viewer',
      summary: 'Last delivery, error rate, silence and connection of each source',
      status: 200,
      reply: z.strictObject({ sources: z.array(sourceReply) }),
      async answer() {
        const sources = activity().map((one) => sourceView(one, isConnected(one.id)));
        return { status: 200, body: { sources } };
      },
    }),
  ];
}

async function listPauses(store: Pick<Store, 'pauses'>): Promise<z.output<typeof pauseReply>[]> {
  return (await store.pauses()).map(pauseView);
}

function turn(verdict: 'paused' | 'resumed', { store, sources, now }: OperationRoutesOptions): Route {
  const isPause = verdict === 'paused';
  return defineRoute({
    method: 'post',
    path: isPause ? '/pause' : '/resume',
    role: 'operator',
    summary: isPause ? 'Stop acting on a scope; taking in goes on' : 'Act on a scope again',
    body: pauseBody,
    status: 200,
    reply: pausesReply,
    async answer({ principal: { actor }, body: { scope, reason = null } }) {
      const paused = (await store.pauses()).some((one) => one.scope === scope);
      if (!paused && !['all', 'resign', 'kick', ...sources.keys()].includes(scope))
        throw new HttpProblem(400, { detail: 'scope: is not all, resign, kick or the id of a source' });
      await store.setPause({ scope, by: actor, at: now(), reason, verdict });
      return { status: 200, body: { pauses: await listPauses(store) } };
    },
  });
}

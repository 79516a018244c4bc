import { z } from 'zod';
import { recordOutcome } from '../../core/outcome.ts';
import type { Store } from '../../store/contract.ts';
import type { SourceActivity } from '../activity.ts';
import { HttpProblem } from '../problem.ts';
import type { Sources } from '../source.ts';
import { defineRoute, type Route, reasonSchema } from './route.ts';
import { figuresReply, figuresView, pauseReply, pauseView, sourceReply, sourceView } from './view.ts';

/** Something that does not work as it should, and what it is. */
export interface Degradation {
  readonly code: string;
  readonly message: string;
}

export interface OperationRoutesOptions {
  readonly store: Pick<Store, 'setPause' | 'pauses' | 'record' | 'figures'>;
  readonly sources: Sources;
  readonly activity: () => readonly SourceActivity[];
  readonly degradations: () => readonly Degradation[];
  /** Whether the messages of a source's stream come in; `null` when it has none. */
  readonly isConnected: (sourceId: string) => boolean | null;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The sources from which something should have come by now. */
export function silences(activity: readonly SourceActivity[]): Degradation[] {
  const silent = activity.filter((one) => one.silent);
  return silent.map(({ id }) => ({ code: 'source_silent', message: `nothing has come from ${id}` }));
}

const pauseBody = z.strictObject({
  scope: z.string().min(1).max(128).describe('all, resign, kick, or the id of a source'),
  reason: reasonSchema.nullish(),
});

const pausesReply = z.strictObject({ pauses: z.array(pauseReply) });

const statusReply = z.strictObject({
  status: z.enum(['ok', 'degraded']),
  degraded: z.array(z.strictObject({ code: z.string(), message: z.string() })),
  ...pausesReply.shape,
  figures: figuresReply,
});

/** Pausing and resuming, and how things are. */
export function operationRoutes(options: OperationRoutesOptions): readonly Route[] {
  const { store, activity, degradations, isConnected, now } = options;
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
        const degraded = [...degradations(), ...silences(activity())];
        const status = degraded.length > 0 ? 'degraded' : 'ok';
        const figures = figuresView(await store.figures(now()));
        return { status: 200, body: { status, degraded, pauses: await listPauses(store), figures } };
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
      const time = now();
      await store.setPause(scope, isPause ? { by: actor, at: time, reason } : null);
      const type = 'operator.decided';
      await store.record(
        recordOutcome({ type, source: 'api', time, actor, reason, reference: scope, verdict }),
      );
      return { status: 200, body: { pauses: await listPauses(store) } };
    },
  });
}

import { z } from 'zod';
import { recordOutcome } from '../../core/outcome.ts';
import type { Store } from '../../store/contract.ts';
import type { SourceActivity } from '../activity.ts';
import { HttpProblem } from '../problem.ts';
import type { Sources } from '../source.ts';
import { type Call, type Route, readJson, reasonSchema } from './route.ts';
import { figuresView, pauseView, sourceView } from './view.ts';

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
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The sources from which something should have come by now. */
export function silences(activity: readonly SourceActivity[]): Degradation[] {
  const silent = activity.filter((one) => one.silent);
  return silent.map(({ id }) => ({ code: 'source_silent', message: `nothing has come from ${id}` }));
}

const pauseBody = z.strictObject({ scope: z.string().min(1).max(128), reason: reasonSchema.nullish() });

/** Pausing and resuming, and how things are. */
export function operationRoutes(options: OperationRoutesOptions): readonly Route[] {
  const { store, sources, activity, degradations, now } = options;

  async function listPauses() {
    return (await store.pauses()).map(pauseView);
  }

  const turn = (verdict: 'paused' | 'resumed') => async (call: Call) => {
    const { scope, reason = null } = readJson(call, pauseBody);
    const { actor } = call.principal;
    const paused = (await store.pauses()).some((one) => one.scope === scope);
    if (!paused && !['all', 'resign', 'kick', ...sources.keys()].includes(scope))
      throw new HttpProblem(400, { detail: 'scope: is not all, resign, kick or the id of a source' });
    const time = now();
    await store.setPause(scope, verdict === 'paused' ? { by: actor, at: time, reason } : null);
    const type = 'operator.decided';
    await store.record(
      recordOutcome({ type, source: 'api', time, actor, reason, reference: scope, verdict }),
    );
    return { status: 200, body: { pauses: await listPauses() } };
  };

  return [
    { method: 'post', path: '/pause', role: 'operator', answer: turn('paused') },
    { method: 'post', path: '/resume', role: 'operator', answer: turn('resumed') },
    {
      method: 'get',
      path: '/status',
      role: 'viewer',
      async answer() {
        const degraded = [...degradations(), ...silences(activity())];
        const status = degraded.length > 0 ? 'degraded' : 'ok';
        const figures = figuresView(await store.figures(now()));
        return { status: 200, body: { status, degraded, pauses: await listPauses(), figures } };
      },
    },
    {
      method: 'get',
      path: '/sources',
      role: 'viewer',
      async answer() {
        return { status: 200, body: { sources: activity().map(sourceView) } };
      },
    },
  ];
}

import { Router } from 'express';
import { within } from '../core/deadline.ts';
import { type Log, traceOf } from '../core/log.ts';
import type { Metrics } from './metrics.ts';
import { send, sendProblem } from './problem.ts';

export interface HealthOptions {
  /** Rejects, or is not done in time, when a delivery could not be kept durably. It asks nothing else. */
  readonly probe: () => Promise<unknown>;
  /** 5 s unless told. */
  readonly probeTimeoutMs?: number;
  readonly log: Log;
}

/** `/healthz` and `/readyz`: what a platform asks of a process. */
export function healthRoutes({ probe, probeTimeoutMs = 5_000, log }: HealthOptions): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    send(response, { status: 200, contentType: 'application/json', body: '{"status":"ok"}' });
  });
  router.get('/readyz', async (_request, response) => {
    try {
      const probing = probe().then(() => true);
      if (!(await within(probing, probeTimeoutMs, false))) throw new Error('not done in time');
      send(response, { status: 200, contentType: 'application/json', body: '{"status":"ready"}' });
    } catch (error) {
      log.warn(traceOf(error), 'no delivery can be kept at the moment');
      sendProblem(response, 503, { detail: 'no delivery can be kept at the moment' });
    }
  });
  return router;
}

interface MetricsRoutesOptions {
  readonly metrics: Pick<Metrics, 'read'>;
  /** Brings the gauges up to date before a scrape. */
  readonly refresh: () => Promise<void>;
  readonly log: Log;
}

/** `/metrics`, for Prometheus. */
export function metricsRoutes({ metrics, refresh, log }: MetricsRoutesOptions): Router {
  const router = Router();
  router.get('/metrics', async (_request, response) => {
    // A store that does not answer is just when the other figures are wanted.
    await refresh().catch((error: unknown) => log.warn(traceOf(error), 'the gauges are not up to date'));
    send(response, { status: 200, ...(await metrics.read()) });
  });
  return router;
}

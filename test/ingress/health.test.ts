import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { healthRoutes, metricsRoutes } from '../../src/ingress/health.ts';
import { createHttpApp } from '../../src/ingress/http.ts';
import { createMetrics, type Metrics } from '../../src/ingress/metrics.ts';
import { collectLog } from './house.ts';

interface World {
  readonly probe: () => Promise<void>;
  readonly probeTimeoutMs: number;
  readonly metrics: Metrics;
  readonly refresh: () => Promise<void>;
}

function appWith(world: Partial<World> = {}) {
  const { log } = collectLog();
  const nothing = async () => {};
  const { probe = nothing, probeTimeoutMs = 5_000, metrics = createMetrics(), refresh = nothing } = world;
  const routes = [healthRoutes({ probe, probeTimeoutMs, log }), metricsRoutes({ metrics, refresh, log })];
  return createHttpApp({ routes, trustProxy: false, log });
}

describe('/healthz and /readyz', () => {
  it('say that the process lives, and that a delivery can be kept', async () => {
    const app = appWith();
    expect((await request(app).get('/healthz')).body).toEqual({ status: 'ok' });
    expect((await request(app).get('/readyz')).body).toEqual({ status: 'ready' });
  });

  it('say not ready, but alive, when no delivery can be kept', async () => {
    const app = appWith({ probe: () => Promise.reject(new Error('the disk is full')) });
    const ready = await request(app).get('/readyz');
    expect([ready.status, ready.type]).toEqual([503, 'application/problem+json']);
    expect((await request(app).get('/healthz')).status).toBe(200);
  });

  it('say not ready when the store does not answer in time', async () => {
    const app = appWith({ probe: () => new Promise(() => {}), probeTimeoutMs: 20 });
    expect((await request(app).get('/readyz')).status).toBe(503);
  });
});

describe('/metrics', () => {
  it('shows deliveries, calls, outcomes and what is waiting, under names of our own', async () => {
    const metrics = createMetrics();
    metrics.countDelivery('hr', 'accepted');
    metrics.countDelivery('hr', 'accepted');
    metrics.observeCall({ endpoint: 'resign-user-batch', kind: 'done', seconds: 0.03 });
    metrics.countOutcome('user.resign.succeeded');
    metrics.showDeliveryAge('hr', 12);
    metrics.showFigures(
      {
        due: 1,
        scheduled: 2,
        held: 3,
        deadLetters: 4,
        oldestDueAt: 1_000,
        headPosition: 9,
        unsequenced: 5,
        cursors: [{ publisher: 'kafka', position: 7 }],
      },
      61_000,
    );
    const { text, headers } = await request(appWith({ metrics })).get('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples).toEqual(
      expect.arrayContaining([
        'offboard_bridge_deliveries_total{source="hr",receipt="accepted"} 2',
        'offboard_bridge_management_api_call_seconds_count{endpoint="resign-user-batch",kind="done"} 1',
        'offboard_bridge_management_api_call_seconds_bucket{le="0.05",endpoint="resign-user-batch",kind="done"} 1',
        'offboard_bridge_outcomes_total{type="user.resign.succeeded"} 1',
        'offboard_bridge_last_delivery_age_seconds{source="hr"} 12',
        'offboard_bridge_due_intents 1',
        'offboard_bridge_scheduled_intents 2',
        'offboard_bridge_held_intents 3',
        'offboard_bridge_dead_letters 4',
        'offboard_bridge_oldest_due_age_seconds 60',
        'offboard_bridge_unsequenced_outcomes 5',
        'offboard_bridge_publisher_lag{publisher="kafka"} 2',
      ]),
    );
    expect(samples.filter((line) => !line.startsWith('offboard_bridge_'))).toEqual([]);
  });

  it('still shows the other figures when the gauges cannot be brought up to date', async () => {
    const metrics = createMetrics();
    metrics.countDelivery('hr', 'busy');
    const refresh = () => Promise.reject(new Error('the store is closed'));
    const { status, text } = await request(appWith({ metrics, refresh })).get('/metrics');
    expect(status).toBe(200);
    expect(text).toContain('offboard_bridge_deliveries_total{source="hr",receipt="busy"} 1');
  });
});

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
  const {
    probe = nothing,
    probeTimeoutMs = 5_000,
    metrics = createMetrics({ version: '1', sources: [] }),
    refresh = nothing,
  } = world;
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
  it('is brought up to date before it is read', async () => {
    const metrics = createMetrics({ version: '1', sources: ['hr'] });
    const refresh = async () => metrics.countDelivery('hr', 'accepted');
    const { text, headers } = await request(appWith({ metrics, refresh })).get('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    expect(text).toContain('offboard_bridge_deliveries_total{source="hr",receipt="accepted"} 1');
  });

  it('still shows the other figures when the gauges cannot be brought up to date', async () => {
    const metrics = createMetrics({ version: '1', sources: [] });
    metrics.countDelivery('hr', 'busy');
    const refresh = () => Promise.reject(new Error('the store is closed'));
    const { status, text } = await request(appWith({ metrics, refresh })).get('/metrics');
    expect(status).toBe(200);
    expect(text).toContain('offboard_bridge_deliveries_total{source="hr",receipt="busy"} 1');
  });
});

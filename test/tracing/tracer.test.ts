import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Tracer } from '../../src/core/tracer.ts';
import { createTracer } from '../../src/tracing/tracer.ts';
import { type CollectedSpan, type Collector, startCollector } from '../support/otlp/collector.ts';

let collector: Collector;

beforeEach(async () => {
  collector = await startCollector();
});
afterEach(() => collector.close());

const options = {
  headers: { 'x-api-key': 'k' },
  sampleRatio: 1,
  serviceName: 'bridge-of-acme',
  version: '1',
};

/** What a tracer has sent once it is closed, by name. */
async function traced(work: (tracer: Tracer) => Promise<void>): Promise<ReadonlyMap<string, CollectedSpan>> {
  const tracer = createTracer({ ...options, endpoint: collector.url });
  await work(tracer);
  await tracer.close();
  return new Map(collector.spans().map((span) => [span.name, span]));
}

const incoming = '00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01';

describe('the tracer', () => {
  it('goes on from a context, and hands it on', async () => {
    let handedOn = '';
    const spans = await traced(async (tracer) => {
      const span = tracer.begin('receive', { parent: incoming, attributes: { 'offboard.source': 'hr' } });
      handedOn = span.traceparent;
      span.end({ attributes: { 'offboard.receipt': 'accepted' } });
    });
    const span = spans.get('receive');
    expect(span).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b9c7c989f97918e1',
      failed: false,
      attributes: { 'offboard.source': 'hr', 'offboard.receipt': 'accepted' },
    });
    expect(handedOn).toBe(`00-${span?.traceId}-${span?.spanId}-01`);
    expect(collector.headers()[0]).toMatchObject({ 'x-api-key': 'k', 'content-type': 'application/json' });
    expect(collector.bodies()[0]).toContain('bridge-of-acme');
  });

  it('puts below a span what begins while it runs, also side by side', async () => {
    const spans = await traced(async (tracer) => {
      const one = async (name: string) => {
        const span = tracer.begin(name, { parent: null });
        await tracer.run(span, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          tracer.begin(`call of ${name}`, { beganAt: Date.now() - 5 }).end({ failed: true });
        });
        span.end();
      };
      await Promise.all([one('a'), one('b')]);
    });
    for (const name of ['a', 'b']) {
      const [span, call] = [spans.get(name), spans.get(`call of ${name}`)];
      expect([call?.traceId, call?.parentSpanId, call?.failed]).toEqual([span?.traceId, span?.spanId, true]);
      expect(span?.parentSpanId).toBeNull();
    }
    expect(spans.get('a')?.traceId).not.toBe(spans.get('b')?.traceId);
  });

  it('links spans with others, and begins a trace where a context cannot be read', async () => {
    const spans = await traced(async (tracer) =>
      tracer.begin('batch', { parent: 'garbled', links: [incoming, 'garbled'] }).end(),
    );
    expect(spans.get('batch')).toMatchObject({ parentSpanId: null, links: ['b9c7c989f97918e1'] });
  });

  it('records nothing of a trace that is not drawn, whatever its sender asks for, and says so to others', async () => {
    const tracer = createTracer({ ...options, sampleRatio: 0, endpoint: collector.url });
    const span = tracer.begin('receive', { parent: incoming });
    span.end();
    await tracer.close();
    expect(span.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    expect(collector.spans()).toEqual([]);
  });

  it('ends in a few seconds when the collector takes connections and never answers', async () => {
    const sockets = new Set<{ destroy(): void }>();
    const mute = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const endpoint = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const tracer = createTracer({ ...options, endpoint });
    tracer.begin('receive').end();
    const beganAt = performance.now();
    await tracer.close();
    expect(performance.now() - beganAt).toBeLessThan(4_500);
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
});

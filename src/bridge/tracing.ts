import type { Config } from '../config.ts';
import type { IntentSettlement } from '../core/settlement.ts';
import type { Span, SpanEnd, Tracer } from '../core/tracer.ts';
import type { DispatcherOptions } from '../dispatcher/dispatcher.ts';
import { traceparentOf } from '../ingress/reading.ts';
import type { Receiver } from '../ingress/receive.ts';
import type { ManagementApiOptions } from '../management-api/client.ts';
import type { Publisher } from '../publishers/relay.ts';
import type { Store } from '../store/contract.ts';
import { readVersion } from './version.ts';

/** The tracer that is configured; without one, nothing of OpenTelemetry is even loaded. */
export async function openTracer({ tracing }: Config): Promise<Tracer | null> {
  if (!tracing) return null;
  const { createTracer } = await import('../tracing/tracer.ts');
  return createTracer({ ...tracing, version: readVersion() });
}

/** Deliveries and requests begin a span each, or go on from their sender's; intents remember it as their trace. */
export function traceReceiver(receiver: Receiver, tracer: Tracer): Receiver {
  async function within<D extends { readonly delivery: Parameters<typeof traceparentOf>[0] }, T>(
    source: string,
    carrier: D,
    work: (traced: D) => Promise<T & { readonly kind: string }>,
  ): Promise<T> {
    const { delivery } = carrier;
    const parent = traceparentOf(delivery);
    const kind = delivery.position === undefined ? 'server' : 'consumer';
    const span = tracer.begin(`receive ${source}`, {
      kind,
      parent,
      attributes: { 'offboard.source': source },
    });
    const headers = { ...delivery.headers, traceparent: span.traceparent };
    return inSpan(
      span,
      () => tracer.run(span, () => work({ ...carrier, delivery: { ...delivery, headers } })),
      (reception) => ({ attributes: { 'offboard.receipt': reception.kind } }),
    );
  }
  return {
    ...receiver,
    receive: (source, delivery, how) =>
      within(source, { delivery }, (traced) => receiver.receive(source, traced.delivery, how)),
    request: (request) => within(request.source, request, (traced) => receiver.request(traced)),
  };
}

/** What is kept is a span of the delivery's, which ends when it is on disk. */
export function traceStore(store: Store, tracer: Tracer): Store {
  return {
    ...store,
    accept: (acceptance) =>
      inSpan(
        tracer.begin('accept', { attributes: { 'offboard.parts': acceptance.parts.length } }),
        () => store.accept(acceptance),
        ({ kind, intents }) => ({
          attributes: { 'offboard.receipt': kind, 'offboard.intents': intents.length },
        }),
      ),
  };
}

/**
 * Each intent of a batch has a span in its own trace. The calls are below it; when several share them, below a span of
 * the batch, which is linked with those of its intents.
 */
export function traceBatches(tracer: Tracer): NonNullable<DispatcherOptions['within']> {
  return async (batch, work) => {
    const { action, intents } = batch;
    const links = intents.flatMap(({ traceparent }) => traceparent ?? []);
    const shared =
      intents.length === 1
        ? null
        : tracer.begin(`batch ${action}`, {
            parent: null,
            links,
            attributes: { 'offboard.action': action, 'offboard.intents': intents.length },
          });
    const acts = intents.map(({ id, source, traceparent }) => {
      const span = tracer.begin(`act ${action}`, {
        parent: traceparent,
        links: shared ? [shared.traceparent] : [],
        attributes: { 'offboard.action': action, 'offboard.intent': id, 'offboard.source': source },
      });
      return { id, span };
    });
    const around = shared ?? acts[0]?.span;
    if (!around) return work();
    try {
      const settlements = await tracer.run(around, work);
      const ends = new Map(settlements.map((one) => [one.intentId, endOf(one)]));
      for (const { id, span } of acts) span.end(ends.get(id));
      shared?.end();
      return settlements;
    } catch (error) {
      for (const { span } of acts) span.end({ failed: true });
      shared?.end({ failed: true });
      throw error;
    }
  };
}

function endOf({ settlement }: IntentSettlement): SpanEnd {
  const status = settlement.kind === 'final' ? settlement.status : settlement.kind;
  const failure = 'failure' in settlement ? settlement.failure?.code : undefined;
  return {
    attributes: { 'offboard.settlement': status, ...(failure ? { 'offboard.failure': failure } : {}) },
    failed: status === 'failed',
  };
}

/** Every request to the management API is a span of the batch that made it. */
export function traceCalls(tracer: Tracer, now: () => number): NonNullable<ManagementApiOptions['onCall']> {
  return ({ endpoint, kind, durationMs }) =>
    tracer
      .begin(`genauth ${endpoint}`, {
        kind: 'client',
        beganAt: now() - durationMs,
        attributes: { 'offboard.endpoint': endpoint, 'offboard.answer': kind },
      })
      .end({ failed: kind === 'denied' || kind === 'forbidden' || kind === 'unknown' });
}

/** Each outcome that is told is a span of its intent's trace, from which whoever is told may go on. */
export function tracePublisher(publisher: Publisher, tracer: Tracer): Publisher {
  return {
    name: publisher.name,
    async publish(outcomes) {
      const spans = new Map<string, Span>();
      for (const { id, type, traceparent } of outcomes) {
        if (!traceparent) continue;
        const attributes = { 'offboard.publisher': publisher.name, 'offboard.outcome': type };
        spans.set(
          id,
          tracer.begin(`publish ${publisher.name}`, { kind: 'producer', parent: traceparent, attributes }),
        );
      }
      const endAll = (end: SpanEnd): void => {
        for (const span of spans.values()) span.end(end);
      };
      try {
        await publisher.publish(outcomes, ({ id }) => spans.get(id)?.traceparent);
        endAll({});
      } catch (error) {
        endAll({ failed: true });
        throw error;
      }
    },
  };
}

async function inSpan<T>(span: Span, work: () => Promise<T>, endOf: (result: T) => SpanEnd): Promise<T> {
  try {
    const result = await work();
    span.end(endOf(result));
    return result;
  } catch (error) {
    span.end({ failed: true });
    throw error;
  }
}

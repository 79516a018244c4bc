import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { type Span, type Tracer, traceparentPattern } from '../core/tracer.ts';

export interface TracerOptions {
  /** The base URL of an OTLP collector; spans go to `/v1/traces` below it, as JSON. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The share of traces that is recorded, 0 to 1. It goes by the trace's id, so that a trace is whole or not there. */
  readonly sampleRatio: number;
  readonly serviceName: string;
  readonly version: string;
}

/** How long one hand-over may take, tries included, in milliseconds; stopping may take as long. */
const exportMs = 3_000;
const flushEveryMs = 1_000;
/** Past it spans are dropped: nothing waits for a collector. */
const maxQueued = 8_192;

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  producer: SpanKind.PRODUCER,
};

/**
 * A tracer that sends to an OTLP collector over HTTP. Nothing is registered globally, so that no library is made to
 * trace by it. Who sends a delivery has no say in whether it is recorded: the sampler goes by the trace's id alone.
 */
export function createTracer(options: TracerOptions): Tracer {
  const { endpoint, headers, sampleRatio, serviceName, version } = options;
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
    sampler: new TraceIdRatioBasedSampler(sampleRatio),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: exportMs }),
        scheduledDelayMillis: flushEveryMs,
        exportTimeoutMillis: exportMs,
        maxQueueSize: maxQueued,
      }),
    ],
  });
  const tracer = provider.getTracer('offboard-bridge', version);
  const running = new AsyncLocalStorage<Context>();
  const contexts = new WeakMap<Span, Context>();

  return {
    begin(name, { kind = 'internal', parent, links = [], attributes = {}, beganAt } = {}) {
      const below = parent === undefined ? (running.getStore() ?? ROOT_CONTEXT) : contextOf(parent);
      const span = tracer.startSpan(
        name,
        {
          kind: kinds[kind],
          attributes,
          links: links.flatMap((link) => {
            const context = readTraceparent(link);
            return context ? [{ context }] : [];
          }),
          ...(beganAt === undefined ? {} : { startTime: beganAt }),
        },
        below,
      );
      const begun = spanOf(span);
      contexts.set(begun, trace.setSpan(ROOT_CONTEXT, span));
      return begun;
    },
    run: (span, work) => running.run(contexts.get(span) ?? ROOT_CONTEXT, work),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, exportMs);
      });
      await Promise.race([provider.shutdown().catch(() => {}), enough]);
      clearTimeout(timer);
    },
  };
}

function spanOf(span: OtelSpan): Span {
  return {
    traceparent: writeTraceparent(span.spanContext()),
    end({ attributes = {}, failed = false } = {}) {
      span.setAttributes(attributes);
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

function contextOf(traceparent: string | null): Context {
  const context = traceparent === null ? null : readTraceparent(traceparent);
  return context ? trace.setSpanContext(ROOT_CONTEXT, context) : ROOT_CONTEXT;
}

function readTraceparent(traceparent: string): SpanContext | null {
  const [, traceId, spanId, flags] = traceparentPattern.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

function writeTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

/** A span as a collector sees it. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The ids of the spans that it is linked with. */
  readonly links: readonly string[];
}

/** A collector that takes OTLP over HTTP in JSON, on loopback. */
export interface Collector {
  readonly url: string;
  spans(): readonly CollectedSpan[];
  /** All that was sent, as text, and the headers that it came with. */
  bodies(): readonly string[];
  headers(): readonly IncomingHttpHeaders[];
  close(): Promise<void>;
}

const id = z.string().regex(/^[0-9a-f]+$/);
const span = z.object({
  traceId: id.length(32),
  spanId: id.length(16),
  parentSpanId: z.union([id.length(16), z.literal('')]).optional(),
  name: z.string(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: z.array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })).default([]),
  links: z.array(z.object({ spanId: id.length(16) })).default([]),
  status: z.object({ code: z.number().default(0) }).default({ code: 0 }),
});
const traces = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(span) })) })),
});

/** Source: opentelemetry.io/docs/specs/otlp, JSON Protobuf encoding: ids are hexadecimal, an error has code 2. */
function readSpans(body: string): CollectedSpan[] {
  const { resourceSpans } = traces.parse(JSON.parse(body));
  return resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(({ traceId, spanId, parentSpanId, name, attributes, links, status }) => ({
      traceId,
      spanId,
      parentSpanId: parentSpanId || null,
      name,
      failed: status.code === 2,
      attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
      links: links.map((link) => link.spanId),
    }));
}

export async function startCollector(): Promise<Collector> {
  const bodies: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const isTraces = request.method === 'POST' && request.url === '/v1/traces';
    if (isTraces) {
      bodies.push(Buffer.concat(chunks).toString('utf8'));
      headers.push(request.headers);
    }
    response.writeHead(isTraces ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => bodies.flatMap(readSpans),
    bodies: () => bodies,
    headers: () => headers,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

import { once } from 'node:events';
import type { Response } from 'express';
import { z } from 'zod';
import { exportEntry } from '../../core/audit.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Store } from '../../store/contract.ts';
import { defineRoute, limitSchema, nextSchema, positionSchema, type Route } from './route.ts';
import { outcomeReply, trailEntryReply } from './view.ts';

/** Where the live stream comes from. */
export interface OutcomeReader {
  /** Outcomes past a position, in order and without end, until the signal. */
  outcomes(after: number, signal: AbortSignal): AsyncIterable<readonly Outcome[]>;
}

export interface OutcomeRoutesOptions {
  readonly store: Pick<Store, 'outcomesAfter' | 'entriesAfter'>;
  readonly stream: OutcomeReader;
  /** Aborted when the process stops; streams never end by themselves. */
  readonly closing: AbortSignal;
  /** How often an idle stream says that it is alive; 15 s unless told. */
  readonly keepAliveMs?: number;
  /** How long a client may leave what it was sent unread; 60 s unless told. */
  readonly stallMs?: number;
}

const query = z.strictObject({
  after: positionSchema.default(0).describe('a position; 0 is before the first'),
  limit: limitSchema,
});

/** Where a client that lost its connection goes on. */
const headers = z.object({
  'last-event-id': z
    .union([z.literal('').transform(() => undefined), positionSchema], { error: 'is not a position' })
    .optional()
    .describe('for a stream: goes on after this position'),
});

/** The trail of outcomes: a page of it, or all of it as it grows. */
export function outcomeRoutes(options: OutcomeRoutesOptions): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/outcomes',
      role: 'viewer',
      summary: 'Outcomes in order: a page, or as text/event-stream from there on, live',
      query,
      headers,
      status: 200,
      reply: z.strictObject({ outcomes: z.array(outcomeReply), next: nextSchema }),
      events: outcomeReply,
      async answer({ request, response, query: { after, limit }, headers: { 'last-event-id': lastSeen } }) {
        response.vary('Accept');
        const wanted = request.accepts(['application/json', 'text/event-stream']);
        if (wanted === 'text/event-stream' && request.method === 'GET') {
          await streamOutcomes(response, lastSeen ?? after, options);
          return null;
        }
        const outcomes = await options.store.outcomesAfter(after, limit + 1);
        const page = outcomes.slice(0, limit);
        const next = outcomes.length > limit ? String(page.at(-1)?.data.position) : null;
        return { status: 200, body: { outcomes: page, next } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/trail',
      role: 'viewer',
      summary: 'Outcomes in order with what proves each: for an audit',
      query,
      status: 200,
      reply: z.strictObject({ entries: z.array(trailEntryReply), next: nextSchema }),
      async answer({ query: { after, limit } }) {
        const entries = await options.store.entriesAfter(after, limit + 1);
        const page = entries.slice(0, limit);
        const next = entries.length > limit ? String(page.at(-1)?.outcome.data.position) : null;
        return { status: 200, body: { entries: page.map(exportEntry), next } };
      },
    }),
  ];
}

/** Server-sent events; the id of each is its position. Nothing is read ahead of what the client has taken. */
async function streamOutcomes(
  response: Response,
  after: number,
  { stream, closing, keepAliveMs = 15_000, stallMs = 60_000 }: OutcomeRoutesOptions,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, closing]);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write(': the trail begins here\n\n');
  const keepAlive = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': still here\n\n');
  }, keepAliveMs);
  try {
    for await (const outcomes of stream.outcomes(after, signal)) {
      for (const outcome of outcomes) {
        if (response.write(frame(outcome))) continue;
        await once(response, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(stallMs)]) });
      }
    }
    response.end();
  } catch (error) {
    if (!isAbort(error)) throw error;
    response.destroy();
  } finally {
    clearInterval(keepAlive);
  }
}

function frame(outcome: Outcome): string {
  return `id: ${outcome.data.position}\ndata: ${JSON.stringify(outcome)}\n\n`;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

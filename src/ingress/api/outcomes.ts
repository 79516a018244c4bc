import { once } from 'node:events';
import type { Response } from 'express';
import { z } from 'zod';
import type { Outcome } from '../../core/outcome.ts';
import type { Store } from '../../store/contract.ts';
import { HttpProblem } from '../problem.ts';
import { type Call, limitSchema, positionSchema, type Route, readQuery } from './route.ts';

/** Where the live stream comes from. */
export interface OutcomeReader {
  /** Outcomes past a position, in order and without end, until the signal. */
  outcomes(after: number, signal: AbortSignal): AsyncIterable<readonly Outcome[]>;
}

export interface OutcomeRoutesOptions {
  readonly store: Pick<Store, 'outcomesAfter'>;
  readonly stream: OutcomeReader;
  /** Aborted when the process stops; streams never end by themselves. */
  readonly closing: AbortSignal;
  /** How often an idle stream says that it is alive; 15 s unless told. */
  readonly keepAliveMs?: number;
  /** How long a client may leave what it was sent unread; 60 s unless told. */
  readonly stallMs?: number;
}

const query = z.strictObject({ after: positionSchema.default(0), limit: limitSchema });

/** The trail of outcomes: a page of it, or all of it as it grows. */
export function outcomeRoutes(options: OutcomeRoutesOptions): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/outcomes',
      role: 'viewer',
      async answer(call) {
        const { after, limit } = readQuery(call, query);
        call.response.vary('Accept');
        const wanted = call.request.accepts(['application/json', 'text/event-stream']);
        if (wanted === 'text/event-stream' && call.request.method === 'GET') {
          await streamOutcomes(call.response, lastSeen(call) ?? after, options);
          return null;
        }
        const outcomes = await options.store.outcomesAfter(after, limit + 1);
        const page = outcomes.slice(0, limit);
        const next = outcomes.length > limit ? String(page.at(-1)?.data.position) : null;
        return { status: 200, body: { outcomes: page, next } };
      },
    },
  ];
}

/** Where a client that lost its connection goes on. */
function lastSeen({ request }: Call): number | null {
  const given = request.get('last-event-id');
  if (given === undefined || given === '') return null;
  const parsed = positionSchema.safeParse(given);
  if (!parsed.success) throw new HttpProblem(400, { detail: 'Last-Event-ID: is not a position' });
  return parsed.data;
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

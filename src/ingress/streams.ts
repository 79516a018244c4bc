import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { backoffMs } from '../core/backoff.ts';
import type { StreamAccess } from '../core/handler.ts';
import { type Log, traceOf } from '../core/log.ts';
import { connectAdp } from './adp-queue.ts';
import { connectDingtalk } from './dingtalk-stream.ts';
import { connectLark } from './lark-stream.ts';
import type { Receiver } from './receive.ts';
import type { Source, Sources } from './source.ts';
import type { ConnectOptions, StreamConnection, StreamMessage } from './stream-connection.ts';

interface StreamsOptions {
  readonly receiver: Pick<Receiver, 'receive'>;
  readonly sources: Sources;
  readonly log: Log;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** The connections by which messages come to sources that are bound to a stream. */
export interface Streams {
  start(): void;
  /** The sources that nothing reaches now, and why the last connection failed or ended. */
  disconnected(): readonly { readonly source: string; readonly reason: string | null }[];
  /** Whether messages reach a source now; `null` when it is bound to no stream. */
  isConnected(sourceId: string): boolean | null;
  /** Takes nothing more in, finishes what is being kept, and closes. */
  close(): Promise<void>;
}

const reconnectPolicy = { minDelayMs: 500, maxDelayMs: 60_000 };

export function createStreams(options: StreamsOptions): Streams {
  const streams = [...options.sources.values()].flatMap((source) => {
    const access = source.handler.stream?.(source.settings) ?? null;
    return access ? [createOneStream(source, access, options)] : [];
  });
  return {
    start() {
      for (const one of streams) one.start();
    },
    disconnected: () =>
      streams
        .filter((one) => !one.isConnected())
        .map((one) => ({ source: one.id, reason: one.lastReason() })),
    isConnected: (sourceId) => streams.find(({ id }) => id === sourceId)?.isConnected() ?? null,
    async close() {
      await Promise.all(streams.map((one) => one.close()));
    },
  };
}

interface OneStream {
  readonly id: string;
  start(): void;
  isConnected(): boolean;
  lastReason(): string | null;
  close(): Promise<void>;
}

/** Connects, and connects again whenever the connection ends, until it is closed. */
function createOneStream({ id }: Source, access: StreamAccess, options: StreamsOptions): OneStream {
  const { log, random } = options;
  const closing = new AbortController();
  const keeping = new Set<Promise<boolean>>();
  let connection: StreamConnection | null = null;
  let running: Promise<void> | null = null;
  let lastReason: string | null = null;

  const { signal } = closing;

  function keep(message: StreamMessage): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    const kept = handOver(id, message, options);
    keeping.add(kept);
    return kept.finally(() => keeping.delete(kept));
  }

  async function connectOnce(): Promise<void> {
    connection = await connect(access, { keep, signal });
    if (signal.aborted) connection.close();
    else log.info({ source: id }, 'the stream is connected');
    await connection.ended;
  }

  async function run(): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      const startedAt = performance.now();
      try {
        await connectOnce();
        failures = 0;
        lastReason = null;
        if (!signal.aborted) log.info({ source: id }, 'the stream ended');
      } catch (error) {
        // One that held for so long had been a good one.
        failures = performance.now() - startedAt > reconnectPolicy.maxDelayMs ? 1 : failures + 1;
        if (signal.aborted) break;
        const reason = error instanceof Error ? error.message : '';
        lastReason = reason || null;
        log.warn(
          { source: id, failures, reason, ...traceOf(error) },
          'the stream could not be opened, or broke off',
        );
      }
      connection = null;
      const pauseMs = backoffMs(failures + 1, reconnectPolicy, random());
      await delay(pauseMs, undefined, { signal: signal }).catch(() => {});
    }
  }

  return {
    id,
    start() {
      running = run();
    },
    isConnected: () => connection?.isOpen() ?? false,
    lastReason: () => lastReason,
    async close() {
      closing.abort();
      await Promise.all(keeping);
      // What was kept is acknowledged within this turn.
      await nextTurn();
      connection?.close();
      await running;
    },
  };
}

function connect(access: StreamAccess, options: ConnectOptions): Promise<StreamConnection> {
  switch (access.kind) {
    case 'adp':
      return connectAdp(access, options);
    case 'dingtalk':
      return connectDingtalk(access, options);
    case 'lark':
      return connectLark(access, options);
  }
}

/** A message counts as kept when the store has it, whatever it became; only then may it be acknowledged. */
async function handOver(
  id: string,
  message: StreamMessage,
  { receiver, log }: StreamsOptions,
): Promise<boolean> {
  try {
    const delivery = { method: 'STREAM', query: {}, headers: {}, ...message };
    const { kind } = await receiver.receive(id, delivery, { trusted: true });
    if (kind === 'receipt') return true;
    log.warn({ source: id, kind }, 'a message of a stream was not kept; it is asked for again');
  } catch (error) {
    log.error({ source: id, ...traceOf(error) }, 'a message of a stream was not kept; it is asked for again');
  }
  return false;
}

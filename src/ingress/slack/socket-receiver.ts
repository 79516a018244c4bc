import { type Receiver, SocketModeReceiver } from '@slack/bolt';
import { type BackoffPolicy, backoffMs } from '../../core/backoff.ts';
import { type Log, traceOf } from '../../core/log.ts';
import { boltLogger } from './bolt-log.ts';

export interface SocketOptions {
  readonly appToken: string;
  readonly apiUrl: string;
  readonly log: Log;
  readonly backoff?: BackoffPolicy;
}

export interface Socket {
  readonly receiver: Receiver;
  /** Begins to connect, and goes on until it is stopped. */
  start(): void;
  stop(): Promise<void>;
  isConnected(): boolean;
}

/** How long the other side may take to say hello after it accepted the connection, in milliseconds. */
const connectTimeoutMs = 20_000;

/**
 * Socket Mode under our own supervision. Bolt's own reconnecting ends the process with an unhandled rejection when
 * Slack cannot be reached at that moment, so it is switched off, and whatever ended is started again from here.
 */
export function createSocket({ appToken, apiUrl, log, backoff = usual }: SocketOptions): Socket {
  const stopping = new AbortController();
  let current: SocketModeReceiver | null = null;
  let connected = false;
  let running: Promise<void> | null = null;
  let bolt: Parameters<Receiver['init']>[0] | null = null;

  /** One connection, from its start to its end. @returns whether it was there at all */
  async function connectOnce(): Promise<boolean> {
    const one = createOne();
    if (bolt) one.init(bolt);
    current = one;
    const ended = new Promise<void>((resolve) => one.client.once('disconnected', () => resolve()));
    const timeout = AbortSignal.any([stopping.signal, AbortSignal.timeout(connectTimeoutMs)]);
    try {
      await Promise.race([one.start(), aborted(timeout)]);
      if (timeout.aborted) return false;
      connected = true;
      log.info({}, 'connected to Slack');
      await Promise.race([ended, aborted(stopping.signal)]);
      return true;
    } catch (error) {
      log.warn(explain(error), 'Slack could not be reached by Socket Mode');
      return false;
    } finally {
      connected = false;
      await Promise.race([one.client.disconnect(), ended, pause(1_000)]);
    }
  }

  function createOne(): SocketModeReceiver {
    return new SocketModeReceiver({
      appToken,
      logger: boltLogger(log),
      autoReconnectEnabled: false,
      installerOptions: {
        clientOptions: { slackApiUrl: apiUrl, retryConfig: { retries: 0 }, timeout: 10_000 },
      },
    });
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      failures = (await connectOnce()) ? 0 : failures + 1;
      if (failures > 0)
        await Promise.race([pause(backoffMs(failures, backoff, Math.random())), aborted(stopping.signal)]);
    }
  }

  return {
    receiver: {
      init(app) {
        bolt = app;
      },
      start: async () => {},
      stop: async () => {},
    },
    start() {
      running ??= run();
    },
    async stop() {
      stopping.abort();
      await current?.client.disconnect().catch(() => {});
      await running;
    },
    isConnected: () => connected,
  };
}

const usual: BackoffPolicy = { minDelayMs: 1_000, maxDelayMs: 30_000 };

function explain(error: unknown): object {
  const data = error instanceof Error && 'data' in error ? (error.data as { error?: unknown }) : {};
  return { code: data.error, ...traceOf(error) };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

import type { StreamAccess } from '../core/handler.ts';
import type { ConnectOptions, StreamConnection } from './stream-connection.ts';

type Access = Extract<StreamAccess, { kind: 'lark' }>;

const handshakeTimeoutMs = 15_000;
/** Seconds without an answer to a ping, after which the connection counts as dead. */
const pingTimeoutSeconds = 10;

/**
 * Opens Lark's long connection through the official SDK, which reconnects by itself as Lark tells it to. It answers
 * 200 when the dispatcher resolves, so ours resolves when the event is kept, and 500 when it throws; then, and when
 * there is no answer, Lark sends it again. What the SDK gives up on, such as a wrong secret but also a busy gateway,
 * ends the connection here, and is tried again later.
 * Source: @larksuiteoapi/node-sdk 1.74.0, `WSClient`.
 */
export async function connectLark(
  access: Access,
  { keep, signal }: ConnectOptions,
): Promise<StreamConnection> {
  const { appId, appSecret, apiUrl } = access;
  // Loaded only by those who use it: it is six megabytes of program.
  const { EventDispatcher, LoggerLevel, WSClient } = await import('@larksuiteoapi/node-sdk');
  const quiet = { error() {}, warn() {}, info() {}, debug() {}, trace() {} };
  const logging = { logger: quiet, loggerLevel: LoggerLevel.fatal };

  class DurableDispatcher extends EventDispatcher {
    /** The SDK's own goes by the type of the event, and takes one without a listener for handled. */
    override async invoke(event: unknown): Promise<void> {
      if (!(await keep({ body: Buffer.from(JSON.stringify(event)) })))
        throw new Error('the event was not kept');
    }
  }

  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const client = new WSClient({
    appId,
    appSecret,
    domain: apiUrl,
    ...logging,
    handshakeTimeoutMs,
    wsConfig: { pingTimeout: pingTimeoutSeconds },
    onReady: ready.resolve,
    onError(error) {
      ready.reject(error);
      ended.resolve();
    },
  });
  function close(): void {
    client.close();
    ended.resolve();
  }
  signal.addEventListener('abort', () => ready.reject(signal.reason), { once: true });
  try {
    await client.start({ eventDispatcher: new DurableDispatcher(logging) });
    await ready.promise;
  } catch (error) {
    close();
    throw error;
  }
  return {
    ended: ended.promise.then(() => client.close()),
    isOpen: () => client.getConnectionStatus().state === 'connected',
    close,
  };
}

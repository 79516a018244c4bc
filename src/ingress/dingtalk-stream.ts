import { EventEmitter, once } from 'node:events';
import { DWClient, EventAck } from 'dingtalk-stream';
import { z } from 'zod';
import type { StreamAccess } from '../core/handler.ts';
import type { ConnectOptions, StreamConnection } from './stream-connection.ts';

type Access = Extract<StreamAccess, { kind: 'dingtalk' }>;

const openTimeoutMs = 15_000;
/** How long DingTalk may take to answer our closing. */
const closeTimeoutMs = 1_000;

const endpointSchema = z.object({ endpoint: z.string().regex(/^wss?:\/\//), ticket: z.string().min(1) });
const frameSchema = z.looseObject({
  type: z.string(),
  headers: z.looseObject({ messageId: z.string().default('') }),
});

/**
 * Connects to DingTalk's Stream mode. An event is acknowledged with `SUCCESS` after it is kept, and with `LATER` when
 * it is not; one that is not acknowledged at all comes again.
 * Source: github.com/open-dingtalk/developerpedia, docs/learn/stream/protocol.md; dingtalk-stream 2.1.5.
 * @throws when it cannot be opened
 */
export async function connectDingtalk(access: Access, options: ConnectOptions): Promise<StreamConnection> {
  return new DurableClient(access, options).open();
}

/**
 * The official client for one connection. It acknowledges at once whatever a listener returns, a promise too, and a
 * listener that throws ends the process; so the two methods under its listeners are ours. Its own way to reconnect is
 * off: it tells nobody why it failed, doubles with every failure, and goes on after `disconnect`.
 */
class DurableClient extends DWClient {
  readonly #access: Access;
  readonly #options: ConnectOptions;

  constructor(access: Access, options: ConnectOptions) {
    super({ clientId: access.clientId, clientSecret: access.clientSecret, keepAlive: true });
    this.config.autoReconnect = false;
    this.#access = access;
    this.#options = options;
  }

  async open(): Promise<StreamConnection> {
    const signal = AbortSignal.any([this.#options.signal, AbortSignal.timeout(openTimeoutMs)]);
    try {
      await this.getEndpoint(signal);
      await orAbort(this._connect(), signal);
    } catch (error) {
      this.disconnect();
      throw error;
    }
    const socket = this.#socket();
    const ended = once(socket, 'close').then(
      () => this.disconnect(),
      () => this.disconnect(),
    );
    return {
      ended,
      isOpen: () => this.connected,
      close: () => {
        this.disconnect();
        const timer = setTimeout(() => socket.terminate(), closeTimeoutMs);
        void ended.then(() => clearTimeout(timer));
      },
    };
  }

  /** The client's own has no timeout and only one address, and does not say what DingTalk answered. */
  override async getEndpoint(signal?: AbortSignal): Promise<this> {
    const { apiUrl, clientId, clientSecret } = this.#access;
    // Told too late, the HTTP client fails by an `error` event of the body, which nobody could catch.
    signal?.throwIfAborted();
    const response = await fetch(`${apiUrl}/v1.0/gateway/connections/open`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ clientId, clientSecret, subscriptions: [{ type: 'EVENT', topic: '*' }] }),
      redirect: 'error',
      ...(signal && { signal }),
    });
    if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
    const { data } = endpointSchema.safeParse(await response.json());
    if (!data) throw new Error('the gateway named no endpoint');
    Object.assign(this, { dw_url: `${data.endpoint}?ticket=${encodeURIComponent(data.ticket)}` });
    return this;
  }

  /** The client's own throws into the socket what is no JSON. */
  override onDownStream(data: string): void {
    const { data: frame } = frameSchema.safeParse(parseOrNull(String(data)));
    if (frame?.type === 'SYSTEM') super.onDownStream(data);
    else if (frame?.type === 'EVENT') void this.#take(frame);
  }

  async #take(frame: z.output<typeof frameSchema>): Promise<void> {
    const kept = await this.#options.keep({ body: Buffer.from(JSON.stringify(frame)) });
    try {
      this.send(frame.headers.messageId, { status: kept ? EventAck.SUCCESS : EventAck.LATER });
    } catch {
      // The connection is gone. Whatever was not acknowledged comes again, and is known again.
    }
  }

  #socket(): EventEmitter & { terminate(): void } {
    const socket: unknown = Reflect.get(this, 'socket');
    if (!(socket instanceof EventEmitter && 'terminate' in socket)) {
      throw new Error('this dingtalk-stream keeps its socket elsewhere');
    }
    return socket as EventEmitter & { terminate(): void };
  }
}

async function orAbort(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = once(signal, 'abort').then(() => signal.throwIfAborted());
  await Promise.race([work, aborted]);
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

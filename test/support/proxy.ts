import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Stands between two programs, and breaks what is between them. */
export interface TcpProxy {
  /** Where it listens, as `host:port`. */
  readonly address: string;
  leadTo(address: string): void;
  /** Cuts every connection; new ones are let through. */
  cut(): void;
  /** Holds back every piece, in both directions, for so long in milliseconds; 0 = not at all. */
  slow(ms: number): void;
  /** Holds back everything until told otherwise; connections stay. */
  mute(isMute: boolean): void;
  /** Ends every connection towards who made it, and leaves it open towards whom it leads to. */
  halfClose(): void;
  close(): Promise<void>;
}

/** Passes on what comes between a client and whom the proxy leads to. */
export type Relay = (client: Socket, server: Socket) => void;

export interface TcpProxyOptions {
  /** In the place of passing on what comes as it comes. */
  readonly relay?: Relay;
}

export async function openTcpProxy({ relay }: TcpProxyOptions = {}): Promise<TcpProxy> {
  const clients = new Set<Socket>();
  let target = { host: '127.0.0.1', port: 0 };
  let delayMs = 0;
  let released: Promise<void> | null = null;
  let release: () => void = () => undefined;

  async function hold(): Promise<void> {
    if (delayMs > 0) await delay(delayMs);
    while (released) await released;
  }

  /** One piece after the other, whatever changes meanwhile. */
  function passOn(from: Socket, to: Socket): void {
    let before = Promise.resolve();
    from.on('data', (chunk) => {
      before = before.then(hold).then(() => void to.write(chunk));
    });
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    const leading = connect(target);
    clients.add(client);
    for (const [socket, other] of [
      [client, leading],
      [leading, client],
    ] as const) {
      socket.on('error', () => {});
      socket.on('end', () => other.destroy());
      socket.on('close', () => {
        clients.delete(socket);
        other.destroy();
      });
    }
    if (relay) return relay(client, leading);
    passOn(client, leading);
    passOn(leading, client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = (): void => {
    for (const client of clients) client.destroy();
  };
  return {
    address: `127.0.0.1:${Object(server.address()).port}`,
    leadTo(address) {
      const [host = '', port] = address.split(':');
      target = { host, port: Number(port) };
    },
    cut,
    slow(ms) {
      delayMs = ms;
    },
    mute(isMute) {
      release();
      released = isMute
        ? new Promise((resolve) => {
            release = resolve;
          })
        : null;
    },
    halfClose() {
      for (const client of clients) client.end();
    },
    async close() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpServerOptions {
  readonly app: RequestListener;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How long a caller may take to send its headers; 10 s unless told. */
  readonly headersTimeoutMs?: number;
  /** How long a caller may take to send a whole request; 30 s unless told. */
  readonly requestTimeoutMs?: number;
}

export interface HttpServer {
  readonly port: number;
  /**
   * Takes nothing in any more and resolves when all that was in flight is answered. What is not by the deadline is cut
   * off, unanswered.
   */
  close(deadlineMs?: number): Promise<void>;
}

/** Longer than the idle time of common load balancers, so that it is never we who close a connection they reuse. */
const keepAliveTimeoutMs = 75_000;
const idleCheckMs = 50;

/** @throws when the address cannot be listened on */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 30_000 } = options;
  const server = createServer(
    {
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
      keepAliveTimeout: keepAliveTimeoutMs,
    },
    options.app,
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close(deadlineMs = 10_000) {
      return new Promise((resolve) => {
        const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs);
        const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
        server.close(() => {
          clearInterval(idle);
          clearTimeout(deadline);
          resolve();
        });
      });
    },
  };
}

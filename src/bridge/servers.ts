import type { Router } from 'express';
import type { Config } from '../config.ts';
import type { Log } from '../core/log.ts';
import { createHttpApp, type HttpAppOptions } from '../ingress/http.ts';
import { type HttpServer, openHttpServer } from '../ingress/server.ts';

/** What is answered by HTTP. */
export interface ServerRoutes {
  readonly hooks: NonNullable<HttpAppOptions['hooks']>;
  readonly health: Router;
  readonly operator: Router;
  /** Without a router where Slack is reached by a socket of ours. */
  readonly slack: { readonly router: Router | null } | null;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

interface Servers {
  readonly url: string;
  readonly adminUrl: string;
  close(): Promise<void>;
}

/** Opens one server for everything, or one of its own for the operator's side. */
export async function openServers(
  { config, log }: { readonly config: Config; readonly log: Log },
  { hooks, health, operator, slack }: ServerRoutes,
): Promise<Servers> {
  const { host, port, admin, trustProxy } = config.server;
  const outside = slack?.router ? [slack.router, health] : [health];
  const open = (app: Pick<HttpAppOptions, 'hooks' | 'routes'>, address: Address): Promise<HttpServer> =>
    openHttpServer({ app: createHttpApp({ ...app, trustProxy, log }), ...address });
  const main = await open({ hooks, routes: admin ? outside : [...outside, operator] }, { host, port });
  const url = urlOf(host, main.port);
  if (!admin) return { url, adminUrl: url, close: () => main.close() };
  try {
    const own = await open({ routes: [health, operator] }, admin);
    const adminUrl = urlOf(admin.host, own.port);
    return { url, adminUrl, close: async () => void (await Promise.all([main.close(), own.close()])) };
  } catch (error) {
    await main.close();
    throw error;
  }
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

import { type PostgresServer, startPostgres } from './server.ts';

declare global {
  var offboardBridgePostgres: PostgresServer | undefined;
}

/** `TEST_DATABASE_URL` names a server that is there already, whose user may create databases. */
export default async function startServer(): Promise<void> {
  if (process.env.TEST_DATABASE_URL) return;
  globalThis.offboardBridgePostgres = await startPostgres();
  process.env.TEST_DATABASE_URL = globalThis.offboardBridgePostgres.url;
}

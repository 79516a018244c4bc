/** Stops the server that was started for the tests. */
export default async function stopServer(): Promise<void> {
  await globalThis.offboardBridgePostgres?.stop();
}

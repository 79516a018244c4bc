import { join } from 'node:path';
import { type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';

interface BridgeConfigOptions {
  readonly folder: string;
  readonly emulator: Emulator;
  readonly maxResigns: number;
  readonly sources: object;
}

/** A bridge that acts, and holds what is more than so many resigns. */
export function bridgeConfig({ folder, emulator, maxResigns, sources }: BridgeConfigOptions) {
  const { accessKeyId, accessKeySecret } = emulatorDefaults;
  return {
    server: { port: 0 },
    store: { url: `sqlite:${join(folder, 'bridge.db')}` },
    genauth: { host: emulator.url, accessKeyId, accessKeySecret, requestsPerSecond: 1_000 },
    leavers: { dryRun: false, safeguard: { maxResigns, grace: '0ms' } },
    sources,
  };
}

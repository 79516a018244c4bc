import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The bridge as a process of its own, on a store in its folder. */
export interface BridgeProcess {
  start(): void;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Ends it in order. @returns its exit code */
  stop(): Promise<number | null>;
  /** What it has logged, in all its lives. */
  log(): string;
}

export interface BridgeSettings {
  readonly folder: string;
  readonly emulator: Emulator;
  readonly kafka: object;
}

export async function prepareBridge({ folder, emulator, kafka }: BridgeSettings): Promise<BridgeProcess> {
  const file = join(folder, 'bridge.yaml');
  const { accessKeyId, accessKeySecret } = emulatorDefaults;
  const config = {
    server: { port: 0 },
    store: { url: `sqlite:${join(folder, 'bridge.db')}` },
    // Of a short timeout, so that what a killed process had in hand is soon taken up by the next.
    genauth: { host: emulator.url, accessKeyId, accessKeySecret, requestsPerSecond: 2_000, timeout: '1s' },
    leavers: { dryRun: true, safeguard: 'off' },
    sources: { topic: { handler: 'events' } },
    kafka,
  };
  await writeFile(file, stringify(config));
  let bridge: ChildProcess | null = null;
  let log = '';

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (!bridge || bridge.exitCode !== null || bridge.signalCode !== null) return bridge?.exitCode ?? null;
    const exited = once(bridge, 'exit');
    bridge.kill(signal);
    const [code] = await exited;
    return code;
  }

  return {
    start() {
      bridge = spawn(process.execPath, [main, '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [bridge.stdout, bridge.stderr]) {
        stream?.on('data', (chunk) => {
          log += chunk;
        });
      }
    },
    async kill() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
    log: () => log,
  };
}

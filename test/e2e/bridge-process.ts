import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';
import { type RunningProcess, startProcess } from './process.ts';

/** A bridge that dies and comes back, on one store in its folder. */
export interface MortalBridge {
  readonly folder: string;
  start(): RunningProcess;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Ends it in order. @returns its exit code */
  stop(): Promise<number | null>;
}

export interface MortalBridgeOptions {
  readonly folder: string;
  readonly emulator: Emulator;
  /** That section of its configuration; what it consumes is of the source `topic`. */
  readonly kafka: object;
}

export async function prepareBridge(options: MortalBridgeOptions): Promise<MortalBridge> {
  const { folder, emulator, kafka } = options;
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
  const file = join(folder, 'bridge.yaml');
  await writeFile(file, stringify(config));
  let life: RunningProcess | null = null;

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    life?.signal(signal);
    const ended = await life?.ended;
    return ended?.code ?? null;
  }

  return {
    folder,
    start() {
      life = startProcess('src/main.ts', ['--config', file]);
      return life;
    },
    async kill() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
  };
}

import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ownKafkaAvailability } from '../support/kafka/distribution.ts';
import { until } from '../support/until.ts';
import { type Counts, count } from './counts.ts';
import { type LoadOptions, startLoad } from './load.ts';
import { onStage, type Setting, type Stage } from './stage.ts';

/** Something that goes wrong while people leave. */
export interface Scenario {
  readonly says: string;
  readonly setting: Setting;
  readonly load?: LoadOptions;
  /** Goes wrong, and is well again when it resolves. @param scale how much of it: 1 is all */
  readonly trouble: (stage: Stage, scale: number) => Promise<void>;
}

const run = promisify(execFile);
const threeOnPostgres: Setting = { store: 'postgres', replicas: 3 };
const usualLoad: LoadOptions = { senders: 12, pauseMs: 20 };
/** As long as something takes to show, in milliseconds. */
const moment = 1_000;

async function kill({ fleet }: Stage, scale: number): Promise<void> {
  for (let n = 0; n < Math.ceil(3 * scale); n += 1) {
    await delay(moment);
    fleet.replicas[n]?.process.signal('SIGKILL');
    await delay(moment);
    await fleet.start(1);
  }
}

async function restartDatabase({ server }: Stage): Promise<void> {
  await delay(2 * moment);
  await server?.restart();
  await delay(3 * moment);
}

const breakNetwork =
  (between: 'database' | 'genauth' | 'kafka') =>
  async (stage: Stage, scale: number): Promise<void> => {
    const proxy = between === 'kafka' ? stage.kafka?.proxy : stage[between];
    if (!proxy) return;
    await delay(moment);
    proxy.cut();
    await delay(moment);
    proxy.slow(50);
    await delay(3 * moment * scale);
    proxy.slow(0);
    proxy.mute(true);
    await delay(3 * moment * scale);
    proxy.mute(false);
    await delay(moment);
    proxy.halfClose();
    await delay(2 * moment * scale);
  };

/** One bridge's clock is two hours ahead, then two hours behind, then right again; the others' are right. */
async function jumpClock({ fleet }: Stage): Promise<void> {
  for (let jump = 0; jump < 3; jump += 1) {
    await delay(3 * moment);
    fleet.replicas[jump === 0 ? 0 : jump - 1]?.process.signal('SIGUSR2');
  }
  await delay(2 * moment);
}

/** A disk of its own, of 32 megabytes, twice what the log of SQLite may take; only root may mount it. */
async function mountSmallDisk(folder: string): Promise<() => Promise<void>> {
  await run('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=0700', 'tmpfs', folder]);
  return async () => void (await run('umount', ['-l', folder]));
}

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

/** Why a scenario cannot be played on this machine, or `null`. */
export function whyNot({ setting }: Scenario): string | null {
  if (setting.furnish && !canMount) return 'only root may mount a small disk';
  const kafka = ownKafkaAvailability();
  return setting.kafka && !kafka.available ? kafka.reason : null;
}

async function fillDisk({ folder, refusals }: Stage): Promise<void> {
  await delay(moment);
  const filler = join(folder, 'filler');
  await writeFile(filler, Buffer.alloc(64 << 20)).catch(() => undefined);
  await until(() => (refusals.get(503) ?? 0) > 20, 'deliveries are turned away', { patienceMs: 30_000 });
  await delay(2 * moment);
  await rm(filler);
  await delay(2 * moment);
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  kill: {
    says: 'one of three bridges killed (kill -9), again and again',
    setting: threeOnPostgres,
    trouble: kill,
  },
  'postgres-restart': {
    says: 'PostgreSQL restarted under three bridges',
    setting: threeOnPostgres,
    trouble: restartDatabase,
  },
  'postgres-network': {
    says: 'network to PostgreSQL cut, slow, silent, half closed',
    setting: threeOnPostgres,
    trouble: breakNetwork('database'),
  },
  'genauth-network': {
    says: 'network to GenAuth cut, slow, silent, half closed',
    setting: threeOnPostgres,
    trouble: breakNetwork('genauth'),
  },
  'kafka-network': {
    says: 'network to Kafka cut, slow, silent, half closed',
    setting: { ...threeOnPostgres, kafka: true },
    trouble: breakNetwork('kafka'),
  },
  clock: {
    says: 'clocks two hours ahead, then behind',
    setting: {
      ...threeOnPostgres,
      clocksAgree: false,
      env: { NODE_OPTIONS: `--import ${new URL('clock.ts', import.meta.url).href}` },
    },
    trouble: jumpClock,
  },
  'disk-full': {
    says: 'the disk of SQLite full',
    setting: { store: 'sqlite', replicas: 1, furnish: mountSmallDisk },
    trouble: fillDisk,
  },
};

/** Lets people leave while it goes wrong, and counts what became of them. */
export async function play(
  scenario: Scenario,
  scale: number,
  server: Setting['server'] = null,
): Promise<Counts> {
  const { setting, load: options = usualLoad, trouble } = scenario;
  return onStage({ ...setting, server }, async (stage) => {
    const load = startLoad(stage, options);
    try {
      await trouble(stage, scale);
    } finally {
      await load.stop();
    }
    return count(stage, load);
  });
}

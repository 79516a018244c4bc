import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { type Fleet, prepareFleet } from '../e2e/fleet.ts';
import type { Sections } from '../e2e/house.ts';
import { endProcesses } from '../e2e/process.ts';
import { createDatabase } from '../support/postgres/database.ts';
import type { PostgresServer } from '../support/postgres/server.ts';
import { openTcpProxy, type TcpProxy } from '../support/proxy.ts';

/** Everything there is while something goes wrong, each behind what can break it. */
export interface Stage {
  readonly folder: string;
  readonly emulator: Emulator;
  readonly fleet: Fleet;
  readonly genauth: TcpProxy;
  readonly database: TcpProxy;
  readonly server: Pick<PostgresServer, 'restart'> | null;
  /** What acknowledged nothing: how often each status, or `null` for no answer, was given. */
  readonly refusals: Map<number | null, number>;
  /** Whether what the bridges say of when something was can be compared. */
  readonly clocksAgree: boolean;
}

export interface Setting {
  /** How many bridges: one on SQLite, or some on PostgreSQL. */
  readonly store: 'sqlite' | 'postgres';
  readonly replicas: number;
  readonly changes?: Sections;
  /** Told where the clocks of the bridges are set wrong. */
  readonly clocksAgree?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Makes the folder that the bridge lives in another one, and gives what undoes that. */
  readonly furnish?: (folder: string) => Promise<() => Promise<void>>;
  /** The PostgreSQL that may be restarted; a scenario that does so needs it. */
  readonly server?: Stage['server'];
}

/** Sets everything up, and clears it away however it ends. */
export async function onStage<T>(setting: Setting, play: (stage: Stage) => Promise<T>): Promise<T> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-chaos-'));
    undo.unshift(() => rm(folder, { recursive: true }));
    if (setting.furnish) undo.unshift(await setting.furnish(folder));
    const emulator = createEmulator();
    await emulator.start();
    undo.unshift(emulator.close);
    const [genauth, database] = [await openTcpProxy(), await openTcpProxy()];
    undo.unshift(genauth.close, database.close);
    genauth.leadTo(new URL(emulator.url).host);
    const refusals: Stage['refusals'] = new Map();
    const { clocksAgree = true } = setting;
    const fleet = await prepareFleet({
      folder,
      genauth: `http://${genauth.address}`,
      changes: {
        store: { url: await openStore(setting, database, undo) },
        genauth: { timeout: '300ms', requestsPerSecond: 2_000 },
        leavers: { dryRun: false, safeguard: 'off' },
        ...setting.changes,
      },
      env: setting.env ?? {},
      onRefused: (status) => refusals.set(status, (refusals.get(status) ?? 0) + 1),
    });
    undo.unshift(endProcesses);
    await fleet.start(setting.replicas);
    return await play({
      folder,
      emulator,
      fleet,
      genauth,
      database,
      server: setting.server ?? null,
      clocksAgree,
      refusals,
    });
  } finally {
    for (const one of undo) await one();
  }
}

/** @returns the URL of the store, by way of the proxy */
async function openStore(
  { store }: Setting,
  proxy: TcpProxy,
  undo: (() => Promise<unknown>)[],
): Promise<string> {
  if (store === 'sqlite') return 'sqlite:./bridge.db';
  const database = await createDatabase();
  undo.unshift(database.drop);
  const url = new URL(database.url);
  proxy.leadTo(url.host);
  url.host = proxy.address;
  return url.href;
}

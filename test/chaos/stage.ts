import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { type Fleet, prepareFleet } from '../e2e/fleet.ts';
import type { Sections } from '../e2e/house.ts';
import { endProcesses } from '../e2e/process.ts';
import { startKafka } from '../support/kafka/broker.ts';
import { createTopicAt, type TestTopic } from '../support/kafka/topics.ts';
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
  /** A broker with a topic of events and one of outcomes, if there is one. */
  readonly kafka: StageKafka | null;
  /** Whether what the bridges say of when something was can be compared. */
  readonly clocksAgree: boolean;
}

interface StageKafka {
  readonly proxy: TcpProxy;
  readonly events: TestTopic;
  readonly outcomes: TestTopic;
}

export interface Setting {
  /** How many bridges: one on SQLite, or some on PostgreSQL. */
  readonly store: 'sqlite' | 'postgres';
  readonly replicas: number;
  readonly changes?: Sections;
  readonly kafka?: true;
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
    const kafka = setting.kafka ? await openKafka(undo) : null;
    const fleet = await prepareFleet({
      folder,
      genauth: `http://${genauth.address}`,
      changes: {
        store: { url: await openStore(setting, database, undo) },
        genauth: { timeout: '300ms', requestsPerSecond: 2_000 },
        leavers: { dryRun: false, safeguard: 'off' },
        ...(kafka ? sectionsOf(kafka) : {}),
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
      kafka,
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

async function openKafka(undo: (() => Promise<unknown>)[]): Promise<StageKafka> {
  const proxy = await openTcpProxy();
  undo.unshift(proxy.close);
  const broker = await startKafka({ proxy: proxy.address });
  undo.unshift(broker.close);
  proxy.leadTo(broker.proxied);
  const [events, outcomes] = [
    await createTopicAt([broker.plaintext], 3),
    await createTopicAt([broker.plaintext], 3),
  ];
  return { proxy, events, outcomes };
}

function sectionsOf({ proxy, events, outcomes }: StageKafka): Sections {
  return {
    sources: { topic: { handler: 'events' } },
    kafka: {
      brokers: [proxy.address],
      groupId: 'chaos',
      consume: [{ topic: events.name, source: 'topic', from: 'earliest' }],
      outcomes: { topic: outcomes.name },
    },
  };
}

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { SignedDelivery } from '../../src/cli/demo-deliveries.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import {
  type Answer,
  intentsOf,
  read,
  readOutcomes,
  type Sections,
  secrets,
  sectionsFor,
  writeConfig,
} from './house.ts';
import { type RunningProcess, startProcess } from './process.ts';

export interface Replica {
  readonly process: RunningProcess;
  readonly url: string;
}

/** Bridges of one configuration, behind what stands for a load balancer. */
export interface Fleet {
  /** All that were started, also those that are gone. */
  readonly replicas: readonly Replica[];
  /** Starts so many more, and resolves once they are ready. */
  start(count: number): Promise<void>;
  /** Sends it to one after the other until one acknowledges it, and gives the ids of its intents. */
  deliver(delivery: SignedDelivery, first?: number): Promise<readonly string[]>;
  /** Calls the operator API of that replica, or else of the newest; a body makes it a `POST`. */
  ask(path: string, options?: { of?: Replica | undefined; body?: object }): Promise<Answer>;
  /** Every outcome there is, as that replica, or else the newest, tells it. */
  outcomes(of?: Replica): Promise<Outcome[]>;
}

export interface FleetOptions {
  readonly folder: string;
  /** Where GenAuth is. */
  readonly genauth: string;
  readonly changes: Sections;
  /** For the environment of the processes, beside the secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told of every answer that acknowledges nothing: its status, or `null` when there was none. */
  readonly onRefused?: (status: number | null) => void;
}

export async function prepareFleet(options: FleetOptions): Promise<Fleet> {
  const { folder, genauth, changes, env = {}, onRefused = () => undefined } = options;
  const config = join(folder, 'bridge.yaml');
  await writeConfig(config, sectionsFor(genauth), changes);
  const replicas: Replica[] = [];

  async function post({ url }: Replica, delivery: SignedDelivery): Promise<readonly string[] | null> {
    const { source, headers, body } = delivery;
    const signal = AbortSignal.timeout(5_000);
    const answer = await fetch(`${url}/hooks/${source}`, { method: 'POST', headers, body, signal })
      .then(read)
      .catch(() => null);
    if (answer?.status === 200) return intentsOf(answer);
    onRefused(answer?.status ?? null);
    return null;
  }

  async function ask(path: string, { of = replicas.at(-1), body }: Parameters<Fleet['ask']>[1] = {}) {
    const headers = { authorization: `Bearer ${secrets.OLAF_TOKEN}` };
    const posted = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    return read(await fetch(`${of?.url}/v1${path}`, { headers, ...posted }));
  }

  return {
    replicas,
    async start(count) {
      const processes = Array.from({ length: count }, () =>
        startProcess('src/main.ts', ['--config', config], { folder, env: { ...secrets, ...env } }),
      );
      for (const process of processes) {
        const { url } = await process.logged('ready');
        replicas.push({ process, url: z.string().parse(url) });
      }
    },
    async deliver(delivery, first = 0) {
      for (let n = first; ; n += 1) {
        const ids = await post(replicas[n % replicas.length] as Replica, delivery);
        if (ids) return ids;
        await delay(10);
      }
    },
    ask,
    outcomes: (of) => readOutcomes((path) => ask(path, { of })),
  };
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { SignedDelivery } from '../../src/cli/demo-deliveries.ts';
import { type Outcome, outcomeSchema } from '../../src/core/outcome.ts';
import { createEmulator, type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';
import { createDatabase, type TestDatabase } from '../support/postgres/database.ts';
import { auditTrail, event, intentsOf, person, read, secrets, until } from './house.ts';
import { endProcesses, type RunningProcess, startProcess } from './process.ts';

const people = Array.from({ length: 300 }, (_, index) => person(index + 1));
const senders = 12;
const patience = { patienceMs: 40_000, intervalMs: 100 };
const page = z.object({ outcomes: z.array(outcomeSchema), next: z.string().nullable() });

interface Replica {
  readonly process: RunningProcess;
  readonly url: string;
}

describe('three bridges on one PostgreSQL', () => {
  let folder: string;
  let emulator: Emulator;
  let database: TestDatabase;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-e2e-'));
    emulator = createEmulator();
    await emulator.start();
    database = await createDatabase();
  });

  afterEach(async () => {
    await endProcesses();
    await emulator.close();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  async function startReplicas(leavers: object): Promise<Replica[]> {
    const config = join(folder, 'bridge.yaml');
    const { accessKeyId, accessKeySecret } = emulatorDefaults;
    // YAML reads JSON.
    await writeFile(
      config,
      JSON.stringify({
        server: { port: 0, tokens: [{ name: 'olaf', role: 'operator', token: secrets.OLAF_TOKEN }] },
        store: { url: database.url },
        genauth: {
          host: emulator.url,
          accessKeyId,
          accessKeySecret,
          timeout: '200ms',
          requestsPerSecond: 2_000,
        },
        leavers: { dryRun: false, safeguard: 'off', ...leavers },
        retry: { minDelay: '20ms', maxDelay: '200ms' },
        sources: { scripts: { handler: 'standard-webhooks', secrets: [secrets.WEBHOOK_SECRET] } },
      }),
    );
    const processes = [1, 2, 3].map(() => startProcess('src/main.ts', ['--config', config], { folder }));
    return Promise.all(
      processes.map(async (process) => ({
        process,
        url: z.string().parse((await process.logged('ready')).url),
      })),
    );
  }

  async function post(
    { url }: Replica,
    { source, headers, body }: SignedDelivery,
  ): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(5_000);
    return intentsOf(
      await read(await fetch(`${url}/hooks/${source}`, { method: 'POST', headers, body, signal })),
    );
  }

  /** Sends it to one after the other, as a load balancer does, until one acknowledges it. */
  async function deliver(
    replicas: readonly Replica[],
    delivery: SignedDelivery,
    first: number,
  ): Promise<readonly string[]> {
    for (let n = first; ; n += 1) {
      const ids = await post(replicas[n % replicas.length] as Replica, delivery).catch(() => null);
      if (ids) return ids;
      await delay(10);
    }
  }

  async function ask({ url }: Replica, path: string, body?: object): Promise<unknown> {
    const headers = { authorization: `Bearer ${secrets.OLAF_TOKEN}` };
    const posted = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    return (await read(await fetch(`${url}/v1${path}`, { headers, ...posted }))).body;
  }

  async function outcomesOf(replica: Replica): Promise<Outcome[]> {
    const all: Outcome[] = [];
    for (let next: string | null = '0'; next !== null; ) {
      const { outcomes, next: after }: z.output<typeof page> = page.parse(
        await ask(replica, `/outcomes?limit=1000&after=${next}`),
      );
      all.push(...outcomes);
      next = after;
    }
    return all;
  }

  it('lose nothing and do nothing twice when one of them is killed under load', async () => {
    emulator.addUsers(people);
    emulator.setFaults({ calls: [{ kind: 'latency', ms: 5 }] });
    const replicas = await startReplicas({});
    const acknowledged: string[] = [];
    const waiting = people.entries();
    const sender = async (): Promise<void> => {
      for (const [n, { email }] of waiting) {
        const delivery = event('user.resign', { userIdType: 'email', userId: email });
        const ids = await deliver(replicas, delivery, n);
        acknowledged.push(...ids);
        if (acknowledged.length === 100) replicas[0]?.process.signal('SIGKILL');
        expect(await deliver(replicas, delivery, n + 1)).toEqual(ids);
      }
    };
    await Promise.all(Array.from({ length: senders }, sender));
    expect(await replicas[0]?.process.ended).toMatchObject({ signal: 'SIGKILL' });

    const left = replicas[1] as Replica;
    const isOver = ({ type }: Outcome): boolean => type === 'user.resign.succeeded';
    const outcomes = await until(
      async () => {
        const found = await outcomesOf(left);
        return found.filter(isOver).length >= people.length && found;
      },
      'everybody is resigned',
      patience,
    );
    const succeeded = outcomes.filter(isOver).map(({ data }) => ('intentId' in data ? data.intentId : ''));
    expect([...succeeded].sort()).toEqual([...acknowledged].sort());
    expect(emulator.users().every(({ status }) => status === 'Resigned')).toBe(true);
    const resigned = emulator
      .calls()
      .filter(({ endpoint, applied }) => endpoint === 'resign-user-batch' && applied)
      .flatMap(({ input }) => (input as { userIds: string[] }).userIds);
    expect(new Set(resigned).size).toBe(resigned.length);
    const audit = await auditTrail((path) => ask(left, path));
    expect(audit).toMatchObject({ first: 1, fault: null });
    expect(audit.count).toBeGreaterThanOrEqual(outcomes.length);
  }, 90_000);

  it('share the safeguard, a pause and the work', async () => {
    emulator.addUsers(people);
    const replicas = await startReplicas({ safeguard: { maxResigns: 25, grace: '0ms' }, endSessions: false });
    const [first, second, third] = replicas as [Replica, Replica, Replica];
    await ask(first, '/pause', { scope: 'resign', reason: 'a look first' });
    await Promise.all(
      people
        .slice(0, 90)
        .map(({ email }, n) =>
          deliver(replicas, event('user.resign', { userIdType: 'email', userId: email }), n),
        ),
    );
    expect(emulator.calls().filter(({ endpoint }) => endpoint === 'resign-user-batch')).toEqual([]);
    await ask(second, '/resume', { scope: 'resign' });
    const count = (outcomes: readonly Outcome[], type: string): number =>
      outcomes.filter((one) => one.type === type).length;
    const outcomes = await until(
      async () => {
        const found = await outcomesOf(third);
        const settled = count(found, 'user.resign.succeeded') + count(found, 'user.resign.held');
        return settled >= 90 && found;
      },
      'all are resigned or held',
      patience,
    );
    expect([count(outcomes, 'user.resign.succeeded'), count(outcomes, 'user.resign.held')]).toEqual([25, 65]);
    for (const { process } of replicas) process.signal('SIGTERM');
    for (const { process } of replicas) expect((await process.ended).code).toBe(0);
  }, 60_000);
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../src/core/outcome.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { createDatabase, type TestDatabase } from '../support/postgres/database.ts';
import { until } from '../support/until.ts';
import { type Fleet, prepareFleet, type Replica } from './fleet.ts';
import { auditTrail, event, person } from './house.ts';
import { endProcesses } from './process.ts';

const people = Array.from({ length: 300 }, (_, index) => person(index + 1));
const senders = 12;
const patience = { patienceMs: 40_000, intervalMs: 100 };

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

  async function startReplicas(leavers: object, genauth: object = {}): Promise<Fleet> {
    const fleet = await prepareFleet({
      folder,
      genauth: emulator.url,
      changes: {
        store: { url: database.url },
        genauth: { timeout: '200ms', ...genauth },
        leavers: { dryRun: false, safeguard: 'off', ...leavers },
      },
    });
    await fleet.start(3);
    return fleet;
  }

  it('lose nothing and do nothing twice when one of them is killed under load', async () => {
    emulator.addUsers(people);
    emulator.setFaults({ calls: [{ kind: 'latency', ms: 5 }] });
    const fleet = await startReplicas({});
    const { replicas } = fleet;
    const acknowledged: string[] = [];
    const waiting = people.entries();
    const sender = async (): Promise<void> => {
      for (const [n, { email }] of waiting) {
        const delivery = event('user.resign', { userIdType: 'email', userId: email });
        const ids = await fleet.deliver(delivery, n);
        acknowledged.push(...ids);
        if (acknowledged.length === 100) replicas[0]?.process.signal('SIGKILL');
        expect(await fleet.deliver(delivery, n + 1)).toEqual(ids);
      }
    };
    await Promise.all(Array.from({ length: senders }, sender));
    expect(await replicas[0]?.process.ended).toMatchObject({ signal: 'SIGKILL' });

    const isOver = ({ type }: Outcome): boolean => type === 'user.resign.succeeded';
    const outcomes = await until(
      async () => {
        const found = await fleet.outcomes();
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
    const audit = await auditTrail(async (path) => (await fleet.ask(path)).body);
    expect(audit).toMatchObject({ first: 1, fault: null });
    expect(audit.count).toBeGreaterThanOrEqual(outcomes.length);
  }, 90_000);

  it('share the safeguard, a pause and the work', async () => {
    emulator.addUsers(people);
    const fleet = await startReplicas({ safeguard: { maxResigns: 25, grace: '0ms' }, endSessions: false });
    const { replicas } = fleet;
    const [first, second, third] = replicas as [Replica, Replica, Replica];
    await fleet.ask('/pause', { of: first, body: { scope: 'resign', reason: 'a look first' } });
    await Promise.all(
      people
        .slice(0, 90)
        .map(({ email }, n) =>
          fleet.deliver(event('user.resign', { userIdType: 'email', userId: email }), n),
        ),
    );
    expect(emulator.calls().filter(({ endpoint }) => endpoint === 'resign-user-batch')).toEqual([]);
    await fleet.ask('/resume', { of: second, body: { scope: 'resign' } });
    const count = (outcomes: readonly Outcome[], type: string): number =>
      outcomes.filter((one) => one.type === type).length;
    const outcomes = await until(
      async () => {
        const found = await fleet.outcomes(third);
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

  it('keep the rate of calls together, and give that of one that is killed to the others', async () => {
    const requestsPerSecond = 60;
    emulator.addUsers(people);
    const fleet = await startReplicas({ endSessions: false }, { requestsPerSecond, timeout: '5s' });
    const begun = performance.now();
    await Promise.all(
      people.map(({ email }, n) =>
        fleet.deliver(event('user.kick', { userIdType: 'email', userId: email }), n),
      ),
    );
    await until(() => emulator.calls().length >= 120, 'some calls', patience);
    fleet.replicas[0]?.process.signal('SIGKILL');
    const [before, killed] = [emulator.calls().length, performance.now()];
    await until(() => emulator.calls().length >= before + 240, 'more calls', patience);
    const [all, now] = [emulator.calls().length, performance.now()];
    const allowed = (ms: number): number => (ms * requestsPerSecond) / 1_000;
    // A tenth of a second's at once, and tokens, which nobody waits for.
    expect(all).toBeLessThanOrEqual(allowed(now - begun) + 6 + 2 * 3);
    expect(all - before).toBeGreaterThan(allowed(now - killed) / 2);
  }, 60_000);
});

import { createEmulator, type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';
import { tokenEndpoint } from '../../src/emulator/endpoints.ts';
import { createManagementApi } from '../../src/management-api/client.ts';
import { person } from '../e2e/house.ts';
import { until } from '../support/until.ts';
import { atMost, type Figure, median } from './figure.ts';
import { sendLoad, webhookRequest } from './load.ts';
import { startBridge } from './programs.ts';
import { onStore, type StoreKind } from './store.ts';

const rounds = 3;
const leavers = 10_000;
const batchSize = 50;
const concurrency = 4;
const latencyMs = 20;

/**
 * How fast 10,000 leavers are resigned, each looked at before and after, by an emulator that takes 20 ms for a call. The
 * bare counterpart makes the same calls in as many loops, and keeps nothing; the ideal makes them without any cost of
 * its own. Kicks are left out, so that the calls are those of the resigns.
 */
export async function measureDrain(kind: StoreKind): Promise<Figure[]> {
  const emulator = createEmulator();
  await emulator.start();
  const ofIdeal: number[] = [];
  const seconds = { bare: [] as number[], ours: [] as number[] };
  const callsPerThousand: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    prepare(emulator);
    await drainBare(emulator);
    seconds.bare.push(spanOf(emulator).seconds);
    prepare(emulator);
    await drainOurs(emulator, kind);
    const ours = spanOf(emulator);
    seconds.ours.push(ours.seconds);
    callsPerThousand.push(ours.calls / (leavers / 1_000));
    ofIdeal.push(ours.seconds / ((ours.calls * latencyMs) / 1_000 / concurrency));
  }
  await emulator.close();
  const details = { rounds, leavers, concurrency, latencyMs, seconds, callsPerThousand, ofIdeal };
  return [
    { name: `drain.calls.${kind}`, value: Math.max(...callsPerThousand), target: atMost(61), details },
    { name: `drain.time.${kind}`, value: median(ofIdeal), target: atMost(1.5), details },
  ];
}

function prepare(emulator: Emulator): void {
  emulator.reset();
  emulator.addUsers(Array.from({ length: leavers }, (_, index) => person(index + 1)));
  emulator.setFaults({ calls: [{ kind: 'latency', ms: latencyMs }] });
}

/** From the first call of a resign to the last. */
function spanOf(emulator: Emulator): { seconds: number; calls: number } {
  const left = emulator.users().filter(({ status }) => status !== 'Resigned').length;
  if (left > 0) throw new Error(`${left} were not resigned`);
  const calls = emulator.calls().filter(({ endpoint }) => endpoint !== tokenEndpoint);
  const [first, last] = [calls[0]?.at ?? 0, calls.at(-1)?.at ?? 0];
  return { seconds: (last + latencyMs - first) / 1_000, calls: calls.length };
}

async function drainOurs(emulator: Emulator, kind: StoreKind): Promise<void> {
  await onStore(kind, async (store) => {
    const bridge = await startBridge(store, {
      genauth: { host: emulator.url, requestsPerSecond: 2_000, concurrency },
      leavers: { safeguard: 'off', endSessions: false, confirm: true },
    });
    await bridge.ask('/v1/pause', { scope: 'all', reason: 'until all are there' });
    const requests = emulator
      .users()
      .map(({ email }) => webhookRequest('user.resign', { userIdType: 'email', userId: email }));
    await sendLoad(bridge.url, requests);
    await bridge.ask('/v1/resume', { scope: 'all' });
    const isDone = () => emulator.users().every(({ status }) => status === 'Resigned');
    await until(isDone, 'all are resigned', { patienceMs: 120_000, intervalMs: 100 });
    await bridge.stop();
  });
}

async function drainBare(emulator: Emulator): Promise<void> {
  const { accessKeyId, accessKeySecret, userPoolId } = emulatorDefaults;
  const key = { accessKeyId, accessKeySecret, userPoolId };
  const api = createManagementApi({
    ...key,
    host: emulator.url,
    auth: 'token',
    timeoutMs: 10_000,
    arrayEncoding: 'repeat',
  });
  const userIds = emulator.users().map(({ userId }) => userId);
  const batches = Array.from({ length: leavers / batchSize }, (_, index) =>
    userIds.slice(index * batchSize, (index + 1) * batchSize),
  ).values();
  const loop = async (): Promise<void> => {
    for (const batch of batches) {
      const query = { userIdType: 'user_id', userIds: batch } as const;
      await api.getUsers(query);
      await api.resignUsers(query);
      await api.getUsers(query);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  api.close();
}

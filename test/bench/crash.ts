import { setTimeout as sleep } from 'node:timers/promises';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { openStore } from '../../src/store/open.ts';
import { blindResigns } from '../dispatcher/blind-resigns.ts';
import { person } from '../e2e/house.ts';
import { until } from '../support/until.ts';
import { atMost, type Figure } from './figure.ts';
import { type BridgeProgram, startBridge } from './programs.ts';
import { type Acknowledged, createSenders } from './senders.ts';
import { type BenchStore, onStore, type StoreKind } from './store.ts';

const kills = 20;
const people = 2_000;
const senders = 16;
/** How far the bridge gets between two kills: a little further each time, so that it dies at ever other places. */
const progressPerLife = people / kills;

/**
 * Kills the bridge 20 times while people leave and calls go wrong, and counts what was acknowledged and is not there,
 * or was not done, and resigns that were sent blindly.
 */
export function measureCrash(kind: StoreKind): Promise<Figure[]> {
  return onStore(kind, async (store) => {
    const emulator = createEmulator();
    await emulator.start();
    emulator.addUsers(Array.from({ length: people }, (_, index) => person(index + 1)));
    emulator.setFaults({
      calls: [
        { kind: 'latency', ms: 5 },
        { kind: 'timeout', endpoint: 'resign-user-batch', applied: true, probability: 0.1 },
        { kind: 'halfClosed', endpoint: 'resign-user-batch', applied: true, probability: 0.1 },
        { kind: 'http5xx', probability: 0.03 },
      ],
    });
    const acknowledged = await killAgainAndAgain(store, emulator);
    const lost = await countLost(store, emulator, acknowledged);
    const blind = blindResigns(emulator);
    await emulator.close();
    const details = { kills, acknowledged: acknowledged.length, calls: emulator.calls().length, lost, blind };
    return [
      { name: `crash.lost.${kind}`, value: lost.length, target: atMost(0), details },
      { name: `crash.blind.${kind}`, value: blind.length, target: atMost(0), details },
    ];
  });
}

async function killAgainAndAgain(store: BenchStore, emulator: Emulator): Promise<readonly Acknowledged[]> {
  const start = (): Promise<BridgeProgram> =>
    startBridge(store, {
      genauth: { host: emulator.url, requestsPerSecond: 2_000, timeout: '300ms', concurrency: 8 },
      leavers: { safeguard: 'off' },
      retry: { minDelay: '20ms', maxDelay: '200ms', giveUpAfter: '1h' },
    });
  let bridge = await start();
  const sending = createSenders({ url: () => bridge.url, people, senders });
  for (let kill = 1; kill <= kills; kill += 1) {
    const goal = Math.min(people, kill * progressPerLife - (kill % 7) * 5);
    await until(() => sending.acknowledged.length >= goal, `kill ${kill}`, { patienceMs: 60_000 });
    await sleep(kill * 3);
    await bridge.stop('SIGKILL');
    bridge = await start();
  }
  await sending.done;
  const isDone = () => emulator.users().every(({ status }) => status === 'Resigned');
  await until(isDone, 'all are resigned', { patienceMs: 60_000, intervalMs: 100 }).catch(() => undefined);
  await bridge.stop();
  return sending.acknowledged;
}

/** Those whose intent is not in the store, or who are not resigned. */
async function countLost(
  { url }: BenchStore,
  emulator: Emulator,
  acknowledged: readonly Acknowledged[],
): Promise<readonly Acknowledged[]> {
  const store = await openStore({ url, now: Date.now, onNudge: () => undefined });
  try {
    const kept = await Promise.all(
      acknowledged.map(async (one) => {
        const isKept = (await store.findIntent(one.intentId)) !== null;
        return isKept && emulator.user(one.userId)?.status === 'Resigned';
      }),
    );
    return acknowledged.filter((_, index) => !kept[index]);
  } finally {
    await store.close();
  }
}

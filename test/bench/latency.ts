import { setTimeout as sleep } from 'node:timers/promises';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { person } from '../e2e/house.ts';
import { until } from '../support/until.ts';
import { atMost, type Figure, median, quantile } from './figure.ts';
import { sendLoad, webhookRequest } from './load.ts';
import { startBareApp, startBridge } from './programs.ts';
import { onStore, type StoreKind } from './store.ts';

const rounds = 3;
const kicksPerRound = 40;
/** Between two kicks, so that each meets an idle bridge. */
const restMs = 100;

/**
 * One `user.kick` at a time, from the moment that it is sent to the arrival of `kick-users`; against an application
 * that forwards what it receives. Both send to the same emulator.
 */
export function measureLatency(kind: StoreKind): Promise<Figure[]> {
  return onStore(kind, async (store) => {
    const emulator = createEmulator({ now: () => performance.timeOrigin + performance.now() });
    await emulator.start();
    const safeguard = { maxResigns: 20, maxKicks: 1_000_000, per: '1h', grace: '0ms' };
    const genauth = { host: emulator.url, requestsPerSecond: 2_000, kickAppIds: ['app-mail'] };
    const programs = {
      bare: await startBareApp(`${emulator.url}/api/v3/kick-users`),
      ours: await startBridge(store, { genauth, leavers: { safeguard } }),
    };
    const p50Ms = { bare: [] as number[], ours: [] as number[] };
    const p99Ms = { bare: [] as number[], ours: [] as number[] };
    let number = 0;
    const nextNumber = (): number => {
      number += 1;
      return number;
    };
    // The first round only warms up.
    for (let round = 0; round <= rounds; round += 1) {
      for (const who of ['bare', 'ours'] as const) {
        const people = Array.from({ length: kicksPerRound }, () => person(nextNumber()));
        emulator.reset();
        emulator.addUsers(people);
        const latenciesMs: number[] = [];
        for (const { userId } of people) {
          latenciesMs.push(await timeKick(programs[who].url, emulator, userId));
          await sleep(restMs);
        }
        if (round === 0) continue;
        p50Ms[who].push(quantile(latenciesMs, 0.5));
        p99Ms[who].push(quantile(latenciesMs, 0.99));
      }
    }
    await Promise.all([programs.bare.stop(), programs.ours.stop()]);
    await emulator.close();
    const value = median(p50Ms.ours.map((ms, round) => ms / (p50Ms.bare[round] ?? Number.NaN)));
    const details = { rounds, kicksPerRound, p50Ms, p99Ms };
    return [{ name: `latency.${kind}`, value, target: kind === 'sqlite' ? atMost(2.5) : null, details }];
  });
}

async function timeKick(url: string, emulator: Emulator, userId: string): Promise<number> {
  const request = webhookRequest('user.kick', { userIdType: 'user_id', userId });
  const before = emulator.calls().at(-1)?.seq ?? 0;
  const sentAt = performance.timeOrigin + performance.now();
  await sendLoad(url, [request], 1);
  const find = () => emulator.calls().find(({ seq, endpoint }) => seq > before && endpoint === 'kick-users');
  const kick = await until(find, 'the kick arrives', { intervalMs: 1 });
  await until(() => isQuiet(emulator), 'the kick is over', { intervalMs: 1 });
  return kick.at - sentAt;
}

/** Every call was answered; what follows a kick must not be in the way of the next. */
function isQuiet(emulator: Emulator): boolean {
  return emulator.calls().every(({ answeredAfter }) => answeredAfter !== null);
}

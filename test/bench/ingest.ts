import { atLeast, atMost, type Figure, median, quantile } from './figure.ts';
import { nextLeaver, sendLoad, webhookRequest } from './load.ts';
import { startBareApp, startBridge } from './programs.ts';
import { onStore, type StoreKind } from './store.ts';

const rounds = 5;
const requestsPerRound = 6_000;

/**
 * Signed webhooks to durable answers over 64 connections, against the bare application. The resigns wait out a long
 * grace, so that what is measured is taking in, and not what follows.
 */
export function measureIngest(kind: StoreKind): Promise<Figure[]> {
  return onStore(kind, async (store) => {
    const safeguard = { maxResigns: 20, maxKicks: 100, per: '1h', grace: '1d' };
    const programs = {
      bare: await startBareApp(),
      ours: await startBridge(store, { leavers: { safeguard } }),
    };
    const perSecond = { bare: [] as number[], ours: [] as number[] };
    const p50Ms = { bare: [] as number[], ours: [] as number[] };
    const p99Ms = { bare: [] as number[], ours: [] as number[] };
    // The first round only warms up.
    for (let round = 0; round <= rounds; round += 1) {
      const requests = Array.from({ length: requestsPerRound }, () =>
        webhookRequest('user.resign', nextLeaver()),
      );
      for (const who of ['bare', 'ours'] as const) {
        const result = await sendLoad(programs[who].url, requests);
        if (round === 0) continue;
        perSecond[who].push(result.perSecond);
        p50Ms[who].push(quantile(result.latenciesMs, 0.5));
        p99Ms[who].push(quantile(result.latenciesMs, 0.99));
      }
    }
    await Promise.all([programs.bare.stop(), programs.ours.stop()]);
    const ratio = (measured: typeof perSecond): number =>
      median(measured.ours.map((value, round) => value / (measured.bare[round] ?? Number.NaN)));
    const details = { rounds, requestsPerRound, perSecond, p50Ms, p99Ms };
    return [
      { name: `ingest.${kind}`, value: ratio(perSecond), target: atLeast(0.7), details },
      { name: `ingest.p99.${kind}`, value: ratio(p99Ms), target: atMost(3), details },
    ];
  });
}

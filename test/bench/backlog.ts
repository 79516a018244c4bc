import { randomUUID } from 'node:crypto';
import type { AcceptedIntent, Store } from '../../src/store/contract.ts';
import { openStore } from '../../src/store/open.ts';
import { atLeast, atMost, type Figure, median } from './figure.ts';
import { nextLeaver, sendLoad, webhookRequest } from './load.ts';
import { type BridgeProgram, startBridge } from './programs.ts';
import { type BenchStore, onStore, type StoreKind } from './store.ts';

const rounds = 3;
const requestsPerRound = 6_000;
const claimsPerRound = 40;
const batchSize = 50;
const partsPerSeed = 250;
const sizes = { small: 1_000, large: 1_000_000 } as const;
type Size = keyof typeof sizes;
const dayMs = 86_400_000;
const megabyte = 2 ** 20;

/** What a million intents that wait for their day cost those that come and go meanwhile, against a thousand. */
export function measureBacklog(kind: StoreKind): Promise<Figure[]> {
  return onStore(kind, (small) =>
    onStore(kind, async (large) => {
      const stores = { small, large };
      const seedSeconds = { small: await seed(small, 'small'), large: await seed(large, 'large') };
      const { accepted, residentMegabytes } = await measureAccept(stores);
      const claimed = await measureClaim(stores);
      const ratio = (measured: Record<Size, number[]>): number =>
        median(measured.large.map((value, round) => value / (measured.small[round] ?? Number.NaN)));
      const rates = { acceptedPerSecond: accepted, claimedPerSecond: claimed };
      const details = { rounds, sizes, seedSeconds, ...rates, residentMegabytes };
      return [
        { name: `backlog.accept.${kind}`, value: ratio(accepted), target: atLeast(0.6), details },
        { name: `backlog.claim.${kind}`, value: ratio(claimed), target: atLeast(0.6), details },
        { name: `backlog.memory.${kind}`, value: residentMegabytes.large, target: atMost(256), details },
      ];
    }),
  );
}

/** Fills a store with resigns of days to come. @returns how long that took, in seconds */
async function seed({ url }: BenchStore, size: Size): Promise<number> {
  return inStore(url, async (store) => {
    const start = performance.now();
    for (let count = 0; count < sizes[size]; count += 4 * partsPerSeed) {
      const deliveries = Array.from({ length: 4 }, () => acceptLeavers(store, partsPerSeed, dayMs + count));
      await Promise.all(deliveries);
    }
    return (performance.now() - start) / 1_000;
  });
}

async function inStore<T>(url: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ url, now: Date.now, onNudge: () => undefined });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

async function acceptLeavers(store: Store, count: number, delayMs: number): Promise<void> {
  const receivedAt = Date.now();
  await store.accept({
    source: 'bench',
    eventId: randomUUID(),
    retrySpanMs: null,
    contentDigest: randomUUID(),
    receivedAt,
    parts: Array.from({ length: count }, () => acceptedLeaver(receivedAt + delayMs)),
    payload: null,
  });
}

function acceptedLeaver(dueAt: number): AcceptedIntent {
  const { userId, subject, reason } = nextLeaver();
  const facts = {
    action: 'resign',
    identifiers: [{ userIdType: 'email', userId }],
    subject,
    appIds: [],
    reason,
    requestedBy: null,
    actor: null,
    occurredAt: Date.now(),
    effectiveAt: dueAt,
    retryOf: null,
    broughtBy: null,
    traceparent: null,
  } as const;
  const admission = { status: 'pending', dueAt } as const;
  return { kind: 'intent', facts, admission, urgent: false, exempt: false, allSources: false };
}

async function measureAccept(
  stores: Record<Size, BenchStore>,
): Promise<{ accepted: Record<Size, number[]>; residentMegabytes: Record<Size, number> }> {
  const leavers = { safeguard: { maxResigns: 20, maxKicks: 100, per: '1h', grace: '1d' } };
  const bridges: Record<Size, BridgeProgram> = {
    small: await startBridge(stores.small, { leavers }),
    large: await startBridge(stores.large, { leavers }),
  };
  const accepted = { small: [] as number[], large: [] as number[] };
  // The first round only warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const size of ['small', 'large'] as const) {
      const requests = Array.from({ length: requestsPerRound }, () =>
        webhookRequest('user.resign', nextLeaver()),
      );
      const { perSecond } = await sendLoad(bridges[size].url, requests);
      if (round > 0) accepted[size].push(perSecond);
    }
  }
  const residentMegabytes = {
    small: (await bridges.small.residentMemory()) / megabyte,
    large: (await bridges.large.residentMemory()) / megabyte,
  };
  await Promise.all([bridges.small.stop(), bridges.large.stop()]);
  return { accepted, residentMegabytes };
}

/** Claims what is due from among what is not, and settles it, so that every round meets the same. */
async function measureClaim(stores: Record<Size, BenchStore>): Promise<Record<Size, number[]>> {
  const claimed = { small: [] as number[], large: [] as number[] };
  await inStore(stores.small.url, (small) =>
    inStore(stores.large.url, async (large) => {
      for (let round = 0; round <= rounds; round += 1) {
        for (const [size, store] of [
          ['small', small],
          ['large', large],
        ] as const) {
          const perSecond = await claimAll(store);
          if (round > 0) claimed[size].push(perSecond);
        }
      }
    }),
  );
  return claimed;
}

async function claimAll(store: Store): Promise<number> {
  const count = claimsPerRound * batchSize;
  await acceptLeavers(store, count, 0);
  const now = Date.now() + 1;
  const start = performance.now();
  let claimed = 0;
  while (claimed < count) {
    const batch = await store.claim({
      now,
      token: randomUUID(),
      leaseMs: 60_000,
      limits: { kick: 1, resign: batchSize },
      safeguard: [],
    });
    if (!batch) throw new Error('what is due could not be claimed');
    claimed += batch.intents.length;
    const answer = { seenUserId: null, answer: null, bringKick: null };
    const settlement = {
      kind: 'final',
      status: 'simulated',
      confirmed: null,
      dryRun: true,
      failure: null,
    } as const;
    const settlements = batch.intents.map(({ id: intentId }) => ({ intentId, settlement, ...answer }));
    await store.settle(batch.token, settlements, now);
  }
  return (count / (performance.now() - start)) * 1_000;
}

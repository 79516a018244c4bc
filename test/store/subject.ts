import { afterEach, beforeEach } from '@jest/globals';
import type { AcceptReceipt, Batch, ClaimRequest, Store, TendRequest } from '../../src/store/contract.ts';
import { acceptanceOf, claimRequest, email, settleAll, start, succeeded, type Told } from './fixtures.ts';

export interface StoreUnderTest {
  open(): Promise<Store>;
  /** Closes it and opens the same data again. */
  reopen(store: Store): Promise<Store>;
  remove(): Promise<void>;
}

/** The store of the test that is running, and what its tests do over and over. */
export type Subject = ReturnType<typeof storeOfEach>;

/** Opens a store of its own for each test of the `describe` in which this is called. */
export function storeOfEach(make: () => StoreUnderTest) {
  let opened: StoreUnderTest;
  let store: Store;
  let people = 0;

  beforeEach(async () => {
    opened = make();
    store = await opened.open();
  });

  afterEach(async () => {
    await store.close();
    await opened.remove();
  });

  const accept = (told: Told): Promise<AcceptReceipt> => store.accept(acceptanceOf(told));
  /** Accepts an intent, of Ada unless it says otherwise. @returns its id */
  const idOf = async (told: Told): Promise<string> => (await accept(told)).intents[0] ?? '';
  const find = async (id: string) => (await store.findIntent(id))?.intent;
  const placeAll = async (): Promise<void> => {
    while ((await store.sequence(100)) > 0);
  };

  return {
    get store(): Store {
      return store;
    },
    async reopen(): Promise<void> {
      store = await opened.reopen(store);
    },
    accept,
    idOf,
    /** Accepts intents of so many people who were not there before. @returns their ids */
    async burst(count: number, told: Told = {}): Promise<string[]> {
      const ids = [];
      for (let n = 0; n < count; n += 1) {
        people += 1;
        ids.push(await idOf({ identifiers: [email(`new${people}@example.com`)], ...told }));
      }
      return ids;
    },
    async claimed(change?: Partial<ClaimRequest>): Promise<Batch> {
      const batch = await store.claim(claimRequest(change));
      if (!batch) throw new Error('nothing was claimed');
      return batch;
    },
    /** Claims and settles until nothing is left. @returns the ids, in order */
    async drain(request: Partial<ClaimRequest>): Promise<string[]> {
      const ids: string[] = [];
      for (;;) {
        const batch: Batch | null = await store.claim(claimRequest(request));
        if (!batch) return ids;
        ids.push(...batch.intents.map(({ id }) => id));
        await store.settle(batch.token, settleAll(batch, succeeded), request.now ?? start);
      }
    },
    /** Looks after what is held until nothing is left to do. */
    async tend(request: Partial<TendRequest> = {}): Promise<void> {
      while ((await store.tendHeld({ now: start, safeguard: [], askAgainBefore: 0, ...request })) > 0);
    },
    placeAll,
    async outcomeTypes(): Promise<string[]> {
      await placeAll();
      return (await store.outcomesAfter(0, 1_000)).map(({ type }) => type);
    },
    statusOf: async (id: string) => (await find(id))?.status,
    failureOf: async (id: string) => (await find(id))?.failure?.code ?? null,
    messageOf: async (id: string) => (await find(id))?.failure?.message,
  };
}

import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Batch, ClaimRequest } from '../../src/store/contract.ts';
import { createClaimLine } from '../../src/store/postgres/claim-line.ts';

const batch: Batch = { token: 'a', action: 'kick', userIdType: 'email', cap: 50, acted: false, intents: [] };

let looks: { request: ClaimRequest; find: (batch: Batch | null) => void; fail: (error: Error) => void }[];
let claim: (request: ClaimRequest) => Promise<Batch | null>;

beforeEach(() => {
  looks = [];
  claim = createClaimLine((request) => new Promise((find, fail) => looks.push({ request, find, fail })));
});

const request = (limits = { kick: 1, resign: 50 }): ClaimRequest => ({
  now: 0,
  token: 'a',
  leaseMs: 1_000,
  limits,
  safeguard: [],
});

async function looking(count: number): Promise<void> {
  while (looks.length < count) await new Promise((resolve) => setImmediate(resolve));
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('the claims of a process', () => {
  it('look one after the other', async () => {
    const claims = [claim(request()), claim(request())];
    await looking(1);
    await settled();
    expect(looks).toHaveLength(1);
    looks[0]?.find(batch);
    await looking(2);
    looks[1]?.find(batch);
    expect(await Promise.all(claims)).toEqual([batch, batch]);
  });

  it('that wait behind one that finds nothing have their answer; whoever asks after it looked looks again', async () => {
    const claims = [claim(request()), claim(request()), claim(request())];
    await looking(1);
    const later = claim(request());
    looks[0]?.find(null);
    expect(await Promise.all(claims)).toEqual([null, null, null]);
    await looking(2);
    looks[1]?.find(batch);
    expect(await later).toEqual(batch);
    expect(looks).toHaveLength(2);
  });

  it('look for themselves behind one that may not claim everything', async () => {
    const claims = [claim(request({ kick: 1, resign: 0 })), claim(request())];
    await looking(1);
    looks[0]?.find(null);
    await looking(2);
    looks[1]?.find(batch);
    expect(await Promise.all(claims)).toEqual([null, batch]);
  });

  it('are not held up by one that fails', async () => {
    const failing = claim(request());
    const next = claim(request());
    await looking(1);
    looks[0]?.fail(new Error('the database is gone'));
    await expect(failing).rejects.toThrow('gone');
    await looking(2);
    looks[1]?.find(batch);
    expect(await next).toEqual(batch);
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Activity, createActivity } from '../../src/ingress/activity.ts';
import { createActivityNotes } from '../../src/ingress/activity-notes.ts';
import type { Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

let folder: string;
let store: Store;
let now = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
  store = openSqliteStore({ path: join(folder, 'bridge.db') });
  now = 1_000;
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

/** A process that listens to one source. */
function life(): { activity: Activity; tick: () => Promise<number> } {
  const activity = createActivity({ sources: [{ id: 'hr', expectEveryMs: 60_000 }], now: () => now });
  return { activity, ...createActivityNotes({ activity, store, now: () => now }) };
}

const seen = ({ activity }: { activity: Activity }) => activity.report()[0];

describe('the notes of when a source last sent something', () => {
  it('outlive the process', async () => {
    const before = life();
    before.activity.note('hr', 'accepted');
    await before.tick();
    now = 50_000;
    const after = life();
    await after.tick();
    expect(seen(after)).toMatchObject({
      lastDeliveryAt: 1_000,
      knownSince: 1_000,
      receipts: {},
      silent: false,
    });
    now = 61_001;
    expect(seen(after)?.silent).toBe(true);
  });

  it('let a source that has never sent anything grow silent over restarts', async () => {
    await life().tick();
    now = 61_001;
    const after = life();
    expect(seen(after)?.silent).toBe(false);
    await after.tick();
    expect(seen(after)).toMatchObject({ lastDeliveryAt: null, knownSince: 1_000, silent: true });
  });

  it('are shared by the processes of one store, and never go back', async () => {
    const [one, other] = [life(), life()];
    one.activity.note('hr', 'accepted');
    now = 2_000;
    other.activity.note('hr', 'duplicate');
    for (const { tick } of [other, one]) await tick();
    expect([seen(one)?.lastDeliveryAt, seen(other)?.lastDeliveryAt]).toEqual([2_000, 2_000]);
    const third = life();
    await third.tick();
    expect(seen(third)?.lastDeliveryAt).toBe(2_000);
  });

  it('that cannot be read are written anew', async () => {
    await store.keepNote({ key: 'activity:hr', text: 'garbled', expiresAt: 99_000 }, now);
    await life().tick();
    expect(await store.findNote('activity:hr', now)).toBe('{"knownSince":1000,"lastDeliveryAt":null}');
  });
});

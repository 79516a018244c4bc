import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordOutcome } from '../../src/core/outcome.ts';
import { createSequencer } from '../../src/publishers/sequencer.ts';
import type { Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

export interface Trail {
  readonly store: Store;
  /** Records that many decisions, and gives them their places. */
  grow(count: number): Promise<void>;
}

/** Runs a test on a real store of its own. */
export function onTrail(test: (trail: Trail) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
    const store = openSqliteStore({ path: join(folder, 'bridge.db') });
    const sequencer = createSequencer({ store });
    const grow = async (count: number) => {
      for (let i = 0; i < count; i += 1)
        await store.record(recordOutcome({ type: 'operator.decided', source: 'api', time: 0 }));
      await sequencer.tick();
    };
    try {
      await test({ store, grow });
    } finally {
      await store.close();
      await rm(folder, { recursive: true });
    }
  };
}

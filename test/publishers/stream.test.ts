import { describe, expect, it } from '@jest/globals';
import { createStream } from '../../src/publishers/stream.ts';
import type { Store } from '../../src/store/contract.ts';
import { onTrail } from './trail.ts';

const forever = 2_000_000_000;

async function take(pages: AsyncIterator<readonly { data: { position: number } }[]>): Promise<number[]> {
  const { value } = await pages.next();
  return (value ?? []).map(({ data }: { data: { position: number } }) => data.position);
}

describe('the live stream', () => {
  it(
    'gives what is past a position in pages, then what comes when it is nudged',
    onTrail(async ({ store, grow }) => {
      await grow(4);
      const stream = createStream({ store, limit: 2, idleMs: forever });
      const stop = new AbortController();
      const pages = stream.outcomes(1, stop.signal);
      expect(await take(pages)).toEqual([2, 3]);
      expect(await take(pages)).toEqual([4]);
      const next = take(pages);
      await grow(1);
      stream.nudge();
      expect(await next).toEqual([5]);
      stop.abort();
      expect(await pages.next()).toEqual({ done: true, value: undefined });
    }),
  );

  it(
    'looks again by itself, because another process may have given places',
    onTrail(async ({ store, grow }) => {
      const stream = createStream({ store, idleMs: 5 });
      const stop = new AbortController();
      const pages = stream.outcomes(0, stop.signal);
      const next = take(pages);
      await grow(1);
      expect(await next).toEqual([1]);
      stop.abort();
    }),
  );

  it(
    'does not miss a nudge that comes between the look and the wait',
    onTrail(async ({ store, grow }) => {
      let looks = 0;
      const nudging: Pick<Store, 'outcomesAfter'> = {
        async outcomesAfter(position, limit) {
          const page = await store.outcomesAfter(position, limit);
          looks += 1;
          if (looks === 1) {
            await grow(1);
            stream.nudge();
          }
          return page;
        },
      };
      const stream = createStream({ store: nudging, idleMs: forever });
      const pages = stream.outcomes(0, new AbortController().signal);
      expect(await take(pages)).toEqual([1]);
      await pages.return();
    }),
  );

  it(
    'ends a reader that waits when its signal says so, and one that asks after that',
    onTrail(async ({ store }) => {
      const stream = createStream({ store, idleMs: forever });
      const stop = new AbortController();
      const waiting = stream.outcomes(0, stop.signal).next();
      await store.figures(0);
      stop.abort();
      expect((await waiting).done).toBe(true);
      expect((await stream.outcomes(0, stop.signal).next()).done).toBe(true);
    }),
  );

  it(
    'wakes every reader',
    onTrail(async ({ store, grow }) => {
      const stream = createStream({ store, idleMs: forever });
      const { signal } = new AbortController();
      const readers = [stream.outcomes(0, signal), stream.outcomes(0, signal)];
      const waiting = Promise.all(readers.map(take));
      await grow(1);
      stream.nudge();
      expect(await waiting).toEqual([[1], [1]]);
      for (const reader of readers) await reader.return();
    }),
  );
});

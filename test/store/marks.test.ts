import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createFreshMarks, firstCharacters } from '../../src/store/sqlite/fresh-marks.ts';
import { createMarkFilter } from '../../src/store/sqlite/mark-filter.ts';

const markOf = (n: number): string => hash('sha256', String(n), 'base64url').slice(0, 22);

describe('fresh marks', () => {
  it('are what the transactions that were committed have added, and not taken', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('add' as const),
        mark: fc.nat({ max: 30 }),
        isNext: fc.boolean(),
      }),
      fc.record({ kind: fc.constant('take' as const), like: fc.nat({ max: 30 }) }),
      fc.constantFrom({ kind: 'commit' as const }, { kind: 'rollback' as const }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const fresh = createFreshMarks();
        let kept = new Map<string, Set<number>>();
        let now = copy(kept);
        let intent = 1;
        for (const one of steps) {
          if (one.kind === 'add') {
            const mark = markOf(one.mark);
            if (one.isNext) intent += 1;
            fresh.add(mark, intent);
            now.set(mark, (now.get(mark) ?? new Set()).add(intent));
          } else if (one.kind === 'take') {
            const first = markOf(one.like).charCodeAt(0);
            const expected = [...now].filter(([mark]) => mark.charCodeAt(0) === first).sort(byMark);
            expect(fresh.take(first)).toEqual(
              expected.flatMap(([mark, intents]) => [...intents].flatMap((number) => [mark, number])),
            );
            for (const [mark] of expected) now.delete(mark);
          } else if (one.kind === 'commit') {
            fresh.commit();
            kept = copy(now);
          } else fresh.rollback();
          if (one.kind === 'add' || one.kind === 'take') continue;
          now = copy(kept);
          const all = Array.from({ length: 31 }, (_, n) => markOf(n));
          expect(all.map(fresh.find)).toEqual(all.map((mark) => [...(now.get(mark) ?? [])]));
          expect(fresh.count()).toBe([...now.values()].reduce((sum, { size }) => sum + size, 0));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('begin with one of the characters of base64url, which are in the order of the file', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    expect(firstCharacters).toEqual([...alphabet].map((one) => one.charCodeAt(0)).sort((a, b) => a - b));
  });
});

const byMark = ([one]: [string, unknown], [other]: [string, unknown]): number => (one < other ? -1 : 1);

function copy(marks: ReadonlyMap<string, ReadonlySet<number>>): Map<string, Set<number>> {
  return new Map([...marks].map(([mark, intents]) => [mark, new Set(intents)]));
}

describe('the filter of marks', () => {
  it('knows all that it was told, and hardly anything else', () => {
    const filter = createMarkFilter();
    const count = 50_000;
    for (let n = 0; n < count; n += 1) filter.add(markOf(n));
    const known = (from: number): number => {
      let found = 0;
      for (let n = from; n < from + count; n += 1) if (filter.mayHave(markOf(n))) found += 1;
      return found;
    };
    expect(known(0)).toBe(count);
    expect(known(count)).toBeLessThan(count / 1_000);
  });
});

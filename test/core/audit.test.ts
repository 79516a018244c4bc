import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AuditReport, createAudit, type Witness } from '../../src/core/audit.ts';
import {
  firstPreviousHash,
  type Outcome,
  outcomeHash,
  placeOutcome,
  recordOutcome,
} from '../../src/core/outcome.ts';

function trailOf(count: number): Outcome[] {
  const trail: Outcome[] = [];
  for (let position = 1; position <= count; position += 1) {
    const before = trail.at(-1);
    const draft = recordOutcome({ type: 'audit.checkpoint', source: 'audit', time: position * 1_000 });
    const previousHash = before ? outcomeHash(before) : firstPreviousHash;
    trail.push(placeOutcome(draft, { id: `s-o${position}`, position, previousHash }));
  }
  return trail;
}

function audit(trail: readonly Outcome[], told: readonly Outcome[] = []): AuditReport {
  const witnesses = new Map(told.map(({ data }): [number, Witness] => [data.position, data]));
  const following = createAudit(witnesses);
  for (const outcome of trail) if (!following.add(outcome)) break;
  return following.end();
}

/** Gives a trail new hashes from some entry on, as somebody with the database in hand could. */
function rewrite(trail: readonly Outcome[], index: number, reason: string): Outcome[] {
  const forged: Outcome[] = [];
  for (const [at, outcome] of trail.entries()) {
    const before = forged.at(-1);
    const previousHash = before ? outcomeHash(before) : firstPreviousHash;
    const data = { ...outcome.data, previousHash, ...(at === index ? { reason } : {}) } as Witness;
    forged.push({ ...outcome, data });
  }
  return forged;
}

const size = 8;
const trail = trailOf(size);
const index = fc.integer({ min: 0, max: size - 2 });

describe('an audit', () => {
  it('finds a trail whole, and says where it ends', () => {
    const last = trail.at(-1);
    const head = last ? outcomeHash(last) : null;
    expect(audit(trail)).toEqual({ count: size, first: 1, last: size, head, fault: null });
    expect(audit(trail, trail).fault).toBeNull();
    expect(audit([])).toEqual({ count: 0, first: null, last: null, head: null, fault: null });
  });

  it('lets a trail begin late, after pruning', () => {
    expect(audit(trail.slice(3), trail)).toMatchObject({ count: 5, first: 4, fault: null });
  });

  it('finds any entry that was altered, whichever part of it', () => {
    const change = fc.constantFrom<(outcome: Outcome) => Outcome>(
      (outcome) => ({ ...outcome, type: 'user.kick.succeeded' }),
      (outcome) => ({ ...outcome, time: '2026-01-01T00:00:00.000Z' }),
      (outcome) => ({ ...outcome, data: { ...outcome.data, reason: 'another' } as Witness }),
    );
    fc.assert(
      fc.property(index, change, (at, alter) => {
        const altered = trail.map((one, i) => (i === at ? alter(one) : one));
        expect(audit(altered).fault).toMatchObject({ kind: 'altered', position: at + 1 });
      }),
    );
  });

  it('finds any entry that was removed, but the first ones', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: size - 2 }), (at) => {
        expect(audit(trail.toSpliced(at, 1)).fault).toMatchObject({ kind: 'removed', position: at + 1 });
      }),
    );
  });

  it('finds any entry that was put in, or moved', () => {
    fc.assert(
      fc.property(index, index, (from, to) => {
        const copy = trail[from];
        if (!copy) throw new Error('no entry');
        expect(audit(trail.toSpliced(to + 1, 0, copy)).fault).not.toBeNull();
      }),
    );
  });

  it('finds a cut tail, an altered end and a trail written anew by what was published', () => {
    expect(audit(trail.slice(0, 5)).fault).toBeNull();
    expect(audit(trail.slice(0, 5), trail).fault).toMatchObject({ kind: 'cut', position: 6 });
    expect(audit([], trail).fault).toMatchObject({ kind: 'cut', position: 1 });
    const forged = rewrite(trail, 2, 'nothing happened');
    expect(audit(forged).fault).toBeNull();
    expect(audit(forged, trail).fault).toMatchObject({ kind: 'altered', position: 3 });
    expect(audit(forged, trail.slice(6)).fault).toMatchObject({ kind: 'altered', position: 7 });
    const end = rewrite(trail, size - 1, 'nothing happened');
    expect(audit(end, trail).fault).toMatchObject({ kind: 'altered', position: size });
  });

  it('does not take a late entry for the first', () => {
    const [, second] = trail;
    if (!second) throw new Error('no entry');
    const posing = { ...second, data: { ...second.data, position: 1 } };
    expect(audit([posing]).fault).toMatchObject({ kind: 'altered', position: 1 });
  });
});

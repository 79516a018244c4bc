import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AuditReport,
  agrees,
  createAudit,
  exportEntry,
  importEntry,
  type Witness,
} from '../../src/core/audit.ts';
import {
  firstPreviousHash,
  type Outcome,
  placeOutcome,
  pruningOutcome,
  recordOutcome,
} from '../../src/core/outcome.ts';
import { eraseOutcome, newSalt, outcomeHash, sealDigest, type TrailEntry } from '../../src/core/seal.ts';

/** Of an intent, so far as an audit looks at it. */
function draftOf(position: number) {
  const data = {
    intentId: `s-${position}`,
    person: `key-${position}`,
    userId: `user-${position}`,
    subject: `${position}`,
    reason: 'last day',
    requestedBy: null,
    decisions: [{ by: 'api:ada', reason: 'seen' }],
    answer: { statusCode: 200, message: `user-${position} is gone` },
  };
  return {
    type: 'user.resign.succeeded',
    source: 'hr',
    subject: `email:user-${position}`,
    time: position * 1_000,
    data,
  };
}

/** A trail of which every third entry is from before there were seals. */
function trailOf(count: number): TrailEntry[] {
  const trail: TrailEntry[] = [];
  for (let position = 1; position <= count; position += 1) {
    const before = trail.at(-1);
    const previousHash = before ? outcomeHash(before.outcome, before.seal) : firstPreviousHash;
    const outcome = placeOutcome(draftOf(position), { id: `s-o${position}`, position, previousHash });
    trail.push({ outcome, seal: position % 3 === 0 ? null : { salt: newSalt() } });
  }
  return trail;
}

function erased({ outcome, seal }: TrailEntry): TrailEntry {
  if (!seal || !('salt' in seal)) throw new Error('it has no salt');
  return { outcome: eraseOutcome(outcome), seal: { digest: sealDigest(outcome, seal.salt) } };
}

function audit(trail: readonly TrailEntry[], told: readonly TrailEntry[] = []): AuditReport {
  const witnesses = new Map(told.map(({ outcome: { data } }): [number, Witness] => [data.position, data]));
  const following = createAudit(witnesses);
  for (const entry of trail) if (!following.add(entry)) break;
  return following.end();
}

function change({ outcome, seal }: TrailEntry, data: object): TrailEntry {
  return { outcome: { ...outcome, data: { ...outcome.data, ...data } as Witness }, seal };
}

/** Gives a trail new hashes from some entry on, as somebody with the database in hand could. */
function rewrite(trail: readonly TrailEntry[], index: number, reason: string): TrailEntry[] {
  const forged: TrailEntry[] = [];
  for (const [at, entry] of trail.entries()) {
    const before = forged.at(-1);
    const previousHash = before ? outcomeHash(before.outcome, before.seal) : firstPreviousHash;
    forged.push(change(entry, { previousHash, ...(at === index ? { reason } : {}) }));
  }
  return forged;
}

/** A trail with a checkpoint at its end that says that the first entries were pruned, and without them. */
function pruned(trail: readonly TrailEntry[], count: number, hash?: string): TrailEntry[] {
  const [last, end] = [trail[count - 1], trail.at(-1)];
  if (!last || !end) throw new Error('no entry');
  const pruning = { position: count, hash: hash ?? outcomeHash(last.outcome, last.seal) };
  const place = { id: 's-p', position: trail.length + 1, previousHash: outcomeHash(end.outcome, end.seal) };
  const checkpoint = { outcome: placeOutcome(pruningOutcome(pruning, 0), place), seal: { salt: newSalt() } };
  return [...trail.slice(count), checkpoint];
}

const size = 8;
const trail = trailOf(size);
const index = fc.integer({ min: 0, max: size - 2 });

describe('an audit', () => {
  it('finds a trail whole, and says where it ends', () => {
    const last = trail.at(-1);
    const head = last ? outcomeHash(last.outcome, last.seal) : null;
    const whole = { count: size, first: 1, last: size, head, erased: 0, prunedBy: null, fault: null };
    expect(audit(trail)).toEqual(whole);
    expect(audit(trail, trail).fault).toBeNull();
    const nothing = { count: 0, first: null, last: null, head: null, erased: 0, prunedBy: null, fault: null };
    expect(audit([])).toEqual(nothing);
  });

  it('lets a trail begin late where a checkpoint says that it was pruned', () => {
    expect(audit(pruned(trail, 3))).toMatchObject({ count: 6, first: 4, prunedBy: 9, fault: null });
    // Pruned once more while it was being read.
    expect(audit([...trail.slice(0, 2), ...pruned(trail, 2)])).toMatchObject({ first: 1, fault: null });
    expect(audit(trail.slice(3), trail).fault).toMatchObject({ kind: 'removed', position: 1 });
    expect(audit(pruned(trail, 3).slice(2)).fault).toMatchObject({ kind: 'removed', position: 4 });
    expect(audit(pruned(trail, 3, 'f'.repeat(64))).fault).toMatchObject({ kind: 'altered', position: 4 });
  });

  it('holds when what is personal of any entry with a seal was erased', () => {
    const sealed = fc.uniqueArray(fc.constantFrom<number[]>(0, 1, 3, 4, 6, 7));
    fc.assert(
      fc.property(sealed, (chosen) => {
        const some = trail.map((entry, at) => (chosen.includes(at) ? erased(entry) : entry));
        expect(audit(some, trail)).toMatchObject({ erased: chosen.length, fault: null });
        expect(audit(trail, some).fault).toBeNull();
        expect(JSON.stringify(some.filter((_, at) => chosen.includes(at)))).not.toMatch(
          /user-|key-|seen|last/,
        );
      }),
    );
  });

  it('finds an erased entry that was altered, or given another text', () => {
    const texts = [{ userId: 'mallory' }, { reason: 'another' }, { person: 'key-9' }, { intentId: 's-99' }];
    for (const text of texts) {
      const altered = trail.map((entry, at) => (at === 3 ? change(erased(entry), text) : entry));
      expect(audit(altered).fault).toMatchObject({ kind: 'altered', position: 4 });
    }
    const told = trail.map((entry, at) => (at === 7 ? change(entry, { intentId: 's-99' }) : entry));
    const end = trail.map((entry, at) => (at === 7 ? erased(entry) : entry));
    expect(audit(end, told).fault).toMatchObject({ kind: 'altered', position: 8 });
  });

  it('finds a seal that was taken off, put on, or changed', () => {
    for (const [at, seal] of [
      [0, null],
      [2, { salt: newSalt() }],
      [3, { salt: newSalt() }],
    ] as const) {
      const altered = trail.map((entry, n) => (n === at ? { ...entry, seal } : entry));
      expect(audit(altered).fault).toMatchObject({ kind: 'altered', position: at + 1 });
    }
  });

  it('takes no other entry for an erased one', () => {
    const record = recordOutcome({ type: 'operator.decided', source: 'api', time: 0, reason: null });
    const data = { ...record.data, position: 1, previousHash: '' } as Witness;
    expect(agrees(data, { ...data, reason: 'an incident' } as Witness)).toBe(false);
  });

  it('comes out of an export as it went in', () => {
    const [first, second, third] = trail;
    if (!first || !second || !third) throw new Error('no entry');
    for (const entry of [first, erased(second), third]) {
      expect(importEntry(JSON.parse(JSON.stringify(exportEntry(entry))))).toEqual(entry);
    }
  });

  it('finds any entry that was altered, whichever part of it', () => {
    const anyChange = fc.constantFrom<(outcome: Outcome) => Outcome>(
      (outcome) => ({ ...outcome, type: 'user.kick.succeeded' }),
      (outcome) => ({ ...outcome, time: '2026-01-01T00:00:00.000Z' }),
      (outcome) => ({ ...outcome, data: { ...outcome.data, reason: 'another' } as Witness }),
    );
    fc.assert(
      fc.property(index, anyChange, (at, alter) => {
        const altered = trail.map((one, i) => (i === at ? { ...one, outcome: alter(one.outcome) } : one));
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
    expect(audit([change(second, { position: 1 })]).fault).toMatchObject({ kind: 'altered', position: 1 });
  });
});

import { describe, expect, it } from '@jest/globals';
import { applyResolution, identifierInTurn, needsLookup, waitingSince } from '../../src/core/intent.ts';

describe('the identifier in turn', () => {
  const identifiers = [
    { userIdType: 'external_id', userId: '1001' },
    { userIdType: 'email', userId: 'ada@example.com' },
  ] as const;

  it('is the one that the index points at', () => {
    expect(identifierInTurn({ identifiers, identifierIndex: 0 })).toBe(identifiers[0]);
    expect(identifierInTurn({ identifiers, identifierIndex: 1 })).toBe(identifiers[1]);
  });

  it('cannot lie past the end', () => {
    expect(() => identifierInTurn({ identifiers, identifierIndex: 2 })).toThrow('intent has no identifier 2');
  });
});

describe('an intent whose event carried an id only', () => {
  const identifiers = [{ userIdType: 'external_id', userId: '7' }] as const;
  const found = [{ userIdType: 'email', userId: 'ada@example.com' }] as const;
  const day = { identifiers: found, effectiveAt: 500, settled: false };

  it('needs a look-up until that is settled; any other needs none', () => {
    expect(needsLookup({})).toBe(false);
    expect(needsLookup({ reference: '7' })).toBe(true);
    expect(needsLookup({ reference: '7', resolution: day })).toBe(true);
    expect(needsLookup({ reference: '7', resolution: { ...day, settled: true } })).toBe(false);
  });

  it('has what was found in the place of what its event said, and keeps its day where none was found', () => {
    const facts = { identifiers, effectiveAt: 100, reason: 'last day' };
    expect(applyResolution(facts, null)).toBe(facts);
    expect(applyResolution(facts, day)).toEqual({ ...facts, identifiers: found, effectiveAt: 500 });
    expect(applyResolution(facts, { ...day, effectiveAt: null })).toEqual({ ...facts, identifiers: found });
  });
});

describe('the age by which an intent is given up', () => {
  const decision = { by: 'api:ada', verdict: 'approved', reason: null } as const;

  it('counts from its arrival', () => {
    expect(waitingSince({ receivedAt: 100, effectiveAt: null, decisions: [] })).toBe(100);
    expect(waitingSince({ receivedAt: 100, effectiveAt: 50, decisions: [] })).toBe(100);
  });

  it('does not count the time until its date', () => {
    expect(waitingSince({ receivedAt: 100, effectiveAt: 500, decisions: [] })).toBe(500);
  });

  it('does not count the time until a person released it', () => {
    const decisions = [
      { ...decision, at: 600 },
      { ...decision, at: 900 },
    ];
    expect(waitingSince({ receivedAt: 100, effectiveAt: 500, decisions })).toBe(900);
  });
});

import { describe, expect, it } from '@jest/globals';
import { identifierInTurn, waitingSince } from '../../src/core/intent.ts';

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

import { describe, expect, it } from '@jest/globals';
import { isKnownToken, isSameText } from '../../src/core/authenticity.ts';

describe('a static token', () => {
  it('is known when it is one of ours, whole', () => {
    expect(isKnownToken('new token', ['old token', 'new token'])).toBe(true);
    expect(isKnownToken('new token', ['new token', 'old token'])).toBe(true);
    expect(isKnownToken('new toke', ['new token'])).toBe(false);
    expect(isKnownToken('new token ', ['new token'])).toBe(false);
  });

  it('is not known when there is none, on either side', () => {
    expect(isKnownToken(undefined, ['a token'])).toBe(false);
    expect(isKnownToken('', ['a token'])).toBe(false);
    expect(isKnownToken('a token', [])).toBe(false);
    expect(isKnownToken(undefined, [''])).toBe(false);
    expect(isKnownToken('', [''])).toBe(false);
  });
});

it('two texts are told apart, whatever their lengths', () => {
  expect(isSameText('a', 'a')).toBe(true);
  for (const other of ['b', '', 'aa']) expect(isSameText('a', other)).toBe(false);
});

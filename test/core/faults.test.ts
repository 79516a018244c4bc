import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { formatPath, listFaults } from '../../src/core/faults.ts';

describe('faults', () => {
  it('are told all at once, each with its path; those of the whole are of the body', () => {
    const shape = z.object({ people: z.array(z.object({ id: z.string('is no text') })) }, 'is no object');
    const faultsOf = (value: unknown) => listFaults(shape.safeParse(value).error ?? new z.ZodError([]));
    expect(faultsOf({ people: [{ id: 1 }, { id: 'a' }, { id: null }] })).toEqual([
      'people[0].id: is no text',
      'people[2].id: is no text',
    ]);
    expect(faultsOf(7)).toEqual(['body: is no object']);
  });
});

describe('a path', () => {
  it('is written as one would in code', () => {
    expect(formatPath(['sources', 'hr', 'secrets', 0])).toBe('sources.hr.secrets[0]');
    expect(formatPath([0, 'a'])).toBe('[0].a');
    expect(formatPath([])).toBe('');
  });
});

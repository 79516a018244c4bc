import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { MalformedDelivery } from '../../src/core/delivery.ts';
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

  it('do not quote the keys that a sender made up', () => {
    const shape = z.strictObject({ data: z.strictObject({}).optional() });
    const faultsOf = (value: unknown) => listFaults(shape.safeParse(value).error ?? new z.ZodError([]));
    expect(faultsOf({ 'ada@example.com': 1 })).toEqual(['body: has an unknown key']);
    expect(faultsOf({ data: { Ada: 1, Grace: 2 } })).toEqual(['data: has 2 unknown keys']);
  });

  it('are cut where they are long or many, and not once more', () => {
    const { faults } = new MalformedDelivery(...Array.from({ length: 99 }, () => 'x'.repeat(1_000)));
    expect(faults).toHaveLength(20);
    expect(faults[18]).toBe(`${'x'.repeat(199)}…`);
    expect(faults[19]).toBe('and 80 more');
    expect(new MalformedDelivery(...faults).faults).toEqual(faults);
    const twenty = Array.from({ length: 20 }, () => 'x'.repeat(200));
    expect(new MalformedDelivery(...twenty).faults).toEqual(twenty);
    const people = z.array(z.string('is no text')).safeParse(Array.from({ length: 200_000 }, () => 1));
    expect(() => new MalformedDelivery(...listFaults(people.error ?? new z.ZodError([])))).not.toThrow();
  });
});

describe('a path', () => {
  it('is written as one would in code', () => {
    expect(formatPath(['sources', 'hr', 'secrets', 0])).toBe('sources.hr.secrets[0]');
    expect(formatPath([0, 'a'])).toBe('[0].a');
    expect(formatPath([])).toBe('');
  });
});

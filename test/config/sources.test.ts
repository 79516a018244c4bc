import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type Config, parseConfig } from '../../src/config.ts';
import { defineHandler } from '../../src/core/handler.ts';
import { acme, faults, faultsOf, handlers, minimal, parse, parseText, withSource } from './fixtures.ts';

describe('a source', () => {
  it('has the keys of the engine beside the settings of its handler', () => {
    const keys = { ...acme, tenant: 'acme-inc', actions: ['kick'], dryRun: true, expectEvery: '1d' };
    expect(parse(withSource(keys)).sources.hr).toEqual({
      id: 'hr',
      kind: 'acme',
      handler: handlers.acme,
      settings: { secrets: ['secret-1'], identifyBy: ['email'], tenant: 'acme-inc', limit: 5, strict: false },
      actions: ['kick'],
      dryRun: true,
      expectEveryMs: 86_400_000,
      safeguard: null,
    });
  });

  it('may say with null that an optional key is not used, whatever its handler has', () => {
    const unused = { tenant: null, dryRun: null, expectEvery: null };
    expect(parse(withSource({ ...acme, ...unused })).sources.hr).toMatchObject({
      dryRun: null,
      expectEveryMs: null,
    });
    expect(parse(withSource({ handler: 'plain', key: 'k', ...unused })).sources.hr).toMatchObject({
      settings: { key: Buffer.from('k') },
      actions: ['kick', 'resign', 'withdraw'],
    });
  });

  it('may have limits of its own, one or several', () => {
    const limitsOf = (safeguard: object | null) =>
      parse(withSource({ ...acme, safeguard })).sources.hr?.safeguard;
    const limit = { maxResigns: 5, maxPercent: null, maxKicks: null, perMs: 3_600_000 };
    expect(limitsOf(null)).toBeNull();
    expect(limitsOf({ maxResigns: 5 })).toEqual([limit]);
    expect(limitsOf({ limits: [{ maxResigns: 5 }, { maxKicks: 2, per: '1d' }] })).toEqual([
      limit,
      { maxResigns: null, maxPercent: null, maxKicks: 2, perMs: 86_400_000 },
    ]);
    expect(faults(withSource({ ...acme, safeguard: { maxResigns: 5, maxKick: 5 } }))).toEqual([
      'sources.hr.safeguard.maxKick: is not a known key; did you mean maxKicks?',
    ]);
  });

  it('may not name a tenant that its handler cannot compare', () => {
    expect(faults(withSource({ handler: 'plain', key: 'k', tenant: 't1' }))).toEqual([
      'sources.hr.tenant: cannot be checked: deliveries of this handler name no tenant',
    ]);
  });

  it('is told every fault of its own settings, refinements included', () => {
    expect(faults(withSource({ handler: 'acme', secret: 'x', identifyBy: ['name'], actions: [] }))).toEqual([
      'sources.hr.secret: is not a known key of this handler; did you mean secrets?',
      'sources.hr.actions: must have at least 1 entries',
      expect.stringMatching(/^sources\.hr\.secrets: is required$/),
      'sources.hr.identifyBy[0]: is not one of email, external_id',
    ]);
    expect(faults(withSource({ handler: 'acme', secrets: ['secret-1', 'secret-1'] }))).toEqual([
      'sources.hr.secrets: has a secret twice',
    ]);
  });

  it('is told of whatever a handler may ask for', () => {
    const settings = z.strictObject({
      either: z.union([z.string(), z.number()]),
      email: z.email(),
      ratio: z.number().gt(0).lt(1),
      more: z.number().gt(0).lt(1),
      list: z.array(z.string()).max(1),
      code: z.string().max(3),
      map: z.map(z.string(), z.string()),
      inner: z.looseObject({ x: z.strictObject({}) }),
      closed: z.record(z.enum(['a', 'b']), z.number()),
    });
    const odd = defineHandler({ settings, verify: () => {}, normalize: () => [] });
    const source = {
      handler: 'odd',
      email: 'x',
      ratio: 0,
      more: 1,
      list: ['a', 'b'],
      code: 'abcd',
      map: 1,
      inner: { x: { y: 1 } },
      closed: { a: 1, b: 2, c: 3 },
    };
    const read = (): Config => parseConfig(stringify(withSource(source)), { env: {}, handlers: { odd } });
    expect(faultsOf(read)).toEqual([
      'sources.hr.either: is required',
      'sources.hr.email: Invalid email address',
      'sources.hr.ratio: must be more than 0',
      'sources.hr.more: must be less than 1',
      'sources.hr.list: must have at most 1 entries',
      'sources.hr.code: must have at most 3 characters',
      'sources.hr.map: is not map',
      'sources.hr.inner.x.y: is not a known key',
      'sources.hr.closed.c: is not a known key',
    ]);
  });

  it('needs a handler that exists', () => {
    expect(faults(withSource({ secrets: [] }))).toEqual([
      'sources.hr.handler: is required (known: acme, plain, topical)',
    ]);
    expect(faults(withSource({ handler: 'acne', dryRun: 'x' }))).toEqual([
      'sources.hr.handler: is not a known handler; did you mean acme? (known: acme, plain, topical)',
      'sources.hr.dryRun: is not true or false',
    ]);
    expect(faults(withSource({ handler: 'constructor' }))).toEqual([
      'sources.hr.handler: is not a known handler (known: acme, plain, topical)',
    ]);
    expect(faults({ ...minimal, sources: { hr: null } })).toEqual([
      'sources.hr: is not a mapping with a handler',
    ]);
  });

  it.each(['hr', 'a', 'hr-2', 'constructor', 'x'.repeat(63)])('may have the id %s', (id) => {
    expect(parse(withSource(acme, id)).sources[id]?.id).toBe(id);
  });

  it.each(['HR', '2hr', '-hr', 'h_r', 'h.r', 'h r', 'x'.repeat(64), '__proto__'])(
    'may not have the id %s',
    (id) => {
      const text = `${stringify(minimal)}sources: { ${JSON.stringify(id)}: ${JSON.stringify(acme)} }`;
      expect(faultsOf(() => parseText(text))).toEqual([
        `sources.${id}: is not an id: a small letter, then at most 62 of a-z, 0-9 and -`,
      ]);
    },
  );

  it.each(['slack', 'api', 'cli', 'all', 'kick', 'resign'])(
    'may not have the id %s, which is taken',
    (id) => {
      expect(faults(withSource(acme, id))).toEqual([`sources.${id}: is an id that is taken; choose another`]);
    },
  );

  it('is not found under a name that every object has', () => {
    expect(parse(withSource(acme)).sources.constructor).toBeUndefined();
  });
});

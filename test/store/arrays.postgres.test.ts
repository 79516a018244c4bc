import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Database, openDatabase } from '../../src/store/postgres/connection.ts';
import { createDatabase, type TestDatabase } from '../support/postgres/database.ts';

describe('arrays in statements', () => {
  let server: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    server = await createDatabase();
    database = openDatabase(server.url);
  });

  afterAll(async () => {
    await database.close();
    await server.drop();
  });

  /** What the server makes of an array, told as texts. */
  async function echo(type: string, elements: readonly unknown[]): Promise<unknown> {
    const row = await database.get(`select :elements::${type}[]::text[] as elements`, { elements });
    return row?.elements;
  }

  const told = (elements: readonly unknown[]): unknown[] =>
    elements.map((element) => (element === null ? null : String(element)));

  it.each([
    ['text', fc.string({ unit: 'grapheme', maxLength: 300 })],
    ['bigint', fc.maxSafeInteger()],
    ['integer', fc.integer()],
    ['smallint', fc.integer({ min: -32_768, max: 32_767 })],
  ])('arrive as they were, if their elements are %s', async (type, element: fc.Arbitrary<unknown>) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(element, { freq: 4 })), async (elements) => {
        expect(await echo(type, elements)).toEqual(told(elements));
      }),
    );
  });

  it.each([
    ['the characters that mean something in an array', 'text', ['{"a",\\}', 'null', '', ' ', "'"]],
    ['the ends of what fits', 'bigint', [Number.MIN_SAFE_INTEGER, -1, 0, 2 ** 32, Number.MAX_SAFE_INTEGER]],
    ['the ends of what fits', 'integer', [-(2 ** 31), -1, 0, 2 ** 31 - 1]],
    ['nobody', 'text', []],
  ])('arrive with %s: %s', async (_, type, elements: readonly unknown[]) => {
    expect(await echo(type, elements)).toEqual(told(elements));
  });

  it('keep a place for what is not there, and a picture of the character that PostgreSQL cannot keep', async () => {
    expect(await echo('text', [undefined, 'a\0b'])).toEqual([null, 'a␀b']);
  });

  it('leave types of other widths to the driver', async () => {
    expect(await echo('bytea', [Buffer.from('a'), null])).toEqual(['\\x61', null]);
  });

  it.each([
    ['a fraction', 'bigint', 1.5],
    ['what a number cannot hold exactly', 'bigint', 2 ** 53],
    ['what is no number', 'integer', 'two'],
    ['more than fits', 'smallint', 32_768],
  ])('are refused with %s', async (_, type, element: unknown) => {
    await expect(echo(type, [element])).rejects.toThrow(RangeError);
  });
});

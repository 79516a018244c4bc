import { describe, expect, it } from '@jest/globals';
import { isNamedIn } from '../../src/store/erasure.ts';

const named = (body: string, userId: string) => isNamedIn(Buffer.from(body), userId);

describe('an identifier in the body of a dead letter', () => {
  it.each([
    ['in JSON', '{"who":"Ada@Example.com"}', 'ada@example.com'],
    ['in XML', '<email>ada@example.com</email>', 'ada@example.com'],
    ['in a form', 'employee=1&email=ada%40example.com', 'ada@example.com'],
    ['in a form with blanks', 'name=Ada+Lovelace', 'ada lovelace'],
    ['in a form beside what cannot be decoded', 'rate=100%&email=ada%40example.com', 'ada@example.com'],
    ['with the escapes of JSON', String.raw`{"who":"\u0061da\u0040example.com"}`, 'ada@example.com'],
    ['beyond ASCII', String.raw`{"name":"\u738b\u5C0F\u660E"}`, '王小明'],
    ['after an escaped line end', String.raw`{"note":"gone:\nada@example.com"}`, 'ada@example.com'],
    ['with an escaped slash', String.raw`{"who":"staff\/1001"}`, 'staff/1001'],
    [
      'in the JSON of a field of a form',
      `payload=${encodeURIComponent(String.raw`{"who":"\u0061da"}`)}`,
      'ada',
    ],
    ['with its country code', '{"phone":"+8613800000000"}', '13800000000'],
  ])('is found %s', (_where, body, userId) => {
    expect(named(body, userId)).toBe(true);
  });

  it.each([
    ['as the end of another', '{"who":"nada@example.com"}', 'ada@example.com'],
    ['as the start of another', '{"id":"10015"}', '1001'],
    ['where its dots stand for anything', '{"who":"ada@exampleXcom"}', 'ada@example.com'],
    ['in the code of an escape', String.raw`{"who":"\u1001"}`, '1001'],
    ['in a longer number', '{"phone":"+99913800000000"}', '3800000000'],
  ])('is not found %s', (_where, body, userId) => {
    expect(named(body, userId)).toBe(false);
  });
});

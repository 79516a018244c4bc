import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadLeavers, readLeavers } from '../../src/cli/leavers-file.ts';

const email = (userId: string) => [{ userIdType: 'email', userId }];

/** A file of so many people. */
const fileOf = (count: number): string =>
  ['email', ...Array.from({ length: count }, (_, n) => `u${n}@example.com`)].join('\n');

describe('a file of leavers', () => {
  it.each([
    ['of Windows', 'email,reason\r\nada@example.com,"left, for good"\r\n\r\ngrace@example.com,\r\n'],
    ['of Unix', 'email,reason\nada@example.com,"left, for good"\n\ngrace@example.com,'],
    ['of both', 'email,reason\r\nada@example.com,"left, for good"\n\r\ngrace@example.com,\n'],
    ['of an old Mac', 'email,reason\rada@example.com,"left, for good"\r\rgrace@example.com,\r'],
    [
      'with a byte order mark',
      '\ufeffemail , reason\nada@example.com,"left, for good"\n\n grace@example.com ,\n',
    ],
  ])('is read with the line ends %s', (_title, text) => {
    expect(readLeavers(text)).toEqual({
      leavers: [
        { line: 2, identifiers: email('ada@example.com'), reason: 'left, for good' },
        { line: 4, identifiers: email('grace@example.com') },
      ],
      faults: [],
    });
  });

  it('gives the identifiers of a person in the order of its columns', () => {
    const { leavers } = readLeavers('username,external_id,subject\nada,1001,A-1\n,1002,\n');
    expect(leavers).toEqual([
      {
        line: 2,
        identifiers: [
          { userIdType: 'username', userId: 'ada' },
          { userIdType: 'external_id', userId: '1001' },
        ],
        subject: 'A-1',
      },
      { line: 3, identifiers: [{ userIdType: 'external_id', userId: '1002' }] },
    ]);
  });

  it.each([
    ['', ['it is empty']],
    ['\n \r\n', ['it is empty']],
    ['email\n', ['there is nobody in it']],
    [
      'ada@example.com\ngrace@example.com\n',
      [/^the column "ada@example.com" is none of/, /^no column is one of/],
    ],
    [
      'email;reason\nada@example.com;left\n',
      [/^the column "email;reason" is none of/, /^no column is one of/],
    ],
    ['E-Mail,external_id\nada@example.com,1\n', [/^the column "E-Mail" is none of/]],
    ['email,email\nada@example.com,grace@example.com\n', ['a column is there twice']],
    ['subject,reason\n1001,left\n', [/^no column is one of/]],
    ['email\n"ada@example.com\n', ['it is not CSV: a quote is missing or misplaced']],
    ['email,reason\nada@example.com,left, for good\n', ['line 2: has 3 fields instead of 2']],
    ['email,reason\n,left\n', ['line 2: has no identifier']],
    ['email\na\0@example.com\n', ['line 2: email has control characters']],
    ['email,effectiveAt\nada@example.com,2026-12-01\n', [/^line 2: effectiveAt is not a time/]],
    [
      'email,external_id\nada@example.com,1\ngrace@example.com,1\nADA@example.com,2\n',
      ['line 3: has the same external_id as line 2', 'line 4: has the same email as line 2'],
    ],
  ])('is refused as %j', (text, expected) => {
    const { leavers, faults } = readLeavers(text);
    expect(faults).toEqual(
      expected.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))),
    );
    if (faults.some((fault) => !fault.startsWith('line'))) expect(leavers).toEqual([]);
  });

  it('has no longer texts than the bridge keeps', () => {
    const { faults } = readLeavers(`email,reason\nada@example.com,${'x'.repeat(1_001)}\n`);
    expect(faults).toEqual(['line 2: reason is longer than 1000 characters']);
  });

  it('has at most 10,000 people in it', () => {
    expect(readLeavers(fileOf(10_000)).leavers).toHaveLength(10_000);
    const faults = ['there are more than 10000 people in it'];
    expect(readLeavers(fileOf(10_001))).toEqual({ leavers: [], faults });
    expect(readLeavers(fileOf(50_000))).toEqual({ leavers: [], faults });
  });

  describe('on disk', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'offboard-bridge-leavers-'));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it.each([
      [
        'is text in UTF-16, as spreadsheets write it',
        Buffer.from('\ufeffemail\n', 'utf16le'),
        'is not text in UTF-8',
      ],
      ['is a spreadsheet', Buffer.from('504b0304fffe', 'hex'), 'is not text in UTF-8'],
    ])('says so when it %s', (_title, content, says) => {
      const file = join(folder, 'leavers.csv');
      writeFileSync(file, content);
      expect(() => loadLeavers(file)).toThrow(`${file} ${says}`);
    });

    it('says so when it is not there, is a folder, or is huge', () => {
      const huge = join(folder, 'huge.csv');
      writeFileSync(huge, 'email\n');
      truncateSync(huge, 3_000_000_000);
      expect(() => loadLeavers(join(folder, 'none.csv'))).toThrow('none.csv cannot be read');
      expect(() => loadLeavers(folder)).toThrow(`${folder} cannot be read`);
      expect(() => loadLeavers(huge)).toThrow('huge.csv is larger than 64 MB');
    });
  });
});

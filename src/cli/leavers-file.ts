import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { type Identifier, identifierFault, tidyIdentifier, userIdTypes } from '../core/identifier.ts';
import { CommandFailure, exitCodes } from './shell.ts';

/** One line of a file of leavers. */
export interface Leaver {
  readonly line: number;
  /** In the order of the columns. */
  readonly identifiers: readonly Identifier[];
  readonly subject?: string | undefined;
  readonly effectiveAt?: string | undefined;
  readonly reason?: string | undefined;
}

export interface LeaversReading {
  readonly leavers: readonly Leaver[];
  /** Everything that is wrong with the file, by line; with any of them nothing of it is to be used. */
  readonly faults: readonly string[];
}

const maxLeavers = 10_000;
/** More than so many leavers take with every text as long as it may be. */
const maxBytes = 64 * 1_048_576;
const texts = { subject: 256, effectiveAt: 64, reason: 1_000 } as const;
const columnNames: readonly string[] = [...userIdTypes, ...Object.keys(texts)];
const instant = z.iso.datetime({ offset: true });
const rows = z.array(z.object({ info: z.object({ lines: z.int() }), record: z.array(z.string()) }));

export interface LeaversFile {
  readonly leavers: readonly Leaver[];
  readonly text: string;
  /** When it was written, ISO 8601. */
  readonly writtenAt: string;
}

/** @throws CommandFailure with everything that is wrong with the file, by line */
export function loadLeavers(path: string): LeaversFile {
  const { text, writtenAt } = readText(path);
  const { leavers, faults } = readLeavers(text);
  if (faults.length === 0) return { leavers, text, writtenAt };
  const list = faults.map((fault) => `  ${fault}`);
  throw new CommandFailure(exitCodes.misused, [`${path} cannot be used:`, ...list].join('\n'));
}

function readText(path: string): { text: string; writtenAt: string } {
  const refuse = (says: string) => new CommandFailure(exitCodes.misused, `${path} ${says}`);
  const orRefuse = <T>(read: () => T): T => {
    try {
      return read();
    } catch {
      throw refuse('cannot be read');
    }
  };
  const { size, mtime } = orRefuse(() => statSync(path));
  if (size > maxBytes) throw refuse('is larger than 64 MB');
  const bytes = orRefuse(() => readFileSync(path));
  if (!isUtf8(bytes)) throw refuse('is not text in UTF-8');
  return { text: bytes.toString('utf8'), writtenAt: mtime.toISOString() };
}

/**
 * Reads CSV (RFC 4180) with a header: a column for each kind of identifier, named as `userIdType` is, by preference;
 * beside them `subject`, `effectiveAt` (with offset) and `reason`.
 */
export function readLeavers(text: string): LeaversReading {
  let records: z.output<typeof rows>;
  try {
    records = rows.parse(
      parse(text, {
        bom: true,
        trim: true,
        skip_empty_lines: true,
        info: true,
        relax_column_count: true,
        record_delimiter: ['\r\n', '\n', '\r'],
        // The header, and one more than there may be.
        to: maxLeavers + 2,
      }),
    );
  } catch {
    return { leavers: [], faults: ['it is not CSV: a quote is missing or misplaced'] };
  }
  const [header, ...lines] = records;
  if (!header) return { leavers: [], faults: ['it is empty'] };
  const columns = header.record;
  const faults = columnFaults(columns);
  if (lines.length === 0) faults.push('there is nobody in it');
  if (lines.length > maxLeavers) faults.push(`there are more than ${maxLeavers} people in it`);
  if (faults.length > 0) return { leavers: [], faults };
  const leavers = lines.map(({ info, record }) => readLine(columns, { line: info.lines, record }, faults));
  faults.push(...repeats(leavers));
  return { leavers, faults };
}

function columnFaults(columns: readonly string[]): string[] {
  const faults = columns
    .filter((name) => !columnNames.includes(name))
    .map((name) => `the column ${JSON.stringify(name)} is none of ${columnNames.join(' ')}`);
  if (new Set(columns).size < columns.length) faults.push('a column is there twice');
  if (!columns.some((name) => userIdTypes.some((one) => one === name)))
    faults.push(`no column is one of ${userIdTypes.join(' ')}`);
  return faults;
}

function readLine(
  columns: readonly string[],
  { line, record }: { line: number; record: readonly string[] },
  faults: string[],
): Leaver {
  const fault = (says: string): void => void faults.push(`line ${line}: ${says}`);
  if (record.length !== columns.length) fault(`has ${record.length} fields instead of ${columns.length}`);
  const cell = (name: string): string | undefined => record[columns.indexOf(name)] || undefined;
  const identifiers = columns.flatMap((column): Identifier[] => {
    const userIdType = userIdTypes.find((one) => one === column);
    const userId = cell(column);
    if (!userIdType || userId === undefined) return [];
    const identifier = tidyIdentifier({ userIdType, userId });
    const says = identifierFault(userIdType, identifier.userId);
    if (says) fault(`${userIdType} ${says}`);
    return [identifier];
  });
  if (identifiers.length === 0) fault('has no identifier');
  for (const [name, most] of Object.entries(texts)) {
    if ((cell(name)?.length ?? 0) > most) fault(`${name} is longer than ${most} characters`);
  }
  const effectiveAt = cell('effectiveAt');
  if (effectiveAt !== undefined && !instant.safeParse(effectiveAt).success)
    fault('effectiveAt is not a time with a date and an offset, such as 2026-12-01T00:00:00+08:00');
  return { line, identifiers, subject: cell('subject'), effectiveAt, reason: cell('reason') };
}

/** Somebody who is there twice is more likely a mistake than a wish. */
function repeats(leavers: readonly Leaver[]): string[] {
  const seen = new Map<string, number>();
  const faults: string[] = [];
  for (const { line, identifiers } of leavers) {
    for (const { userIdType, userId } of identifiers) {
      const key = `${userIdType}:${userId.toLowerCase()}`;
      const before = seen.get(key);
      if (before !== undefined) faults.push(`line ${line}: has the same ${userIdType} as line ${before}`);
      seen.set(key, line);
    }
  }
  return faults;
}

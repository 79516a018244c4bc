import type { Command } from 'commander';

/** What a command is started with, and writes to; `process` has this shape. */
export interface Shell {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** What scripts may rely on. */
export const exitCodes = { done: 0, failed: 1, misused: 2, refused: 3, endedOtherwise: 4 } as const;

/** Ends a command; the message is for people. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(exitCode: number, message = '') {
    super(message);
    this.exitCode = exitCode;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being replaced
const control = /[\u0000-\u001f\u007f-\u009f]/g;

/** Text from outside as a terminal may show it: its control characters would be obeyed. */
export function printable(text: string): string {
  return text.replace(control, '\ufffd');
}

export function say(stream: NodeJS.WritableStream, ...lines: readonly string[]): void {
  for (const line of lines) stream.write(`${line}\n`);
}

export function sayJson({ stdout }: Pick<Shell, 'stdout'>, value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Rows in columns of equal width, two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const shown = rows.map((row) => row.map(printable));
  const widths = shown.reduce<number[]>(
    (most, row) => row.map((cell, column) => Math.max(most[column] ?? 0, cell.length)),
    [],
  );
  return shown.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Options of every command that asks a running bridge. */
export interface AskingOptions {
  readonly url?: string;
  readonly json?: boolean;
}

/** A command that asks a running bridge. */
export function addAsking(program: Command, nameAndArguments: string, description: string): Command {
  return program
    .command(nameAndArguments)
    .description(description)
    .option('--url <url>', 'where the bridge is; OFFBOARD_URL, or else http://127.0.0.1:8080')
    .option('--json', 'for machines: what the operator API answers');
}

/** For an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

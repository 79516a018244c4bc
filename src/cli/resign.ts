import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { Identifier } from '../core/identifier.ts';
import { ask, report } from './ask.ts';
import { collectIdentifier, readIdentifier } from './identifier.ts';
import { type Leaver, loadLeavers } from './leavers-file.ts';
import { createOperator, type Operator } from './operator.ts';
import { intentReply, readReply, receiptReply } from './reply.ts';
import {
  type AskingOptions,
  addAsking,
  CommandFailure,
  exitCodes,
  type Shell,
  say,
  sayJson,
  table,
} from './shell.ts';

interface ResignOptions extends AskingOptions {
  readonly also?: readonly Identifier[];
  readonly file?: string;
  readonly subject?: string;
  readonly effectiveAt?: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

export function addResign(program: Command, shell: Shell): void {
  addAsking(program, 'resign', 'ask that people be resigned; held until another person approves')
    .argument('[identifier]', 'such as email:ada@example.com', readIdentifier)
    .option(
      '--also <identifier>',
      'another identifier of the same person; may be repeated',
      collectIdentifier,
    )
    .option('--file <csv>', 'many people: a column for each kind of identifier, subject, effectiveAt, reason')
    .option('--subject <id>', 'the id of the person in the HR system')
    .option('--effective-at <time>', 'the last day, such as 2026-12-01T00:00:00+08:00; now, unless told')
    .option('--reason <text>', 'why; it is kept with the outcome')
    .option('--yes', 'with --file: ask without a confirmation')
    .action(async (identifier: Identifier | undefined, options: ResignOptions) => {
      if ((identifier === undefined) === (options.file === undefined))
        throw new CommandFailure(exitCodes.misused, 'give either one identifier or --file');
      if (options.file !== undefined && (options.also || options.subject !== undefined))
        throw new CommandFailure(
          exitCodes.misused,
          '--also and --subject are of one person; a file has columns',
        );
      if (identifier) await resignOne(identifier, options, shell);
      else await resignFile(options, shell);
    });
}

async function resignOne(identifier: Identifier, options: ResignOptions, shell: Shell): Promise<void> {
  const operator = createOperator(shell, options);
  const answer = await ask(operator, {
    type: 'user.resign',
    identifiers: [identifier, ...(options.also ?? [])],
    subject: options.subject,
    effectiveAt: options.effectiveAt,
    reason: options.reason,
    key: randomUUID(),
    timestamp: new Date().toISOString(),
  });
  await report(answer, { operator, shell, json: options.json ?? false, wait: false });
}

async function resignFile(options: ResignOptions, shell: Shell): Promise<void> {
  const operator = createOperator(shell, options);
  // The time of the file is that of the request: so the same file is the same request, and a newer one is not.
  const { leavers, text, writtenAt: timestamp } = loadLeavers(options.file ?? '');
  say(shell.stderr, ...preview(leavers, options), '');
  if (!options.yes) await confirm(leavers.length, shell);
  const digest = createHash('sha256').update(text).update(timestamp).digest('hex').slice(0, 32);
  const asked: Asked[] = [];
  try {
    for (const { line, ...leaver } of leavers) {
      const reason = leaver.reason ?? options.reason;
      const effectiveAt = leaver.effectiveAt ?? options.effectiveAt;
      const key = `file:${digest}:${line}`;
      const request = { ...leaver, type: 'user.resign', reason, effectiveAt, key, timestamp } as const;
      const receipt = readReply(receiptReply, await ask(operator, request));
      asked.push({ line, ...receipt, ...(await readStates(receipt, operator)) });
      if (shell.stderr.isTTY) shell.stderr.write(`\r${progressBar(asked.length, leavers.length)}`);
    }
  } finally {
    if (shell.stderr.isTTY) shell.stderr.write('\n');
    if (options.json) sayJson(shell, { asked });
    else say(shell.stdout, ...summary(asked, leavers.length));
  }
}

/** What came of one line of the file. */
interface Asked {
  readonly line: number;
  readonly status: string;
  readonly intents: readonly string[];
  /** Of a line that was asked for before: what became of its intents, in their order. */
  readonly states?: readonly string[];
}

/** A line that was asked for before asks for nobody now, so that it matters how that ended. */
async function readStates(
  { status, intents }: Pick<Asked, 'status' | 'intents'>,
  operator: Operator,
): Promise<Pick<Asked, 'states'>> {
  if (status !== 'duplicate') return {};
  const states: string[] = [];
  for (const id of intents) {
    try {
      states.push(readReply(intentReply, await operator.get(`/intents/${encodeURIComponent(id)}`)).status);
    } catch (error) {
      if (!(error instanceof CommandFailure) || error.exitCode !== exitCodes.refused) throw error;
      states.push('no longer kept');
    }
  }
  return { states };
}

function summary(asked: readonly Asked[], all: number): string[] {
  const before = asked.filter(({ states }) => states !== undefined);
  const rows = before.flatMap(({ line, intents, states = [] }) =>
    intents.map((id, index) => [`line ${line}`, 'asked for before', id, states[index] ?? '']),
  );
  const undone = rows.filter(([, , , state = '']) => ['canceled', 'failed', 'simulated'].includes(state));
  return [
    `${asked.length - before.length} of ${all} asked for now, ${before.length} before; the same file asks for nobody twice`,
    ...table(rows),
    ...(undone.length === 0
      ? []
      : [
          `${undone.length} ended undone: retry <id> asks again, and so does the file once it is written anew`,
        ]),
  ];
}

function preview(leavers: readonly Leaver[], options: ResignOptions): string[] {
  const rows = leavers.map(({ line, identifiers, subject, effectiveAt, reason }) => [
    `line ${line}`,
    identifiers.map(({ userIdType, userId }) => `${userIdType}:${userId}`).join(' '),
    subject ?? '',
    effectiveAt ?? options.effectiveAt ?? 'now',
    reason ?? options.reason ?? '',
  ]);
  return table(rows);
}

async function confirm(count: number, { stdin, stderr }: Shell): Promise<void> {
  if (!stdin.isTTY) {
    throw new CommandFailure(exitCodes.misused, 'nobody is there to confirm this; --yes asks without');
  }
  const prompt = createInterface({ input: stdin, output: stderr });
  try {
    const question = prompt.question(`A resign cannot be undone. Type ${count} to ask for these: `);
    // At a terminal Ctrl-C and Ctrl-D end the question with an error; the end of a pipe leaves it open for good.
    const typed = await Promise.race([question.catch(() => ''), once(prompt, 'close').then(() => '')]);
    if (typed.trim() !== String(count)) throw new CommandFailure(exitCodes.misused, 'nobody was asked for');
  } finally {
    prompt.close();
  }
}

function progressBar(done: number, all: number): string {
  const filled = Math.round((done / all) * 30);
  return `${'#'.repeat(filled)}${'.'.repeat(30 - filled)} ${done}/${all}`;
}

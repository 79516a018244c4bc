import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { type AuditReport, createAudit, type Witness } from '../core/audit.ts';
import { canonicalJson, type Outcome, outcomeSchema } from '../core/outcome.ts';
import { createOperator } from './operator.ts';
import { readTrail } from './outcomes.ts';
import { outcomeReply } from './reply.ts';
import {
  type AskingOptions,
  addAsking,
  CommandFailure,
  exitCodes,
  type Shell,
  say,
  sayJson,
} from './shell.ts';

interface VerifyOptions extends AskingOptions {
  readonly against?: string;
}

/** `audit export` and `audit verify`. */
export function addAudit(program: Command, shell: Shell): void {
  const audit = program
    .command('audit')
    .description('keep the trail of outcomes, and prove that it is whole');
  addAsking(audit, 'export', 'print the whole trail as NDJSON: one CloudEvent on a line').action(
    async (options: AskingOptions) => {
      for await (const outcome of readTrail(createOperator(shell, options), 0))
        say(shell.stdout, JSON.stringify(outcome));
    },
  );
  addAsking(audit, 'verify', 'find the first entry that was altered, removed or inserted')
    .argument('[file]', 'an export; without one, the trail of the running bridge')
    .option(
      '--against <file>',
      'NDJSON of what a publisher told: CloudEvents, or their data as Kafka keeps it',
    )
    .action(async (file: string | undefined, options: VerifyOptions) => {
      const witnesses = options.against === undefined ? new Map() : await readWitnesses(options.against);
      const trail = file === undefined ? readTrail(createOperator(shell, options), 0) : readExport(file);
      const following = createAudit(witnesses);
      for await (const outcome of trail) if (!following.add(outcome)) break;
      tell(following.end(), options, shell);
    });
}

function tell(report: AuditReport, { json }: VerifyOptions, shell: Shell): void {
  const { count, first, last, head, fault } = report;
  if (json) sayJson(shell, report);
  else if (fault) say(shell.stdout, `BROKEN at position ${fault.position}: ${fault.kind}, ${fault.says}`);
  else if (count === 0) say(shell.stdout, 'the trail is empty');
  else say(shell.stdout, `whole: ${count} outcomes, positions ${first} to ${last}, head ${head}`);
  if (fault) throw new CommandFailure(exitCodes.failed);
}

async function* readExport(file: string): AsyncGenerator<Outcome> {
  for await (const { line, value } of readLines(file)) {
    const parsed = outcomeReply.safeParse(value);
    if (!parsed.success) throw new CommandFailure(exitCodes.failed, `${file} line ${line} is no outcome`);
    yield parsed.data;
  }
}

const dataReply = z.custom<Witness>((value) => outcomeSchema.shape.data.safeParse(value).success);

/** A publisher tells at least once, so that the same entry may be there again; another entry may not. */
async function readWitnesses(file: string): Promise<ReadonlyMap<number, Witness>> {
  const witnesses = new Map<number, Witness>();
  for await (const { line, value } of readLines(file)) {
    const fail = (says: string) => new CommandFailure(exitCodes.failed, `${file} line ${line} ${says}`);
    const told = outcomeReply.safeParse(value).data?.data ?? dataReply.safeParse(value).data;
    if (!told) throw fail('is no outcome');
    const before = witnesses.get(told.position);
    if (before && canonicalJson(before) !== canonicalJson(told))
      throw fail(`has another entry for position ${told.position} than a line before it`);
    witnesses.set(told.position, told);
  }
  return witnesses;
}

async function* readLines(file: string): AsyncGenerator<{ line: number; value: unknown }> {
  const handle = await open(file).catch(() => {
    throw new CommandFailure(exitCodes.misused, `${file} cannot be read`);
  });
  let line = 0;
  try {
    for await (const text of handle.readLines()) {
      line += 1;
      if (text.trim() !== '') yield { line, value: JSON.parse(text) as unknown };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CommandFailure(exitCodes.failed, `${file} line ${line} is not JSON`);
  } finally {
    await handle.close();
  }
}

import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { type AuditReport, agrees, createAudit, importEntry, type Witness } from '../core/audit.ts';
import { outcomeSchema } from '../core/outcome.ts';
import { isErased } from '../core/seal.ts';
import { createOperator, type Operator, readPages } from './operator.ts';
import { exportedReply, outcomeReply, trailReply } from './reply.ts';
import {
  type AskingOptions,
  addAsking,
  CommandFailure,
  exitCodes,
  type Shell,
  say,
  sayJson,
} from './shell.ts';

type Exported = z.output<typeof exportedReply>;

interface VerifyOptions extends AskingOptions {
  readonly against?: string;
}

/** Nobody tampered with what was never proved; entries of a release before there were seals prove themselves. */
const noExport =
  'no export: nothing in it has an auditsalt or an auditdigest, as `audit export` writes them and `outcomes` does not. Taken for one:';

/** `audit export` and `audit verify`. */
export function addAudit(program: Command, shell: Shell): void {
  const audit = program
    .command('audit')
    .description('keep the trail of outcomes, and prove that it is whole');
  addAsking(
    audit,
    'export',
    'print the whole trail as NDJSON, with what proves it: one CloudEvent on a line',
  ).action(async (options: AskingOptions) => {
    for await (const exported of readTrail(createOperator(shell, options)))
      say(shell.stdout, JSON.stringify(exported));
  });
  addAsking(audit, 'verify', 'find the first entry that was altered, removed or inserted')
    .argument('[file]', 'an export; without one, the trail of the running bridge')
    .option(
      '--against <file>',
      'NDJSON of what a publisher told: CloudEvents, or their data as Kafka keeps it',
    )
    .action(async (file: string | undefined, options: VerifyOptions) => {
      const witnesses = options.against === undefined ? new Map() : await readWitnesses(options.against);
      const trail = file === undefined ? readTrail(createOperator(shell, options)) : readExport(file);
      const following = createAudit(witnesses);
      let isProved = file === undefined;
      let isWhole = true;
      // Past a fault it is only looked whether anything is proved: one entry may have lost its proof by the very fault.
      for await (const exported of trail) {
        const entry = importEntry(exported);
        isProved ||= entry.seal !== null;
        isWhole &&= following.add(entry);
        if (!isWhole && isProved) break;
      }
      const report = following.end();
      if (report.fault && !isProved && !options.json) say(shell.stdout, noExport);
      tell(report, options, shell);
    });
}

function tell(report: AuditReport, { json }: VerifyOptions, shell: Shell): void {
  const { count, first, last, head, erased, prunedBy, fault } = report;
  if (json) sayJson(shell, report);
  else if (fault) say(shell.stdout, `BROKEN at position ${fault.position}: ${fault.kind}, ${fault.says}`);
  else if (count === 0) say(shell.stdout, 'the trail is empty');
  else {
    const notes = [
      ...(prunedBy === null
        ? []
        : [`what was before ${first} was pruned, says the checkpoint at ${prunedBy}`]),
      ...(erased === 0 ? [] : [`${erased} without their personal part, which was erased`]),
    ];
    const whole = `whole: ${count} outcomes, positions ${first} to ${last}, head ${head}`;
    say(shell.stdout, [whole, ...notes].join('; '));
  }
  if (fault) throw new CommandFailure(exitCodes.failed);
}

/** The trail of the running bridge. */
async function* readTrail(operator: Operator): AsyncGenerator<Exported> {
  for await (const { entries } of readPages(operator, '/trail', { schema: trailReply, place: 'after' }))
    yield* entries;
}

async function* readExport(file: string): AsyncGenerator<Exported> {
  for await (const { line, value } of readLines(file)) {
    const parsed = exportedReply.safeParse(value);
    if (!parsed.success) throw new CommandFailure(exitCodes.failed, `${file} line ${line} is no outcome`);
    yield parsed.data;
  }
}

const dataReply = z.custom<Witness>((value) => outcomeSchema.shape.data.safeParse(value).success);

/** A publisher tells at least once, so that the same entry may be there again, also erased; another may not. */
async function readWitnesses(file: string): Promise<ReadonlyMap<number, Witness>> {
  const witnesses = new Map<number, Witness>();
  for await (const { line, value } of readLines(file)) {
    const fail = (says: string) => new CommandFailure(exitCodes.failed, `${file} line ${line} ${says}`);
    const told = outcomeReply.safeParse(value).data?.data ?? dataReply.safeParse(value).data;
    if (!told) throw fail('is no outcome');
    const before = witnesses.get(told.position);
    if (before && !agrees(before, told))
      throw fail(`has another entry for position ${told.position} than a line before it`);
    if (!before || isErased(before)) witnesses.set(told.position, told);
  }
  if (witnesses.size === 0)
    throw new CommandFailure(exitCodes.failed, `${file} is empty: there is nothing to compare with`);
  return witnesses;
}

async function* readLines(file: string): AsyncGenerator<{ line: number; value: unknown }> {
  const unreadable = new CommandFailure(exitCodes.misused, `${file} cannot be read`);
  const handle = await open(file).catch(() => {
    throw unreadable;
  });
  let line = 0;
  try {
    for await (const text of handle.readLines()) {
      line += 1;
      if (text.trim() !== '') yield { line, value: JSON.parse(text) as unknown };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw unreadable;
    throw new CommandFailure(exitCodes.failed, `${file} line ${line} is not JSON`);
  } finally {
    await handle.close();
  }
}

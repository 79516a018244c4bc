import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { reconcileLeavers, reconcileSource } from '../bridge/reconcile.ts';
import type { Config } from '../config.ts';
import type { Identifier } from '../core/identifier.ts';
import { ask, type Request } from './ask.ts';
import { type Leaver, loadLeavers } from './leavers-file.ts';
import { createOperator } from './operator.ts';
import { loadGiven } from './serve.ts';
import {
  type AskingOptions,
  addAsking,
  CommandFailure,
  exitCodes,
  printable,
  type Shell,
  say,
  sayJson,
  table,
} from './shell.ts';

interface ReconcileOptions extends AskingOptions {
  readonly source: string;
  readonly file?: string;
  readonly config?: string;
  readonly apply?: boolean;
}

/** Somebody who should be gone, and is still active in GenAuth. */
type Remaining = Pick<Request, 'identifiers' | 'subject' | 'reason'>;

interface Finding {
  readonly remaining: readonly Remaining[];
  readonly json: object;
  readonly lines: readonly string[];
}

export function addReconcile(program: Command, shell: Shell): void {
  addAsking(program, 'reconcile', 'list who should be gone, and is still active in GenAuth')
    .requiredOption('--source <id>', 'the source whose directory, or whose leavers, are compared')
    .option('--file <csv>', 'its leavers, instead of its directory: columns as of resign --file')
    .option('--config <file>', 'the configuration; OFFBOARD_CONFIG is taken when it is not given')
    .option('--apply', 'ask the bridge that they be resigned; held until another person approves')
    .action((options: ReconcileOptions) => reconcile(options, shell));
}

async function reconcile(options: ReconcileOptions, shell: Shell): Promise<void> {
  const { source, file } = options;
  const { config } = loadGiven(options.config, shell);
  const operator = options.apply ? createOperator(shell, options) : null;
  const { remaining, json, lines } = file
    ? await compareFile(config, source, file)
    : await compareDirectory(config, source);
  if (options.json) sayJson(shell, json);
  else say(shell.stdout, ...lines);
  if (!operator) return;
  for (const one of remaining) await ask(operator, requestFor(one, source));
  say(shell.stderr, `${remaining.length} asked for; the same day asks for nobody twice`);
}

async function compareDirectory(config: Config, source: string): Promise<Finding> {
  const result = await reconcileSource(config, source);
  if (!result) throw new CommandFailure(exitCodes.misused, `the source ${source} has no section reconcile`);
  if (result.kind === 'ended') throw ended(result.reason);
  const { inDirectory, active, gone } = result;
  const reason = `no longer in the directory of ${source}`;
  return {
    remaining: gone.map((identifier) => ({ identifiers: [identifier], reason })),
    json: { inDirectory, active, gone },
    lines: [
      ...gone.map((identifier) => printable(named([identifier]))),
      `${inDirectory} in the directory, ${active} active in GenAuth, ${gone.length} gone`,
    ],
  };
}

/** Whoever leaves on a day to come is rightly active, and not looked for. */
async function compareFile(config: Config, source: string, file: string): Promise<Finding> {
  if (!Object.hasOwn(config.sources, source))
    throw new CommandFailure(exitCodes.misused, `there is no source ${source}`);
  const { leavers } = loadLeavers(file);
  const due = leavers.filter(({ effectiveAt }) => !effectiveAt || Date.parse(effectiveAt) <= Date.now());
  const { active, inactive, unknown } = await reconcileLeavers(config, due).catch((error: unknown) => {
    throw ended(error instanceof Error ? error.message : 'unknown');
  });
  const later = leavers.length - due.length;
  const rowOf = ({ line, identifiers }: Leaver, says: string) => [`line ${line}`, says, named(identifiers)];
  return {
    remaining: active.map(({ leaver }) => ({
      identifiers: leaver.identifiers,
      subject: leaver.subject,
      reason: leaver.reason ?? `still active, and among the leavers of ${source}`,
    })),
    json: {
      active: active.map(({ leaver: { line, identifiers }, userId }) => ({ line, identifiers, userId })),
      unknown: unknown.map(({ line, identifiers }) => ({ line, identifiers })),
      inactive: inactive.length,
      later,
    },
    lines: [
      ...table([
        ...active.map(({ leaver }) => rowOf(leaver, 'active')),
        ...unknown.map((leaver) => rowOf(leaver, 'unknown')),
      ]),
      `${leavers.length} in the file: ${active.length} still active, ${inactive.length} no longer, ` +
        `${unknown.length} unknown to GenAuth, ${later} to leave later`,
    ],
  };
}

/** Absence of an answer is no departure. */
function ended(reason: string): CommandFailure {
  return new CommandFailure(exitCodes.failed, `${printable(reason)}; nobody is taken for gone`);
}

function named(identifiers: readonly Identifier[]): string {
  return identifiers.map(({ userIdType, userId }) => `${userIdType}:${userId}`).join(' ');
}

/** The same all day, so that asking again is asking once. */
function requestFor(remaining: Remaining, source: string): Request {
  const day = new Date().toISOString().slice(0, 10);
  const digest = createHash('sha256')
    .update(JSON.stringify([source, remaining]))
    .digest('hex')
    .slice(0, 32);
  return {
    ...remaining,
    type: 'user.resign',
    key: `reconcile:${digest}:${day}`,
    timestamp: `${day}T00:00:00Z`,
  };
}

import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { reconcileSource } from '../bridge/reconcile.ts';
import type { Identifier } from '../core/identifier.ts';
import { ask } from './ask.ts';
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
} from './shell.ts';

interface ReconcileOptions extends AskingOptions {
  readonly source: string;
  readonly config?: string;
  readonly apply?: boolean;
}

export function addReconcile(program: Command, shell: Shell): void {
  addAsking(program, 'reconcile', 'list whom GenAuth still has active, and a directory no longer has')
    .requiredOption('--source <id>', 'a source whose settings have a section reconcile')
    .option('--config <file>', 'the configuration; OFFBOARD_CONFIG is taken when it is not given')
    .option('--apply', 'ask the bridge that they be resigned; held until another person approves')
    .action((options: ReconcileOptions) => reconcile(options, shell));
}

async function reconcile(options: ReconcileOptions, shell: Shell): Promise<void> {
  const { config } = loadGiven(options.config, shell);
  const operator = options.apply ? createOperator(shell, options) : null;
  const result = await reconcileSource(config, options.source);
  if (!result) {
    throw new CommandFailure(exitCodes.misused, `the source ${options.source} has no section reconcile`);
  }
  if (result.kind === 'ended') {
    throw new CommandFailure(exitCodes.failed, `${printable(result.reason)}; nobody is taken for gone`);
  }
  const { inDirectory, active, gone } = result;
  if (options.json) sayJson(shell, { inDirectory, active, gone });
  else {
    say(shell.stdout, ...gone.map(({ userIdType, userId }) => printable(`${userIdType}:${userId}`)));
    say(shell.stdout, `${inDirectory} in the directory, ${active} active in GenAuth, ${gone.length} gone`);
  }
  if (!operator) return;
  for (const identifier of gone) await ask(operator, requestFor(identifier, options.source));
  say(shell.stderr, `${gone.length} asked for; the same day asks for nobody twice`);
}

/** The same all day, so that asking again is asking once. */
function requestFor(identifier: Identifier, source: string) {
  const day = new Date().toISOString().slice(0, 10);
  const digest = createHash('sha256').update(`${source} ${identifier.userId}`).digest('hex').slice(0, 32);
  return {
    type: 'user.resign',
    identifiers: [identifier],
    reason: `no longer in the directory of ${source}`,
    key: `reconcile:${digest}:${day}`,
    timestamp: `${day}T00:00:00Z`,
  } as const;
}

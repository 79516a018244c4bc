import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { admit } from '../core/admission.ts';
import { type Delivery, type IntentDraft, MalformedDelivery } from '../core/handler.ts';
import { loadGiven } from './serve.ts';
import { CommandFailure, exitCodes, type Shell } from './shell.ts';

interface TryOptions {
  readonly source: string;
  readonly body: string;
  readonly query: string;
  readonly config?: string;
}

export function addTry(program: Command, shell: Shell): void {
  program
    .command('try')
    .description('show what a body would become; nothing is verified, stored or called')
    .requiredOption('--source <id>', 'a source of the configuration')
    .requiredOption('--body <file>', 'the body as the sender would post it; - reads standard input')
    .option('--query <text>', 'what stands after the ? of the URL, such as event=terminate', '')
    .option('--config <file>', 'the configuration; OFFBOARD_CONFIG is taken when it is not given')
    .action((options: TryOptions) => tryBody(options, shell));
}

/** Prints each part of a body as a line of JSON: an intent and how it would enter, or why it cannot be read. */
function tryBody({ source: id, body: file, query, config: named }: TryOptions, shell: Shell): void {
  const { config } = loadGiven(named, shell);
  const source = Object.hasOwn(config.sources, id) ? config.sources[id] : undefined;
  if (!source) {
    const known = Object.keys(config.sources).join(', ');
    throw new CommandFailure(exitCodes.misused, `there is no source ${id}; there are: ${known}`);
  }
  const delivery: Delivery = {
    method: 'POST',
    query: Object.fromEntries(new URLSearchParams(query)),
    headers: {},
    body: readBody(file),
  };
  const parts = readParts(() => source.handler.normalize(delivery, source.settings));
  const print = (shown: object): void => void shell.stdout.write(`${JSON.stringify(shown)}\n`);
  if (parts.length === 0) print({ becomes: 'nothing' });
  for (const part of parts) {
    print(
      part instanceof MalformedDelivery ? { unreadable: part.faults } : show(part, source.actions, config),
    );
  }
  if (parts.some((part) => part instanceof MalformedDelivery)) throw new CommandFailure(exitCodes.failed);
}

function readBody(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new CommandFailure(exitCodes.misused, error instanceof Error ? error.message : String(error));
  }
}

type Part = IntentDraft | MalformedDelivery;

function readParts(read: () => readonly Part[]): readonly Part[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedDelivery) return [error];
    throw error;
  }
}

/** An intent, with its times as people write them, and how it would enter now. */
function show(draft: IntentDraft, actions: readonly IntentDraft['action'][], config: Config) {
  const { maxEventAgeMs, fourEyes, safeguard } = config.leavers;
  const policy = { actions, maxEventAgeMs, fourEyes, graceMs: safeguard?.graceMs ?? 0 };
  const admission = admit({ draft, byPerson: false, waived: [] }, policy, Date.now());
  const iso = (ms: number | undefined): string | undefined =>
    ms === undefined ? undefined : new Date(ms).toISOString();
  const { action, occurredAt, effectiveAt, hold: _, ...rest } = draft;
  return {
    becomes: `user.${action}`,
    ...rest,
    occurredAt: iso(occurredAt),
    effectiveAt: iso(effectiveAt),
    status: action === 'withdraw' && admission.status !== 'canceled' ? 'succeeded' : admission.status,
    failure: 'failure' in admission ? admission.failure : undefined,
  };
}

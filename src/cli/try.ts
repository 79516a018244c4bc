import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Config } from '../config.ts';
import { admit } from '../core/admission.ts';
import { type Delivery, type IntentDraft, MalformedDelivery } from '../core/handler.ts';
import { loadOrSay } from './load.ts';

const usage = `Usage: offboard-bridge try --source ID --body FILE [--query TEXT] [--config FILE]

Shows what a body would become, and does nothing: no signature is asked for, nothing is stored, nobody is called.

  --source ID    a source of the configuration
  --body FILE    the body as the sender would post it; - reads standard input
  --query TEXT   what stands after the ? of the URL, such as event=terminate
  --config FILE  the configuration; OFFBOARD_CONFIG is taken when it is not given
`;

/**
 * Prints each part of a body as a line of JSON: an intent and how it would enter, or why it cannot be read.
 * @returns the exit code: 0, 1 = the configuration has faults, or a part cannot be read, 2 = not called as it must be
 */
export async function tryBody(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const call = readCall(args, env);
  if (typeof call === 'number') return call;
  const config = loadOrSay(call.config, env);
  if (!config) return 1;
  const source = Object.hasOwn(config.sources, call.source) ? config.sources[call.source] : undefined;
  if (!source) {
    process.stderr.write(
      `there is no source ${call.source}; there are: ${Object.keys(config.sources).join(', ')}\n`,
    );
    return 2;
  }
  const parts = readParts(() => source.handler.normalize(call.delivery, source.settings));
  if (parts.length === 0) process.stdout.write(`${JSON.stringify({ becomes: 'nothing' })}\n`);
  for (const part of parts) {
    const shown =
      part instanceof MalformedDelivery ? { unreadable: part.faults } : show(part, source.actions, config);
    process.stdout.write(`${JSON.stringify(shown)}\n`);
  }
  return parts.some((part) => part instanceof MalformedDelivery) ? 1 : 0;
}

interface Call {
  readonly source: string;
  readonly config: string;
  readonly delivery: Delivery;
}

function readCall(args: readonly string[], env: NodeJS.ProcessEnv): Call | number {
  const text = { type: 'string' } as const;
  try {
    const options = {
      source: text,
      body: text,
      query: text,
      config: text,
      help: { type: 'boolean' },
    } as const;
    const { values } = parseArgs({ args: [...args], options });
    if (values.help) {
      process.stdout.write(usage);
      return 0;
    }
    const { source, body: file, query = '', config = env.OFFBOARD_CONFIG } = values;
    if (source && file && config) {
      const body = readFileSync(file === '-' ? 0 : file);
      const parameters = Object.fromEntries(new URLSearchParams(query));
      return { source, config, delivery: { method: 'POST', query: parameters, headers: {}, body } };
    }
    process.stderr.write(`--source, --body and --config are required\n\n${usage}`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
  return 2;
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

import { parseArgs } from 'node:util';
import { reconcileSource } from '../bridge/reconcile.ts';
import type { Config } from '../config.ts';
import type { Identifier } from '../core/identifier.ts';
import { loadOrSay } from './load.ts';

const usage = `Usage: offboard-bridge reconcile --config FILE --source ID [--apply]

Lists whom GenAuth still has active, and the directory of that source no longer has.

  --config FILE  the configuration; OFFBOARD_CONFIG is taken when it is not given
  --source ID    the source, whose settings have a section reconcile
  --apply        asks the running bridge to resign them, as the holder of OFFBOARD_TOKEN (a token of server.tokens).
                 OFFBOARD_URL says where its operator API is, unless the configuration does
`;

interface Call {
  readonly file: string;
  readonly source: string;
  readonly apply: boolean;
}

/**
 * Compares a directory with GenAuth.
 * @returns the exit code: 0, 1 = it could not be done, or not for everybody, 2 = not called as it must be
 */
export async function reconcileCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const call = readCall(args, env);
  if (typeof call === 'number') return call;
  const config = loadOrSay(call.file, env);
  if (!config) return 1;
  const result = await reconcileSource(config, call.source);
  if (!result) return complain(`sources.${call.source} has no section reconcile`);
  if (result.kind === 'ended') return complain(`ended: ${result.reason}\nNobody is taken for gone.`);
  const { inDirectory, active, gone } = result;
  for (const { userIdType, userId } of gone) process.stdout.write(`${userIdType} ${userId}\n`);
  process.stdout.write(`${inDirectory} in the directory, ${active} active in GenAuth, ${gone.length} gone\n`);
  return call.apply && gone.length > 0 ? apply(gone, call.source, { config, env }) : 0;
}

function readCall(args: readonly string[], env: NodeJS.ProcessEnv): Call | number {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        source: { type: 'string' },
        apply: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      return 0;
    }
    const file = values.config ?? env.OFFBOARD_CONFIG;
    if (file && values.source) return { file, source: values.source, apply: values.apply };
    process.stderr.write(`--config and --source are needed\n\n${usage}`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
  return 2;
}

/** Through the operator API: only the running bridge writes to its store, and its rules hold for this as well. */
async function apply(
  gone: readonly Identifier[],
  source: string,
  { config, env }: { config: Config; env: NodeJS.ProcessEnv },
): Promise<number> {
  const token = env.OFFBOARD_TOKEN;
  if (!token) return complain('OFFBOARD_TOKEN is not set; nothing was asked for');
  const { host, port } = config.server.admin ?? config.server;
  const url = `${env.OFFBOARD_URL ?? `http://${host}:${port}`}/v1/intents`;
  const day = new Date().toISOString().slice(0, 10);
  let failed = 0;
  for (const { userIdType, userId } of gone) {
    const data = { userIdType, userId, reason: `no longer in the directory of ${source}` };
    const key = Buffer.from(`${source} ${userId} ${day}`).toString('base64url');
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      // The same body all day, so that asking twice is asking once.
      body: JSON.stringify({ type: 'user.resign', timestamp: `${day}T00:00:00Z`, data }),
      redirect: 'error',
    }).catch(() => null);
    if (response?.ok) continue;
    failed += 1;
    process.stderr.write(`${userId}: ${response ? `answered with ${response.status}` : 'not reached'}\n`);
  }
  process.stdout.write(`${gone.length - failed} of ${gone.length} handed on\n`);
  return failed === 0 ? 0 : 1;
}

function complain(message: string): 1 {
  process.stderr.write(`${message}\n`);
  return 1;
}

import { once } from 'node:events';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { StoreUnavailable, startBridge } from '../bridge.ts';
import { type Config, maskConfig } from '../config.ts';
import { loadOrSay } from './load.ts';

const usage = `Usage: offboard-bridge [serve] --config FILE [--check]

  --config FILE  the configuration; OFFBOARD_CONFIG is taken when it is not given
  --check        check the configuration, and end
`;

/** What is in flight is finished within this time, or ended with the process, in milliseconds. */
const stopDeadlineMs = 25_000;

/**
 * Runs the bridge until it is told to stop (SIGTERM, SIGINT). A second signal, or the deadline, ends it at once.
 * @returns the exit code: 0, 1 = it could not start, 2 = not called as it must be
 */
export async function serve(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const call = readCall(args, env);
  if (typeof call === 'number') return call;
  const config = loadOrSay(call.file, env);
  if (!config) return 1;
  if (call.check) {
    process.stdout.write(`${call.file} is in order\n`);
    return 0;
  }
  return run(config);
}

function readCall(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { file: string; check: boolean } | number {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { config: { type: 'string' }, check: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    if (values.help) {
      process.stdout.write(usage);
      return 0;
    }
    const file = values.config ?? env.OFFBOARD_CONFIG;
    if (file) return { file, check: values.check ?? false };
    process.stderr.write(`no configuration is given\n\n${usage}`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
  return 2;
}

async function run(config: Config): Promise<number> {
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });
  log.info({ config: maskConfig(config) }, 'starting');
  try {
    const bridge = await startBridge(config, { log });
    const { url, adminUrl } = bridge;
    // A signal that nobody listens for ends the process at once, so each is listened for before its time is told.
    const first = nextSignal();
    log.info({ url, adminUrl, dryRun: config.leavers.dryRun }, 'ready');
    const signal = await first;
    const second = nextSignal();
    log.info({ signal }, 'stopping');
    const ended = await Promise.race([bridge.close().then(() => true), second, deadline()]);
    log.info({ finished: ended === true }, 'stopped');
    // What holds the process open now is what did not finish in time.
    if (ended !== true) process.exit(1);
    return 0;
  } catch (error) {
    const known = error instanceof StoreUnavailable || (error instanceof Error && 'code' in error);
    if (!known) throw error;
    log.error({ reason: (error as Error).message }, 'could not start');
    return 1;
  }
}

async function nextSignal(): Promise<string> {
  return Promise.race([
    once(process, 'SIGTERM').then(() => 'SIGTERM'),
    once(process, 'SIGINT').then(() => 'SIGINT'),
  ]);
}

function deadline(): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), stopDeadlineMs).unref());
}

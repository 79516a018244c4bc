import { once } from 'node:events';
import type { Command } from 'commander';
import { handlers } from '../../handlers/index.ts';
import { StoreUnavailable, startBridge } from '../bridge.ts';
import { type Config, ConfigFault, loadConfig, maskConfig } from '../config.ts';
import { createLog, takeConsole } from './log.ts';
import { CommandFailure, exitCodes, type Shell } from './shell.ts';

/** What is in flight is finished within this time, or ended with the process, in milliseconds. */
export const stopDeadlineMs = 25_000;

/** Runs the bridge until it is told to stop (SIGTERM, SIGINT). A second signal, or the deadline, ends it at once. */
export function addServe(program: Command, shell: Shell): void {
  program
    .command('serve', { isDefault: true })
    .description('run the bridge until it is told to stop')
    .option('--config <file>', 'the configuration; OFFBOARD_CONFIG is taken when it is not given')
    .option('--check', 'check the configuration, and end')
    .action(async (options: { config?: string; check?: true }) => {
      const { file, config } = loadGiven(options.config, shell);
      if (options.check) shell.stdout.write(`${file} is in order\n`);
      else await serve(config);
    });
}

/**
 * Loads the configuration that is named, or else that of the environment.
 * @throws CommandFailure with all of its faults
 */
export function loadGiven(named: string | undefined, { env }: Shell): { file: string; config: Config } {
  const file = named ?? env.OFFBOARD_CONFIG;
  if (!file) throw new CommandFailure(exitCodes.misused, 'no configuration is given: --config FILE');
  try {
    return { file, config: loadConfig(file, { env, handlers }) };
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error;
    const faults = error.faults.map((fault) => `  ${fault}`);
    throw new CommandFailure(
      exitCodes.failed,
      [`${file} has ${faults.length} fault(s):`, ...faults].join('\n'),
    );
  }
}

async function serve(config: Config): Promise<void> {
  const log = createLog();
  takeConsole(log);
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
  } catch (error) {
    const known = error instanceof StoreUnavailable || (error instanceof Error && 'code' in error);
    if (!known) throw error;
    log.error({ reason: (error as Error).message }, 'could not start');
    throw new CommandFailure(exitCodes.failed);
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

import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { Command, CommanderError } from 'commander';
import { unknownName } from '../config/fault.ts';
import { addAudit } from './audit.ts';
import { addCheck } from './check.ts';
import { addDeadLetters } from './dead-letters.ts';
import { addDecisions } from './decide.ts';
import { addDemo } from './demo.ts';
import { addEmulator } from './emulator.ts';
import { addErase } from './erase.ts';
import { addHeld } from './held.ts';
import { addIntents } from './intents.ts';
import { addKick } from './kick.ts';
import { addMigrateStore } from './migrate-store.ts';
import { addOutcomes } from './outcomes.ts';
import { addPauses } from './pause.ts';
import { addReconcile } from './reconcile.ts';
import { addReport } from './report.ts';
import { addResign } from './resign.ts';
import { addServe } from './serve.ts';
import { CommandFailure, exitCodes, printable, type Shell, say } from './shell.ts';
import { addStatus } from './status.ts';
import { addTry } from './try.ts';
import { addUpcoming } from './upcoming.ts';

/** Every command adds itself; `serve` is the one that is meant when none is named. */
const commands: readonly ((program: Command, shell: Shell) => void)[] = [
  addServe,
  addCheck,
  addTry,
  addStatus,
  addIntents,
  addUpcoming,
  addHeld,
  addKick,
  addResign,
  addReconcile,
  addReport,
  addDecisions,
  addDeadLetters,
  addOutcomes,
  addPauses,
  addAudit,
  addErase,
  addDemo,
  addEmulator,
  addMigrateStore,
];

const environment = `
Environment:
  OFFBOARD_CONFIG  the configuration file of serve, check, try and reconcile
  OFFBOARD_URL     where the bridge is, for the commands that ask it; http://127.0.0.1:8080 unless told
  OFFBOARD_TOKEN   your token of server.tokens; never given as an argument, which others could read

Exit codes: 0 done; 1 it failed; 2 not called as it must be; 3 the bridge refused it; 4 --wait: it ended otherwise,
report: something is to be looked into.
`;

/** Runs one command. @param args without the program's own name. @returns the exit code */
export async function run(args: readonly string[], shell: Shell): Promise<number> {
  const program = new Command('offboard-bridge')
    .description('Locks leavers out through GenAuth, and says what became of it.')
    .version(ownVersion(), '--version', 'print the version')
    .addHelpText('after', environment)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.stdout.write(text),
      writeErr: (text) => shell.stderr.write(text),
    });
  for (const add of commands) add(program, shell);
  const [first = ''] = args;
  const known = [...program.commands.map((command) => command.name()), 'help'];
  // Without this, the command that is meant when none is named would take it for an argument too many.
  if (/^[^-]/.test(first) && !known.includes(first)) {
    say(shell.stderr, `${printable(first)} ${unknownName(first, 'command', known)} (--help lists them)`);
    return exitCodes.misused;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.misused;
    if (!(error instanceof CommandFailure)) throw error;
    if (error.message) shell.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

/** From the package that this file is in, be it a checkout or installed. */
function ownVersion(): string {
  const path = findPackageJSON(import.meta.url);
  if (!path) throw new Error('the package has no package.json');
  return JSON.parse(readFileSync(path, 'utf8')).version;
}

import type { Command } from 'commander';
import { type MoveProgress, MoveRefused, type MoveReport, moveStore } from '../bridge/migrate-store.ts';
import { StoreUnavailable } from '../bridge.ts';
import { CommandFailure, exitCodes, type Shell, say, sayJson, table } from './shell.ts';

interface MigrateOptions {
  readonly from: string;
  readonly to: string;
  readonly json?: boolean;
}

/** A line of progress at most so often, in milliseconds. */
const progressEveryMs = 1_000;

export function addMigrateStore(program: Command, shell: Shell): void {
  program
    .command('migrate-store')
    .description('move everything from a SQLite store to an empty PostgreSQL store; run again, it goes on')
    .requiredOption('--from <url>', 'sqlite:<path>; no bridge may be running on it')
    .requiredOption('--to <url>', 'postgres://user@host:5432/db; the password may come by PGPASSWORD')
    .option('--json', 'for machines: what was moved')
    .action(async (options: MigrateOptions) => {
      const { from, to } = options;
      if (!/^sqlite:./.test(from) || !/^postgres(ql)?:\/\//.test(to)) {
        throw new CommandFailure(exitCodes.misused, 'a store is moved from sqlite:<path> to postgres://…');
      }
      const report = await moveStore({ from, to, onProgress: progressTo(shell) }).catch(fail);
      tell(report, options, shell);
    });
}

function progressTo({ stderr }: Shell): (progress: MoveProgress) => void {
  let last = Number.NEGATIVE_INFINITY;
  return ({ table: name, rows, of }) => {
    const now = performance.now();
    if (rows < of && now - last < progressEveryMs) return;
    last = now;
    say(stderr, `${name}: ${rows} of ${of}`);
  };
}

function fail(error: unknown): never {
  if (error instanceof MoveRefused) throw new CommandFailure(exitCodes.refused, error.message);
  if (!(error instanceof StoreUnavailable)) throw error;
  throw new CommandFailure(exitCodes.failed, `${error.message}; run it again to go on`);
}

/** A trail that was broken before is moved as it is; that it is broken must not go by unseen. */
function tell(report: MoveReport, { json }: MigrateOptions, shell: Shell): void {
  const { tables, trail, wasDone } = report;
  if (json) sayJson(shell, report);
  else if (wasDone) say(shell.stdout, 'it was moved before; nothing was left to do');
  else {
    say(shell.stdout, ...table(tables.map((one) => [one.table, `${one.rows}`])));
    say(shell.stdout, `moved; the same counts and the same trail of ${trail?.count} outcomes in both stores`);
  }
  const fault = trail?.fault;
  if (fault) {
    throw new CommandFailure(
      exitCodes.failed,
      `the trail is broken in both, at position ${fault.position}: ${fault.kind}, ${fault.says}`,
    );
  }
}

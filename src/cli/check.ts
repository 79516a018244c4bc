import type { Command } from 'commander';
import { type Finding, probeAll } from '../bridge/probes.ts';
import type { Identifier } from '../core/identifier.ts';
import { readIdentifier } from './identifier.ts';
import { loadGiven } from './serve.ts';
import { CommandFailure, exitCodes, printable, type Shell, say, sayJson } from './shell.ts';

interface CheckOptions {
  readonly config?: string;
  readonly offline?: boolean;
  readonly user?: Identifier;
  readonly json?: boolean;
}

export function addCheck(program: Command, shell: Shell): void {
  program
    .command('check')
    .description('check the configuration, then try what it names; nothing is done to anybody')
    .option('--config <file>', 'the configuration; OFFBOARD_CONFIG is taken when it is not given')
    .option('--offline', 'check the file only')
    .option(
      '--user <identifier>',
      'somebody to look up in GenAuth; else the first of leavers.protected',
      readIdentifier,
    )
    .option('--json', 'for machines')
    .action(async ({ config: named, offline, user, json }: CheckOptions) => {
      const { file, config } = loadGiven(named, shell);
      const inOrder: Finding = {
        name: 'configuration',
        verdict: 'ok',
        says: `${file} is in order`,
        fix: null,
      };
      const probed = offline ? [] : await probeAll(config, { user: user ?? null });
      const findings = [inOrder, ...probed];
      if (json) sayJson(shell, { findings });
      else say(shell.stdout, ...findings.flatMap(linesOf));
      if (findings.some(({ verdict }) => verdict === 'failed')) throw new CommandFailure(exitCodes.failed);
    });
}

const marks = { ok: 'ok     ', failed: 'FAILED ', skipped: 'skipped' };

function linesOf({ name, verdict, says, fix }: Finding): string[] {
  return [
    `${marks[verdict]}  ${name}: ${printable(says)}`,
    ...(fix === null ? [] : [`         ${printable(fix)}`]),
  ];
}

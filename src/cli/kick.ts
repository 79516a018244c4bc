import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Identifier } from '../core/identifier.ts';
import { ask, report } from './ask.ts';
import { collectIdentifier, readIdentifier } from './identifier.ts';
import { createOperator } from './operator.ts';
import { type AskingOptions, addAsking, collect, type Shell } from './shell.ts';

interface KickOptions extends AskingOptions {
  readonly also?: readonly Identifier[];
  readonly app?: readonly string[];
  readonly reason?: string;
  readonly wait?: boolean;
}

export function addKick(program: Command, shell: Shell): void {
  addAsking(program, 'kick', 'sign one person out now')
    .argument('<identifier>', 'such as email:ada@example.com', readIdentifier)
    .option(
      '--also <identifier>',
      'another identifier of the same person; may be repeated',
      collectIdentifier,
    )
    .option('--app <id>', 'out of this app only; may be repeated', collect)
    .option('--reason <text>', 'why; it is kept with the outcome')
    .option('--wait', 'until it is known what became of it')
    .action(async (identifier: Identifier, options: KickOptions) => {
      const operator = createOperator(shell, options);
      const answer = await ask(operator, {
        type: 'user.kick',
        identifiers: [identifier, ...(options.also ?? [])],
        appIds: options.app,
        reason: options.reason,
        key: randomUUID(),
        timestamp: new Date().toISOString(),
      });
      await report(answer, { operator, shell, json: options.json ?? false, wait: options.wait ?? false });
    });
}

import type { Command } from 'commander';
import type { Identifier } from '../core/identifier.ts';
import { collectIdentifier, readIdentifier } from './identifier.ts';
import { createOperator } from './operator.ts';
import { erasureReply, readReply } from './reply.ts';
import { type AskingOptions, addAsking, printable, type Shell, say, sayJson } from './shell.ts';

interface EraseOptions extends AskingOptions {
  readonly also?: readonly Identifier[];
}

export function addErase(program: Command, shell: Shell): void {
  addAsking(program, 'erase', 'erase what is personal of what is settled about a person; it cannot be undone')
    .argument('<identifier>', 'such as email:ada@example.com', readIdentifier)
    .option(
      '--also <identifier>',
      'another identifier of the same person; may be repeated',
      collectIdentifier,
    )
    .action(async (identifier: Identifier, { also = [], ...options }: EraseOptions) => {
      const operator = createOperator(shell, options);
      for (const { userIdType, userId } of [identifier, ...also]) {
        const name = `${userIdType}:${userId}`;
        const answer = await operator.post(`/people/${encodeURIComponent(name)}/erase`, {});
        if (options.json) sayJson(shell, answer);
        else say(shell.stdout, ...linesOf(name, answer).map(printable));
      }
    });
}

function linesOf(name: string, answer: unknown): string[] {
  const { intents, outcomes, deadLetters, unsealed, openDeadLetters } = readReply(erasureReply, answer);
  return [
    `${name}: erased from ${intents} intents, ${outcomes} outcomes, ${deadLetters} dead letters`,
    ...(unsealed === 0
      ? []
      : [`  ${unsealed} older outcomes stay until they are pruned (retention.outcomes)`]),
    ...openDeadLetters.map((id) => `  dead letter ${id} seems to name them, and was not read yet: replay it`),
  ];
}

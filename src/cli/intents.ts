import type { Command } from 'commander';
import { createOperator } from './operator.ts';
import { intentHistoryReply, intentRow, intentsReply, outcomeLine, readReply } from './reply.ts';
import { type AskingOptions, addAsking, printable, type Shell, say, sayJson, table } from './shell.ts';

interface IntentsOptions extends AskingOptions {
  readonly status?: string;
  readonly person?: string;
  readonly source?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

export function addIntents(program: Command, shell: Shell): void {
  addAsking(program, 'intents', 'list intents, newest first; or show one with its whole history')
    .argument('[id]', 'of one intent')
    .option('--status <words>', 'scheduled, pending, held, settled, …; several with commas')
    .option('--person <who>', 'a person by any identifier, such as email:ada@example.com')
    .option('--source <id>', 'what came from there')
    .option('--limit <count>', 'how many; 100 unless told')
    .option('--cursor <cursor>', 'goes on after a page')
    .action(async (id: string | undefined, options: IntentsOptions) => {
      if (id === undefined) await list(options, shell);
      else await show(id, options, shell);
    });
}

async function list(options: IntentsOptions, shell: Shell): Promise<void> {
  const { status, person, source, limit, cursor } = options;
  const answer = await createOperator(shell, options).get('/intents', {
    status,
    person,
    source,
    limit,
    cursor,
  });
  if (options.json) return sayJson(shell, answer);
  const { intents, next } = readReply(intentsReply, answer);
  say(shell.stdout, ...table(intents.map(intentRow)));
  if (next !== null) say(shell.stderr, `more with --cursor ${printable(next)}`);
}

async function show(id: string, options: IntentsOptions, shell: Shell): Promise<void> {
  const answer = await createOperator(shell, options).get(`/intents/${encodeURIComponent(id)}`);
  if (options.json) return sayJson(shell, answer);
  const { outcomes, failure, ...intent } = readReply(intentHistoryReply, answer);
  const facts = Object.entries(intent).map(([name, value]) => [name, value ?? '-']);
  if (failure) facts.push(['failure', `${failure.code}: ${failure.message}`]);
  say(shell.stdout, ...table(facts), '', ...outcomes.map(outcomeLine));
}

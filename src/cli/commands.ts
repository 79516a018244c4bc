import { reconcileCommand } from './reconcile.ts';
import { serve } from './serve.ts';
import { tryBody } from './try.ts';

type Command = (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>;

const commands: Readonly<Record<string, Command>> = { serve, reconcile: reconcileCommand, try: tryBody };

/**
 * Runs the command that the first argument names; `serve` when it names none.
 * @returns the exit code
 */
export async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [word = '', ...rest] = args;
  if (word === '' || word.startsWith('-')) return serve(args, env);
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (command) return command(rest, env);
  process.stderr.write(`there is no command ${word}; there are: ${Object.keys(commands).join(', ')}\n`);
  return 2;
}

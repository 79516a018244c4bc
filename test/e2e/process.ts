import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** How a process ended: by itself, with a code, or by a signal. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of the bridge's log, as pino writes it. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly level: number; readonly msg: string };

/** A program of this project that runs in a process of its own. */
export interface RunningProcess {
  readonly pid: number;
  readonly ended: Promise<End>;
  /** Everything that it has written so far. */
  stdout(): string;
  stderr(): string;
  log(): readonly LogLine[];
  /** The first log line with that message, as soon as it is there. @throws when the process ends without it */
  logged(message: string): Promise<LogLine>;
  signal(signal: NodeJS.Signals): void;
}

export interface ProcessOptions {
  /** All of its environment: nothing of ours is handed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs. */
  readonly folder?: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: { start: string } };
const running = new Map<ChildProcess, Promise<End>>();

/** What `npm start` tells Node.js, as `NODE_OPTIONS` takes it. */
export const optionsOfStart = /^exec node (.*) src\/main\.ts$/.exec(scripts.start)?.[1] ?? '';

/** Runs one of the project's programs, such as `src/main.ts`, on the Node.js that runs the tests. */
export function startProcess(
  program: string,
  args: readonly string[],
  { env = {}, folder = root }: ProcessOptions = {},
): RunningProcess {
  const child = spawn(process.execPath, [root + program, ...args], {
    cwd: folder,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const heard = { stdout: '', stderr: '' };
  let wakers: (() => void)[] = [];
  let over = false;

  function wake(): void {
    const woken = wakers;
    wakers = [];
    for (const one of woken) one();
  }

  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      heard[name] += text;
      wake();
    });
  }
  const ended = new Promise<End>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      running.delete(child);
      over = true;
      wake();
      resolve({ code, signal });
    });
  });
  running.set(child, ended);

  const log = (): LogLine[] => readLog(heard.stdout);
  return {
    pid: child.pid ?? 0,
    ended,
    stdout: () => heard.stdout,
    stderr: () => heard.stderr,
    log,
    async logged(message) {
      for (;;) {
        const line = log().find(({ msg }) => msg === message);
        if (line) return line;
        if (over) throw new Error(`it ended without "${message}":\n${heard.stdout}${heard.stderr}`);
        await new Promise<void>((resolve) => wakers.push(resolve));
      }
    },
    signal(signal) {
      child.kill(signal);
    },
  };
}

/** Ends, at once, whatever a test has left running. */
export async function endProcesses(): Promise<void> {
  for (const child of running.keys()) child.kill('SIGKILL');
  await Promise.all(running.values());
}

/** Only whole lines; what is no JSON is no log line. */
function readLog(text: string): LogLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { handlers } from '../../handlers/index.ts';
import { type Bridge, startBridge } from '../../src/bridge.ts';
import { run } from '../../src/cli/program.ts';
import { parseConfig } from '../../src/config.ts';
import { createEmulator, type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';
import { exampleUsers } from '../../src/emulator/example-users.ts';

export const tokens = { vera: 'v'.repeat(32), olaf: 'o'.repeat(32), anna: 'a'.repeat(32) };

/** Of the source `scripts`. */
export const webhookSecret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly as?: keyof typeof tokens;
  readonly env?: Readonly<Record<string, string>>;
  /** What a person types at a terminal, who then hangs up if it is no whole line; nobody is there without it. */
  readonly typed?: string;
  /** What is written, for a test that watches while the command still runs. */
  readonly written?: Written;
}

interface Written {
  out: string;
  err: string;
}

/** A real bridge before a real emulator, and commands that ask it. */
export interface Bench {
  readonly folder: string;
  readonly bridge: Bridge;
  readonly emulator: Emulator;
  /** The configuration that the bridge runs with, as text; its store is another one. */
  readonly yaml: string;
  command(line: readonly string[], options?: RunOptions): Promise<Ran>;
}

function configText(folder: string, emulator: Emulator): string {
  return `
server:
  port: 0
  tokens:
    - { name: vera, role: viewer, token: ${tokens.vera} }
    - { name: olaf, role: operator, token: ${tokens.olaf} }
    - { name: anna, role: approver, token: ${tokens.anna} }
store: { url: "sqlite:${folder}/bridge.db" }
genauth: { host: "${emulator.url}", accessKeyId: ${emulatorDefaults.accessKeyId}, accessKeySecret: ${emulatorDefaults.accessKeySecret} }
leavers: { dryRun: false, safeguard: { grace: 0ms } }
sources:
  scripts: { handler: standard-webhooks, secrets: ["${webhookSecret}"] }
  shadow: { handler: standard-webhooks, secrets: ["${webhookSecret}"], dryRun: true, expectEvery: 36h }
  hr: { handler: bamboohr, secrets: ["${'b'.repeat(32)}"], identifyBy: [email] }
`;
}

/** Runs a command in this process, with streams of its own. */
export async function runCommand(line: readonly string[], options: RunOptions & { url?: string } = {}) {
  const { written = { out: '', err: '' } } = options;
  const into = (name: keyof Written) =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += String(chunk);
        done();
      },
    });
  const stdin: PassThrough & { isTTY?: boolean } = new PassThrough();
  if (options.typed !== undefined) {
    stdin.isTTY = true;
    stdin.write(options.typed);
    if (!options.typed.endsWith('\n')) stdin.end();
  }
  const { as } = options;
  const env = {
    ...(options.url ? { OFFBOARD_URL: options.url } : {}),
    ...(as ? { OFFBOARD_TOKEN: tokens[as] } : {}),
    ...options.env,
  };
  const code = await run(line, { env, stdin, stdout: into('out'), stderr: into('err') });
  return { code, ...written };
}

/** Runs a test at a bench of its own, and clears it away. */
export function atBench(test: (bench: Bench) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-cli-'));
    const emulator = createEmulator();
    emulator.addUsers(exampleUsers);
    await emulator.start();
    const yaml = configText(folder, emulator);
    const config = parseConfig(yaml, { env: {}, handlers });
    const bridge = await startBridge(config, { log: { info() {}, warn() {}, error() {} } });
    const url = bridge.adminUrl;
    try {
      await test({
        folder,
        bridge,
        emulator,
        yaml,
        command: (line, options) => runCommand(line, { url, as: 'olaf', ...options }),
      });
    } finally {
      await bridge.close();
      await emulator.close();
      await rm(folder, { recursive: true });
    }
  };
}

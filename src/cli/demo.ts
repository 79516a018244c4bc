import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { handlers } from '../../handlers/index.ts';
import { type Bridge, startBridge } from '../bridge.ts';
import { parseConfig } from '../config.ts';
import type { Outcome } from '../core/outcome.ts';
import { createEmulator, type Emulator, emulatorDefaults } from '../emulator/emulator.ts';
import { exampleUsers } from '../emulator/example-users.ts';
import { demoScenes, demoSecrets } from './demo-scenes.ts';
import { type DemoSlack, openDemoSlack } from './demo-slack.ts';
import { readPort } from './port.ts';
import { CommandFailure, exitCodes, type Shell } from './shell.ts';

const longestWaitMs = 20_000;

interface DemoOptions {
  readonly once?: true;
  readonly host: string;
  readonly port: number;
}

/** What a demo plays on. */
interface Stage {
  readonly bridge: Bridge;
  readonly emulator: Emulator;
  readonly slack: DemoSlack;
  readonly say: (text: string) => void;
}

/**
 * The whole bridge on embedded defaults: a SQLite file, the GenAuth emulator, a stand-in for Slack. It sends itself
 * signed deliveries, prints what became of them, and stays up unless it is told otherwise.
 */
export function addDemo(program: Command, shell: Shell): void {
  program
    .command('demo')
    .description('show the bridge at work before an emulated GenAuth; nothing leaves this machine')
    .option('--once', 'end after the show, with 1 if something was not as it must be')
    .option('--host <address>', 'the address to listen on; 0.0.0.0 inside a container', '127.0.0.1')
    .option('--port <number>', 'the port to listen on; with --once any free one', readPort, 8080)
    .action(async (options: DemoOptions) => {
      const allWell = await show(options, (text) => void shell.stdout.write(`${text}\n`));
      if (!allWell) throw new CommandFailure(exitCodes.failed);
    });
}

async function show(options: DemoOptions, say: (text: string) => void): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-demo-'));
  const emulator = createEmulator();
  emulator.addUsers(exampleUsers);
  await emulator.start();
  const slack = await openDemoSlack('grace@example.com');
  try {
    const config = demoConfig(options, { folder, emulator, slack });
    const bridge = await startBridge(config, { log: { info() {}, warn() {}, error() {} } });
    try {
      const stage = { bridge, emulator, slack, say };
      say(`Offboard Bridge at ${bridge.url}, before a GenAuth emulator at ${emulator.url}\n`);
      const allWell = (await play(stage)) && (await playSlack(stage));
      if (!options.once) {
        say(tryNext(bridge));
        await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      }
      return allWell;
    } finally {
      await bridge.close();
    }
  } finally {
    await emulator.close();
    await slack.close();
    await rm(folder, { recursive: true });
  }
}

function demoConfig(
  { host, port, once: isShort }: DemoOptions,
  { folder, emulator, slack }: { folder: string; emulator: Emulator; slack: DemoSlack },
) {
  const yaml = `
server: { host: "\${HOST}", port: ${isShort ? 0 : port}, tokens: [{ name: demo, role: approver, token: "\${OPERATOR}" }] }
store: { url: "sqlite:\${FOLDER}/bridge.db" }
genauth:
  host: "\${GENAUTH}"
  accessKeyId: ${emulatorDefaults.accessKeyId}
  accessKeySecret: ${emulatorDefaults.accessKeySecret}
leavers: { dryRun: false, safeguard: { grace: 200ms } }
sources:
  hr: { handler: bamboohr, secrets: ["\${BAMBOOHR}"], identifyBy: [external_id, email] }
  scripts: { handler: standard-webhooks, secrets: ["\${WEBHOOK}"] }
slack:
  signingSecret: "\${SLACK_SIGNING_SECRET}"
  botToken: xoxb-demo
  apiUrl: "\${SLACK}"
  allow: { kick: { users: [U0ONCALL] } }
`;
  const env = {
    HOST: host,
    FOLDER: folder,
    GENAUTH: emulator.url,
    OPERATOR: demoSecrets.operator,
    BAMBOOHR: demoSecrets.bamboohr,
    WEBHOOK: demoSecrets.webhook,
    SLACK: slack.apiUrl,
    SLACK_SIGNING_SECRET: slack.signingSecret,
  };
  return parseConfig(yaml, { env, handlers });
}

async function play({ bridge, emulator, say }: Stage): Promise<boolean> {
  const { url, adminUrl } = bridge;
  let position = 0;
  let allWell = true;
  for (const { title, delivery, status, outcomes } of demoScenes()) {
    const seenCalls = emulator.calls().length;
    say(`» ${title}`);
    const response = await fetch(`${url}/hooks/${delivery.source}`, {
      method: 'POST',
      headers: delivery.headers,
      body: delivery.body,
    });
    say(`  answer   ${response.status} ${await response.text()}`);
    const became = await readOutcomes(adminUrl, position, outcomes.length);
    position += became.length;
    for (const call of emulator.calls().slice(seenCalls)) {
      if (/^(kick|resign)/.test(call.endpoint))
        say(`  call     ${call.endpoint} ${JSON.stringify(call.input)}`);
    }
    for (const outcome of became) say(`  outcome  ${describeOutcome(outcome)}`);
    const types = became.map(({ type }) => type);
    const isWell = response.status === status && [...types].sort().join() === [...outcomes].sort().join();
    if (!isWell) say(`  NOT AS IT MUST BE: expected ${status} and ${outcomes.join(', ') || 'no outcome'}`);
    allWell &&= isWell;
    say('');
  }
  return allWell;
}

/** One command in Slack: what it asks, and what its message shows in the end. */
async function playSlack({ bridge: { url }, slack, say }: Stage): Promise<boolean> {
  say('» Somebody types in Slack: /kick @grace lost laptop');
  const asked = await slack.command(url, '<@U0GRACE|grace> lost laptop');
  say(`  asks     ${asked.text}`);
  say('  » and presses Confirm');
  await slack.press(url, asked.value);
  const deadline = Date.now() + longestWaitMs;
  const isDone = (): boolean => slack.messages.at(-1)?.includes('Done: signed out') ?? false;
  while (!isDone() && Date.now() < deadline) await setTimeout(20);
  for (const message of slack.messages) say(`  shows    ${message}`);
  say(isDone() ? '' : '  NOT AS IT MUST BE: expected that it is done\n');
  return isDone();
}

/** Waits for so many new outcomes, by the live stream. */
async function readOutcomes(adminUrl: string, after: number, count: number): Promise<Outcome[]> {
  const found: Outcome[] = [];
  if (count === 0) return found;
  const response = await fetch(`${adminUrl}/v1/outcomes?after=${after}`, {
    headers: { authorization: `Bearer ${demoSecrets.operator}`, accept: 'text/event-stream' },
    signal: AbortSignal.timeout(longestWaitMs),
  });
  let text = '';
  try {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) {
        const data = /^data: (.*)$/m.exec(frame)?.[1];
        if (data) found.push(JSON.parse(data) as Outcome);
      }
      if (found.length >= count) break;
    }
  } catch (error) {
    if (!(error instanceof Error && error.name === 'TimeoutError')) throw error;
  }
  return found;
}

function describeOutcome({ type, subject, data }: Outcome): string {
  if (!('intentId' in data)) return `${type}: ${data.reason}`;
  const confirmed = data.confirmed === null ? '' : data.confirmed ? ', confirmed' : ', not confirmed';
  const why = data.failure ? ` (${data.failure.code}: ${data.failure.message})` : '';
  return `${type} ${subject}${confirmed}${why}`;
}

function tryNext({ url, adminUrl }: Bridge): string {
  return `It stays up. Look at it: ${adminUrl}/console with the token ${demoSecrets.operator}

Sign Katherine out yourself:

  curl -s ${url}/v1/intents -H 'Authorization: Bearer ${demoSecrets.operator}' \\
    -d '{"type":"user.kick","timestamp":"${new Date().toISOString()}","data":{"userIdType":"external_id","userId":"1004"}}'

and see what became of it, live:

  curl -sN ${adminUrl}/v1/outcomes -H 'Accept: text/event-stream' -H 'Authorization: Bearer ${demoSecrets.operator}'

Ctrl+C ends it.`;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createEmulator, emulatorDefaults } from '../../../src/emulator/emulator.ts';
import { exampleUsers } from '../../../src/emulator/example-users.ts';
import { commandFields, pressPayload, sendForm, signingSecret } from '../../support/slack/sender.ts';
import { openSlackStandIn } from '../../support/slack/stand-in.ts';
import { until } from '../../support/until.ts';
import { asker, keyIn, type Shown, textOf } from './workspace.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

const operator = 'o'.repeat(32);
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts the service as its own process. @returns it, and where it listens */
async function startProcess(config: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [main, '--config', config], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const url = await until(() => /"url":"(http[^"]+)"/.exec(text)?.[1]);
  return { child, url };
}

async function turn(url: string, verb: 'pause' | 'resume'): Promise<void> {
  const headers = { authorization: `Bearer ${operator}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ scope: 'kick' });
  expect((await fetch(`${url}/v1/${verb}`, { method: 'POST', headers, body })).status).toBe(200);
}

/** Whether Slack has been told of everything so far. */
async function isTold(url: string): Promise<boolean> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return /publisher_lag\{publisher="slack"\} 0$/m.test(text) && /unsequenced\S* 0$/m.test(text);
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('a process that is killed between the confirmation and the outcome', () => {
  it('leaves both to the next one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
    const genauth = createEmulator();
    genauth.addUsers(exampleUsers);
    await genauth.start();
    const slack = await openSlackStandIn();
    const config = join(folder, 'bridge.yaml');
    await writeFile(
      config,
      `
server: { port: 0, tokens: [{ name: olaf, role: operator, token: ${operator} }] }
store: { url: "sqlite:${folder}/bridge.db" }
genauth:
  host: "${genauth.url}"
  accessKeyId: ${emulatorDefaults.accessKeyId}
  accessKeySecret: ${emulatorDefaults.accessKeySecret}
leavers: { dryRun: false }
retry: { minDelay: 100ms }
slack:
  signingSecret: ${signingSecret}
  botToken: xoxb-test-token
  apiUrl: "${slack.apiUrl}"
  allow: { kick: { users: [${asker}] } }
`,
    );
    const first = await startProcess(config);
    const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
    const asked = await sendForm(first.url, form(commandFields({ text: 'ada@example.com lost laptop' })));
    const value = keyIn((await asked.json()) as Shown);
    await turn(first.url, 'pause');
    const payload = pressPayload({ action: 'offboard_confirm', value, responseUrl: slack.responseUrl() });
    expect((await sendForm(first.url, form({ payload: JSON.stringify(payload) }))).status).toBe(200);
    // Nothing is in flight then: a lease that nobody ends would only make the next process wait for it.
    await until(() => isTold(first.url));
    await kill(first.child);
    const done = () =>
      slack.callsOf('response_url').find(({ args }) => textOf(args as never).includes('Done: signed out'));
    expect(done()).toBeUndefined();
    const second = await startProcess(config);
    await turn(second.url, 'resume');
    await until(done);
    await kill(second.child);
    await genauth.close();
    await slack.close();
    await rm(folder, { recursive: true });
  }, 40_000);
});

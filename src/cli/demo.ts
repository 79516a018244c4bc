/**
 * The whole bridge on embedded defaults: a SQLite file, the GenAuth emulator, loopback only. It sends itself signed
 * deliveries, prints what became of them, and stays up; `--once` ends after that, `--port` is another than 8080.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { handlers } from '../../handlers/index.ts';
import { type Bridge, startBridge } from '../bridge.ts';
import { parseConfig } from '../config.ts';
import type { Outcome } from '../core/outcome.ts';
import { createEmulator, type Emulator, emulatorDefaults } from '../emulator/emulator.ts';
import { exampleUsers } from '../emulator/example-users.ts';
import { type SignedDelivery, signBamboohr, signStandardWebhook } from './demo-deliveries.ts';
import { openDemoSlack } from './demo-slack.ts';

const secrets = {
  bamboohr: randomBytes(16).toString('hex'),
  webhook: `whsec_${randomBytes(24).toString('base64')}`,
  operator: randomBytes(24).toString('base64url'),
};
const longestWaitMs = 20_000;

interface Scene {
  readonly title: string;
  readonly delivery: SignedDelivery;
  readonly status: number;
  /** The outcomes that it must come to, in order. */
  readonly outcomes: readonly string[];
}

const { values } = parseArgs({
  options: { once: { type: 'boolean', default: false }, port: { type: 'string', default: '8080' } },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-demo-'));
const emulator = createEmulator();
emulator.addUsers(exampleUsers);
await emulator.start();
const slack = await openDemoSlack('grace@example.com');
const bridge = await startBridge(demoConfig(), { log: { info() {}, warn() {}, error() {} } });
try {
  say(`Offboard Bridge at ${bridge.url}, before a GenAuth emulator at ${emulator.url}\n`);
  const allWell = (await play(bridge, emulator)) && (await playSlack(bridge));
  process.exitCode = allWell ? 0 : 1;
  if (!values.once) {
    say(tryNext(bridge));
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  }
} finally {
  await bridge.close();
  await emulator.close();
  await slack.close();
  await rm(folder, { recursive: true });
}

function demoConfig() {
  const yaml = `
server: { port: ${values.once ? 0 : values.port}, tokens: [{ name: demo, role: approver, token: "\${OPERATOR}" }] }
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
    FOLDER: folder,
    GENAUTH: emulator.url,
    OPERATOR: secrets.operator,
    BAMBOOHR: secrets.bamboohr,
    WEBHOOK: secrets.webhook,
    SLACK: slack.apiUrl,
    SLACK_SIGNING_SECRET: slack.signingSecret,
  };
  return parseConfig(yaml, { env, handlers });
}

function scenes(): Scene[] {
  const at = new Date().toISOString();
  const nextMonth = new Date(Date.now() + 30 * 86_400_000).toISOString();
  const event = (type: string, data: object): SignedDelivery =>
    signStandardWebhook({ type, timestamp: at, data }, secrets.webhook);
  const ada = signBamboohr(
    {
      employees: [
        {
          id: '1001',
          action: 'Updated',
          changedFields: ['Status'],
          fields: { Status: 'Inactive', 'Work Email': 'ada@example.com' },
          timestamp: at,
        },
      ],
    },
    secrets.bamboohr,
  );
  const alan = { userIdType: 'email', userId: 'alan@example.com', subject: '1003' };
  return [
    {
      title: 'BambooHR reports that Ada has left',
      delivery: ada,
      status: 200,
      outcomes: ['user.resign.succeeded', 'user.kick.succeeded'],
    },
    { title: 'BambooHR sends the same once more', delivery: ada, status: 200, outcomes: [] },
    {
      title: 'Somebody sends it with another body',
      delivery: { ...ada, body: ada.body.replace('1001', '1002') },
      status: 401,
      outcomes: [],
    },
    {
      title: 'A script asks to sign Grace out at once',
      delivery: event('user.kick', {
        userIdType: 'email',
        userId: 'grace@example.com',
        reason: 'lost laptop',
      }),
      status: 200,
      outcomes: ['user.kick.succeeded'],
    },
    {
      title: "A script announces Alan's last day, a month ahead",
      delivery: event('user.resign', { ...alan, effectiveAt: nextMonth }),
      status: 200,
      outcomes: ['user.resign.scheduled'],
    },
    {
      title: 'and takes it back',
      delivery: event('user.withdraw', alan),
      status: 200,
      outcomes: ['user.resign.canceled', 'user.withdraw.succeeded'],
    },
    {
      title: 'An event names two different people',
      delivery: event('user.resign', {
        identifiers: [
          { userIdType: 'external_id', userId: '9999' },
          { userIdType: 'email', userId: 'katherine@example.com' },
        ],
      }),
      status: 200,
      outcomes: ['user.resign.held'],
    },
    {
      title: 'A script forgets what kind of id it sends',
      delivery: event('user.kick', { userId: 'grace@example.com' }),
      status: 400,
      outcomes: ['delivery.dead_lettered'],
    },
  ];
}

async function play({ url, adminUrl }: Bridge, genauth: Emulator): Promise<boolean> {
  let position = 0;
  let allWell = true;
  for (const { title, delivery, status, outcomes } of scenes()) {
    const seenCalls = genauth.calls().length;
    say(`» ${title}`);
    const response = await fetch(`${url}/hooks/${delivery.source}`, {
      method: 'POST',
      headers: delivery.headers,
      body: delivery.body,
    });
    say(`  answer   ${response.status} ${await response.text()}`);
    const became = await readOutcomes(adminUrl, position, outcomes.length);
    position += became.length;
    for (const call of genauth.calls().slice(seenCalls)) {
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
async function playSlack({ url }: Bridge): Promise<boolean> {
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
    headers: { authorization: `Bearer ${secrets.operator}`, accept: 'text/event-stream' },
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
  return `It stays up. Look at it: ${adminUrl}/console with the token ${secrets.operator}

Sign Katherine out yourself:

  curl -s ${url}/v1/intents -H 'Authorization: Bearer ${secrets.operator}' \\
    -d '{"type":"user.kick","timestamp":"${new Date().toISOString()}","data":{"userIdType":"external_id","userId":"1004"}}'

and see what became of it, live:

  curl -sN ${adminUrl}/v1/outcomes -H 'Accept: text/event-stream' -H 'Authorization: Bearer ${secrets.operator}'

Ctrl+C ends it.`;
}

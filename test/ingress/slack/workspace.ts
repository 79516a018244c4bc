import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { handlers } from '../../../handlers/index.ts';
import { type Bridge, startBridge } from '../../../src/bridge.ts';
import { parseConfig } from '../../../src/config.ts';
import { createEmulator, type Emulator, emulatorDefaults } from '../../../src/emulator/emulator.ts';
import { exampleUsers } from '../../../src/emulator/example-users.ts';
import { blockKitFaults } from '../../support/slack/block-kit.ts';
import {
  commandFields,
  type PressedButton,
  pressPayload,
  sendForm,
  signingSecret,
  type TypedCommand,
} from '../../support/slack/sender.ts';
import { openSlackStandIn, type SlackStandIn } from '../../support/slack/stand-in.ts';
import { collectLog, type LogLine } from '../house.ts';

export const asker = 'U0ADMIN';
export const approver = 'U0BOSS';
const operator = 'o'.repeat(32);

export interface Shown {
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly response_type?: string;
  readonly replace_original?: boolean;
}
interface Block {
  readonly type: string;
  readonly text?: { readonly type: string; readonly text: string };
  readonly elements?: readonly {
    readonly action_id?: string;
    readonly value?: string;
    readonly text?: unknown;
  }[];
}

export interface WorkspaceOptions {
  /** YAML of what is below `slack:`, beside what is needed. */
  readonly slack?: string;
  readonly leavers?: string;
  readonly mode?: 'http' | 'socket';
}

/** The whole bridge before a GenAuth emulator, and a Slack that is a stand-in; every part on real sockets. */
export async function openWorkspace(options: WorkspaceOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
  const genauth: Emulator = createEmulator();
  genauth.addUsers(exampleUsers);
  await genauth.start();
  const slack: SlackStandIn = await openSlackStandIn();
  slack.members.set(asker, { email: 'admin@example.com', tz: 'Asia/Shanghai' });
  slack.members.set('U0123ABC', { email: 'ada@example.com' });
  slack.groups.set('S0GROUP', []);
  const clock = { aheadMs: 0 };
  const { log, lines } = collectLog();

  const start = (): Promise<Bridge> =>
    startBridge(parseConfig(configText({ options, folder, genauth, slack }), { env: {}, handlers }), {
      log,
      now: () => Date.now() + clock.aheadMs,
    });
  let bridge = await start();

  async function command(typed: TypedCommand): Promise<Shown> {
    const response = await sendForm(bridge.url, new URLSearchParams(commandFields(typed)).toString());
    expect(response.status).toBe(200);
    const shown = (await response.json()) as Shown;
    expect(blockKitFaults(shown.blocks)).toEqual([]);
    return shown;
  }

  async function press(pressed: PressedButton): Promise<number> {
    const timestamp = Math.floor((Date.now() + clock.aheadMs) / 1_000);
    const body = new URLSearchParams({ payload: JSON.stringify(pressPayload(pressed)) }).toString();
    return (await sendForm(bridge.url, body, { timestamp })).status;
  }

  return {
    slack,
    genauth,
    lines: lines as readonly LogLine[],
    clock,
    url: () => bridge.url,
    command,
    press,
    /** Ends the bridge and starts it anew on the same store. */
    async restart(between: () => void = () => {}) {
      await bridge.close();
      between();
      bridge = await start();
    },
    async outcomes(): Promise<readonly { type: string; data: Record<string, unknown> }[]> {
      const response = await fetch(`${bridge.adminUrl}/v1/outcomes?limit=1000`, {
        headers: { authorization: `Bearer ${operator}` },
      });
      return ((await response.json()) as { outcomes: { type: string; data: Record<string, unknown> }[] })
        .outcomes;
    },
    kicks: () => genauth.calls().filter(({ endpoint }) => endpoint === 'kick-users'),
    resigns: () => genauth.calls().filter(({ endpoint }) => endpoint.startsWith('resign')),
    async close() {
      await bridge.close();
      await genauth.close();
      await slack.close();
      await rm(folder, { recursive: true });
    },
  };
}

export type Workspace = Awaited<ReturnType<typeof openWorkspace>>;

function configText({
  options: { mode = 'http', leavers = '', slack: extra = '' },
  folder,
  genauth,
  slack,
}: {
  options: WorkspaceOptions;
  folder: string;
  genauth: Emulator;
  slack: SlackStandIn;
}): string {
  return `
server: { port: 0, tokens: [{ name: olaf, role: approver, token: "${operator}" }] }
store: { url: "sqlite:${folder}/bridge.db" }
genauth:
  host: "${genauth.url}"
  accessKeyId: ${emulatorDefaults.accessKeyId}
  accessKeySecret: ${emulatorDefaults.accessKeySecret}
leavers: { dryRun: false${leavers} }
retry: { minDelay: 50ms, maxDelay: 500ms }
slack:
  mode: ${mode}
  signingSecret: ${signingSecret}
  botToken: xoxb-test-token
  appToken: xapp-test-token
  apiUrl: "${slack.apiUrl}"
  allow:
    kick: { users: [${asker}], userGroups: [S0GROUP] }
    resign: { users: [${asker}, ${approver}] }
  approve: { channel: C0APPROVE, users: [${asker}, ${approver}] }
${extra}
`;
}

/** Runs a test in a workspace of its own, and clears it away. */
export function inWorkspace(test: (workspace: Workspace) => Promise<void>, options?: WorkspaceOptions) {
  return async (): Promise<void> => {
    const workspace = await openWorkspace(options);
    try {
      await test(workspace);
    } finally {
      await workspace.close();
    }
  };
}

/** Everything that a message shows as text. */
export function textOf(shown: Pick<Shown, 'blocks'>): string {
  const parts: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('text' in value && typeof value.text === 'string') parts.push(value.text);
    for (const inner of Object.values(value)) walk(inner);
  };
  walk(shown.blocks);
  return parts.join('\n');
}

/** The value of a message's buttons, `null` when it has none. */
export function keyOf(shown: Pick<Shown, 'blocks'>): string | null {
  const actions = shown.blocks.find(({ type }) => type === 'actions');
  return actions?.elements?.[0]?.value ?? null;
}

export function keyIn(shown: Pick<Shown, 'blocks'>): string {
  const key = keyOf(shown);
  if (key === null) throw new Error('the message has no buttons');
  return key;
}

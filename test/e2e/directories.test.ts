import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { handlers } from '../../handlers/index.ts';
import { type Bridge, startBridge } from '../../src/bridge.ts';
import { parseConfig } from '../../src/config.ts';
import type { Delivery } from '../../src/core/handler.ts';
import { createEmulator, type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';
import { readFixture } from '../handlers/handler-suite.ts';
import { type DingtalkServer, startDingtalkServer } from '../ingress/dingtalk-server.ts';
import { collectLog } from '../ingress/house.ts';
import { type LarkServer, startLarkServer } from '../ingress/lark-server.ts';
import { until } from '../support/until.ts';
import { dingtalkEvent, directories, larkEvent, sendDelivery, wecomEvent } from './directory-deliveries.ts';
import { endProcesses, type RunningProcess, startProcess } from './process.ts';

const openId = 'ou_7dab8a3d3cdcc9da365777c7ad535d62';

let folder: string;
let emulator: Emulator;
let close: (() => Promise<void>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-directories-'));
  emulator = createEmulator();
  await emulator.start();
  emulator.addUsers([
    userOf('64b000000000000000000001', 'lark', openId),
    userOf('64b000000000000000000002', 'dingtalk', '015xxxx227'),
    userOf('64b000000000000000000003', 'wechatwork', 'zhangsan'),
    userOf('64b000000000000000000004', 'wechatwork', 'new-id'),
  ]);
});

afterEach(async () => {
  for (const one of close.reverse()) await one();
  close = [];
  await emulator.close();
  await rm(folder, { recursive: true });
});

function userOf(userId: string, provider: string, userIdInIdp: string) {
  return { userId, syncRelations: [{ provider, userIdInIdp }], sessions: ['app-mail'] };
}

function configOf(own: object): string {
  return JSON.stringify({
    server: { port: 0 },
    store: { url: `sqlite:${join(folder, 'bridge.db')}` },
    genauth: {
      host: emulator.url,
      accessKeyId: emulatorDefaults.accessKeyId,
      accessKeySecret: emulatorDefaults.accessKeySecret,
      requestsPerSecond: 1_000,
    },
    // The published events are of other years.
    leavers: { dryRun: false, maxEventAge: '3650d', safeguard: { grace: '0ms' } },
    retry: { minDelay: '20ms', maxDelay: '200ms' },
    sources: own,
  });
}

async function start(own: object = directories): Promise<Bridge> {
  const config = parseConfig(configOf(own), { env: {}, handlers });
  const bridge = await startBridge(config, { log: collectLog().log });
  close.push(() => bridge.close());
  return bridge;
}

const send = (bridge: Bridge, source: string, delivery: Delivery): Promise<Response> =>
  sendDelivery(bridge.url, source, delivery);

/** What was called, as it was sent: no more, no less. */
const inputs = (endpoint: string): unknown[] =>
  emulator.calls().flatMap((call) => (call.endpoint === endpoint ? [call.input] : []));
const resigns = (): unknown[] => inputs('resign-user-batch');

const statusOf = (userId: string): string | undefined => emulator.user(userId)?.status;

describe('somebody who is removed from', () => {
  it.each([
    ['lark', () => larkEvent('contact.user.deleted_v3'), '64b000000000000000000001', `lark:${openId}`],
    [
      'dingtalk',
      () => dingtalkEvent('user_leave_org-http'),
      '64b000000000000000000002',
      'dingtalk:015xxxx227',
    ],
    [
      'wecom',
      () => wecomEvent('change_contact-delete_user'),
      '64b000000000000000000003',
      'wechatwork:zhangsan',
    ],
  ])(
    '%s is resigned by exactly that relation, and signed out',
    async (source, delivery, userId, relation) => {
      const bridge = await start();
      expect((await send(bridge, source, delivery())).status).toBe(200);
      expect((await send(bridge, source, delivery())).status).toBe(200);
      await until(() => statusOf(userId) === 'Resigned' && inputs('kick-users').length > 0);
      expect(resigns()).toEqual([{ userIds: [relation], userIdType: 'sync_relation' }]);
      expect(inputs('kick-users')).toEqual([
        { appIds: ['app-mail', 'app-wiki', 'app-payroll'], userId, options: { userIdType: 'user_id' } },
      ]);
    },
  );
});

describe('somebody who is frozen or disabled in', () => {
  it.each([
    ['lark', () => larkEvent('contact.user.updated_v3.frozen.constructed'), `lark:${openId}`],
    ['wecom', () => wecomEvent('change_contact-update_user.constructed'), 'wechatwork:new-id'],
  ])('%s is kicked by exactly that relation, and not resigned', async (source, delivery, userId) => {
    const bridge = await start();
    expect((await send(bridge, source, delivery())).status).toBe(200);
    await until(() => inputs('kick-users').length > 0);
    expect(inputs('kick-users')).toEqual([
      { appIds: ['app-mail', 'app-wiki', 'app-payroll'], userId, options: { userIdType: 'sync_relation' } },
    ]);
    expect(resigns()).toEqual([]);
  });
});

describe('a stream', () => {
  let dingtalkServer: DingtalkServer;
  let larkServer: LarkServer;
  let own: object;

  beforeEach(async () => {
    dingtalkServer = await startDingtalkServer();
    larkServer = await startLarkServer();
    close.push(
      () => dingtalkServer.close(),
      () => larkServer.close(),
    );
    const access = { clientId: 'ding1', clientSecret: 'client secret', apiUrl: dingtalkServer.url };
    const larkAccess = { appId: 'cli_9f5343c580712544', appSecret: 'app secret', apiUrl: larkServer.url };
    own = {
      dingtalk: { handler: 'dingtalk', transport: 'stream', ...access },
      lark: { handler: 'lark', transport: 'stream', ...larkAccess },
    };
  });

  function pushBoth(): void {
    dingtalkServer.push('1', 'user_leave_org', { userId: ['015xxxx227'] });
    larkServer.push(JSON.parse(readFixture('lark/contact.user.deleted_v3.json')));
  }

  const bothResigned = (): boolean =>
    ['64b000000000000000000001', '64b000000000000000000002'].every((id) => statusOf(id) === 'Resigned');
  const relations = ['dingtalk:015xxxx227', `lark:${openId}`];

  it('leaves no door open at /hooks', async () => {
    const bridge = await start(own);
    expect((await send(bridge, 'dingtalk', dingtalkEvent('user_leave_org-http'))).status).toBe(404);
    expect((await send(bridge, 'lark', larkEvent('contact.user.deleted_v3'))).status).toBe(404);
  });

  it('brings a departure down to the same call', async () => {
    await start(own);
    await until(() => dingtalkServer.connections() === 1 && larkServer.connections() === 1);
    pushBoth();
    await until(() => bothResigned() && dingtalkServer.acks.length > 0 && larkServer.acks.length > 0);
    const called = resigns().flatMap((input) => Object(input).userIds);
    expect(called.sort()).toEqual(relations);
    expect(dingtalkServer.acks).toMatchObject([{ status: 'SUCCESS' }]);
    expect(larkServer.acks).toMatchObject([{ code: 200 }]);
  });

  it('brings it again when the bridge is killed before its acknowledgement counts; it is acted on once', async () => {
    dingtalkServer.setDeaf(true);
    larkServer.setDeaf(true);
    const config = join(folder, 'bridge.yaml');
    await writeFile(config, configOf(own));
    const first = await startConnected(config);
    pushBoth();
    await until(bothResigned);
    first.signal('SIGKILL');
    await first.ended;
    dingtalkServer.setDeaf(false);
    larkServer.setDeaf(false);
    const seen = { dingtalk: dingtalkServer.acks.length, lark: larkServer.acks.length };
    const second = await startConnected(config);
    await until(() => dingtalkServer.acks.length > seen.dingtalk && larkServer.acks.length > seen.lark);
    expect(dingtalkServer.acks.at(-1)).toMatchObject({ status: 'SUCCESS' });
    expect(larkServer.acks.at(-1)).toMatchObject({ code: 200 });
    second.signal('SIGTERM');
    await second.ended;
    const called = resigns().flatMap((input) => Object(input).userIds);
    expect(called.sort()).toEqual(relations);
  }, 30_000);

  it('leaves the log whole: a library that writes to the console writes a line of it', async () => {
    const config = join(folder, 'bridge.yaml');
    await writeFile(config, configOf(own));
    const bridge = await startConnected(config);
    await bridge.logged('the stream is connected');
    bridge.signal('SIGTERM');
    expect(await bridge.ended).toMatchObject({ code: 0 });
    expect(bridge.log()).toHaveLength(bridge.stdout().trim().split('\n').length);
    expect(bridge.stderr()).toBe('');
    expect(bridge.log()).toContainEqual(
      expect.objectContaining({ msg: 'a library wrote to the console', says: 'Disconnecting.' }),
    );
  });

  /** The bridge in a process of its own, connected. */
  async function startConnected(config: string): Promise<RunningProcess> {
    const before = { dingtalk: dingtalkServer.connections(), lark: larkServer.connections() };
    const bridge = startProcess('src/main.ts', ['--config', config], { folder });
    close.push(endProcesses);
    await until(
      () => dingtalkServer.connections() > before.dingtalk && larkServer.connections() > before.lark,
    );
    return bridge;
  }
});

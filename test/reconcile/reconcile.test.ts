import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { handlers } from '../../handlers/index.ts';
import { reconcileSource } from '../../src/bridge/reconcile.ts';
import { type Bridge, startBridge } from '../../src/bridge.ts';
import { parseConfig } from '../../src/config.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { type Ran, runCommand } from '../cli/bench.ts';
import { collectLog, type LogLine } from '../ingress/house.ts';
import { until } from '../support/until.ts';
import { bridgeConfig } from './bridge-config.ts';
import { startWecomServer, type WecomServer } from './wecom-server.ts';

const operatorToken = 'o'.repeat(32);
const everybody = Array.from({ length: 60 }, (_, index) => `user-${index}`);

let folder: string;
let emulator: Emulator;
let wecom: WecomServer;
let lines: LogLine[];
let bridge: Bridge | null = null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-reconcile-'));
  emulator = createEmulator();
  await emulator.start();
  emulator.addUsers(
    everybody.map((id, index) => ({
      userId: (index + 1).toString(16).padStart(24, '0'),
      syncRelations: [{ provider: 'wechatwork', userIdInIdp: id }],
      identities: [{ extIdpId: '62f2', provider: 'wechatwork', userIdInIdp: id }],
    })),
  );
  emulator.addUsers([
    { userId: 'a'.repeat(24), syncRelations: [{ provider: 'lark', userIdInIdp: 'ou_1' }] },
    {
      userId: 'b'.repeat(24),
      status: 'Resigned',
      syncRelations: [{ provider: 'wechatwork', userIdInIdp: 'ada' }],
    },
    { userId: 'c'.repeat(24) },
  ]);
  wecom = await startWecomServer();
  wecom.setPeople(everybody);
});

afterEach(async () => {
  await bridge?.close();
  bridge = null;
  await wecom.close();
  await emulator.close();
  await rm(folder, { recursive: true });
});

function configText(reconcile: object = {}, own: object = {}): string {
  const token = { name: 'olaf', role: 'operator', token: operatorToken };
  const sources = {
    wecom: {
      handler: 'wecom',
      token: 'token',
      encodingAesKey: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C',
      receiveId: 'corp',
      reconcile: { secret: 'contact secret', apiUrl: wecom.url, ...reconcile },
      ...own,
    },
    lark: { handler: 'lark', verificationToken: 'token' },
  };
  const config = bridgeConfig({ folder, emulator, maxResigns: 2, sources });
  return JSON.stringify({ ...config, server: { port: 0, tokens: [token] } });
}

const configOf = (reconcile?: object, own?: object) =>
  parseConfig(configText(reconcile, own), { env: {}, handlers });
const compare = (reconcile?: object, own?: object) => reconcileSource(configOf(reconcile, own), 'wecom');
const without = (...gone: string[]) => wecom.setPeople(everybody.filter((id) => !gone.includes(id)));
const acts = () => emulator.calls().filter(({ endpoint }) => /^(resign|kick)/.test(endpoint));

describe('a comparison', () => {
  it('finds whom GenAuth still has under that relation, and the directory no longer has', async () => {
    without('user-7', 'user-59');
    wecom.setPeople([...everybody.filter((id) => id !== 'user-7' && id !== 'user-59'), 'not synced yet']);
    expect(await compare()).toEqual({
      kind: 'compared',
      inDirectory: 59,
      active: 60,
      gone: [
        { userIdType: 'sync_relation', userId: 'wechatwork:user-7' },
        { userIdType: 'sync_relation', userId: 'wechatwork:user-59' },
      ],
    });
    expect(acts()).toEqual([]);
  });

  it('lists again when anybody seems gone: whoever the pages passed by is not', async () => {
    let asked = 0;
    wecom.onAsked(({ path }) => {
      asked += path.endsWith('list_id') ? 1 : 0;
      // One on the first page leaves, so that the second begins one person too late.
      if (asked === 2) without('user-0');
    });
    expect(await compare()).toMatchObject({ kind: 'compared', gone: [] });
    expect(await compare()).toMatchObject({ kind: 'compared', gone: [{ userId: 'wechatwork:user-0' }] });
  });

  it('goes by the identities of that source where those are sent', async () => {
    without('user-7');
    expect(await compare({}, { sendAs: 'identity', extIdpId: '62f2' })).toMatchObject({
      active: 60,
      gone: [{ userIdType: 'identity', userId: '62f2:user-7' }],
    });
    expect(emulator.calls().map(({ endpoint }) => endpoint)).not.toContain('get-user-sync-relations');
  });

  it('is none for a source without one', async () => {
    expect(await reconcileSource(configOf(), 'lark')).toBeNull();
    expect(await reconcileSource(configOf(), 'nobody')).toBeNull();
  });

  it.each([
    ['nobody', []],
    ['suspiciously few people', everybody.slice(7)],
  ])('ends when the directory has %s', async (_title, people) => {
    wecom.setPeople(people);
    expect(await compare()).toMatchObject({ kind: 'ended', reason: expect.stringMatching(/directory/) });
  });

  it('lets as many be gone as maxGone says', async () => {
    wecom.setPeople(everybody.slice(7));
    expect(await compare({ maxGone: 0.2 })).toMatchObject({ kind: 'compared', gone: { length: 7 } });
  });

  it.each([
    ['gettoken', { status: 500, body: '{"errcode":0}' }, 'WeCom: the vendor answered with 500'],
    ['gettoken', { body: '{"errcode":40001,"errmsg":"invalid credential"}' }, 'errcode 40001'],
    ['user/list_id', { body: '{"errcode":45009}' }, 'errcode 45009'],
    ['user/list_id', { body: '{"errcode":0}' }, 'something else'],
    ['user/list_id', { body: '{"errcode":0,"dept_user":[{"userid":""}]}' }, 'something else'],
    ['user/list_id', { body: '<html>' }, 'something else than JSON'],
    ['user/list_id', { body: '{"errcode":0,"next_cursor":"1","dept_user":[]}' }, 'the end of its list'],
  ] as const)('ends when %s is answered with %j', async (path, answer, reason) => {
    wecom.setAnswer(`/cgi-bin/${path}`, answer);
    const result = await compare();
    expect(result).toMatchObject({ kind: 'ended', reason: expect.stringContaining(reason) });
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it('ends when the directory cannot be reached, or GenAuth does not answer', async () => {
    expect(await compare({ apiUrl: 'http://127.0.0.1:1' })).toEqual({
      kind: 'ended',
      reason: 'WeCom: no connection',
    });
    emulator.setFaults({ calls: [{ kind: 'http5xx', endpoint: 'get-user-sync-relations' }] });
    expect(await compare()).toMatchObject({ kind: 'ended', reason: expect.stringMatching(/^GenAuth/) });
  });
});

describe('a comparison by schedule', () => {
  async function start(reconcile: object): Promise<void> {
    const { log, lines: collected } = collectLog();
    lines = collected;
    bridge = await startBridge(configOf({ every: '1h', ...reconcile }), { log });
    await until(() => lines.some(({ message }) => /comparison|compared/.test(message)));
  }

  it('only counts, unless it is told to act', async () => {
    without('user-7');
    await start({});
    expect(lines).toContainEqual({
      level: 'info',
      message: 'compared with the directory',
      facts: { source: 'wecom', inDirectory: 59, active: 60, gone: 1 },
    });
    expect(JSON.stringify(lines)).not.toContain('user-7');
    expect(await intents()).toEqual([]);
  });

  it('hands on whoever is gone, through the safeguard, and once', async () => {
    without('user-7', 'user-8', 'user-9');
    await start({ apply: true });
    const counted = async () => (await intents()).map(({ status }) => status).sort();
    await until(async () => (await counted()).join() === 'held,succeeded,succeeded,succeeded,succeeded');
    expect(emulator.users().filter(({ status }) => status === 'Resigned')).toHaveLength(1 + 2);
    await bridge?.close();
    await start({ apply: true });
    // Those who were resigned are no longer active; the one who is held is known again.
    expect((await counted()).join()).toBe('held,succeeded,succeeded,succeeded,succeeded');
  });

  it('ends without a word to GenAuth when the directory fails', async () => {
    wecom.setAnswer('/cgi-bin/gettoken', { body: '{"errcode":40001}' });
    await start({ apply: true });
    expect(lines.map(({ message }) => message)).toContain('a comparison with the directory ended early');
    expect(await intents()).toEqual([]);
  });
});

describe('offboard-bridge reconcile', () => {
  async function run(...args: string[]): Promise<Ran> {
    const config = join(folder, 'bridge.yaml');
    await writeFile(config, configText());
    const url = bridge?.url ?? 'http://127.0.0.1:1';
    return runCommand(['reconcile', '--config', config, ...args], {
      url,
      env: { OFFBOARD_TOKEN: operatorToken },
    });
  }

  it('lists the difference, and hands nothing on', async () => {
    without('user-7');
    expect(await run('--source', 'wecom')).toEqual({
      code: 0,
      out: 'sync_relation:wechatwork:user-7\n59 in the directory, 60 active in GenAuth, 1 gone\n',
      err: '',
    });
    expect(acts()).toEqual([]);
  });

  it('asks the running bridge when it is told to, where a resign that a person asks for waits for another', async () => {
    without('user-7');
    bridge = await startBridge(configOf(), { log: collectLog().log });
    expect(await run('--source', 'wecom', '--apply')).toMatchObject({
      code: 0,
      err: expect.stringMatching(/1 asked for/),
    });
    expect(await run('--source', 'wecom', '--apply')).toMatchObject({ code: 0 });
    expect(await intents()).toMatchObject([{ action: 'resign', status: 'held' }]);
  });

  it('says what is wrong, and ends with 1 or 2', async () => {
    expect(await run('--source', 'lark')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no section reconcile/),
    });
    expect(await run()).toMatchObject({ code: 2, err: expect.stringMatching(/--source/) });
    wecom.setPeople([]);
    expect(await run('--source', 'wecom', '--apply')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/nobody is taken for gone/),
    });
  });

  it('ends with 1 when the bridge cannot be reached', async () => {
    without('user-7');
    expect(await run('--source', 'wecom', '--apply')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/cannot be reached/),
    });
  });
});

async function intents(): Promise<{ status: string; action: string }[]> {
  const headers = { authorization: `Bearer ${operatorToken}` };
  const response = await fetch(`${bridge?.url}/v1/intents`, { headers });
  return Object(await response.json()).intents;
}

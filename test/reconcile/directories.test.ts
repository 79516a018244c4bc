import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { handlers } from '../../handlers/index.ts';
import { reconcileSource } from '../../src/bridge/reconcile.ts';
import { type Bridge, startBridge } from '../../src/bridge.ts';
import { parseConfig } from '../../src/config.ts';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import { collectLog } from '../ingress/house.ts';
import { until } from '../support/until.ts';
import { bridgeConfig } from './bridge-config.ts';
import type { Department } from './company.ts';
import { startDingtalkServer } from './dingtalk-server.ts';
import type { DirectoryServer, SetAnswer } from './directory-server.ts';
import { startLarkServer } from './lark-server.ts';

/** Twenty people on three levels; `p0` is in two departments, and one department has nobody. */
const everybody = Array.from({ length: 20 }, (_, index) => `p${index}`);
const whole: Department = {
  id: 1,
  people: everybody.slice(0, 3),
  below: [
    {
      id: 20,
      people: ['p0', ...everybody.slice(3, 9)],
      below: [{ id: 200, people: everybody.slice(9, 15) }],
    },
    { id: 30, people: [], below: [{ id: 300, people: everybody.slice(15) }] },
  ],
};

function without(department: Department, ...gone: readonly string[]): Department {
  return {
    ...department,
    people: department.people.filter((id) => !gone.includes(id)),
    below: (department.below ?? []).map((one) => without(one, ...gone)),
  };
}

interface Vendor {
  readonly id: 'lark' | 'dingtalk';
  readonly name: string;
  readonly start: (company: () => Department) => Promise<DirectoryServer>;
  /** The source as it is configured. */
  readonly source: (url: string, reconcile: object) => object;
  /** Where people are listed, and how one asks for those of department 200. */
  readonly listing: string;
  readonly isDeep: NonNullable<SetAnswer['when']>;
  readonly departments: string;
  readonly token: string;
  readonly refusal: string;
  readonly busy: Pick<SetAnswer, 'status' | 'headers' | 'body'>;
  /** Departments that lead back to themselves, and how often they are asked for until that ends it. */
  readonly circle: string;
  readonly circleAsks: number;
  readonly circleEnds: string;
  /** Answers that are of the right kind, and not whole. */
  readonly halves: readonly string[];
}

const vendors: readonly Vendor[] = [
  {
    id: 'lark',
    name: 'Lark',
    start: startLarkServer,
    source: (apiUrl, reconcile) => ({
      handler: 'lark',
      verificationToken: 'token',
      appId: 'cli_9f5343c580712544',
      appSecret: 'app secret',
      apiUrl,
      reconcile,
    }),
    listing: '/open-apis/contact/v3/users/find_by_department',
    // Its second page.
    isDeep: ({ query }) => query.get('department_id') === 'od-200' && query.has('page_token'),
    departments: '/open-apis/contact/v3/departments/0/children',
    token: '/open-apis/auth/v3/tenant_access_token/internal',
    refusal: '{"code":99991672,"msg":"no permission"}',
    circleEnds: 'Lark does not come to the end of its list',
    circle: '{"code":0,"data":{"has_more":true,"page_token":"p/0+=","items":[]}}',
    circleAsks: 2,
    busy: { status: 429, headers: { 'x-ogw-ratelimit-reset': '0' }, body: '{"code":99991400}' },
    halves: [
      '{"code":0}',
      '{"code":0,"data":{}}',
      '{"code":0,"data":{"has_more":true,"items":[]}}',
      '{"code":0,"data":{"has_more":true,"page_token":"a"}}',
      '{"code":0,"data":{"has_more":false,"items":[{}]}}',
    ],
  },
  {
    id: 'dingtalk',
    name: 'DingTalk',
    start: startDingtalkServer,
    source: (apiUrl, reconcile) => ({
      handler: 'dingtalk',
      token: 'token',
      aesKey: 'o1w0aum42yaptlz8alnhwikjd3jenzt9cb9wmzptgus',
      ownerKey: 'dingkey',
      clientId: 'dingkey',
      clientSecret: 'client secret',
      reconcile: { ...reconcile, apiUrl },
    }),
    listing: '/topapi/user/listid',
    isDeep: ({ body }) => body.dept_id === 200,
    departments: '/topapi/v2/department/listsubid',
    token: '/gettoken',
    refusal: '{"errcode":88,"errmsg":"no permission"}',
    circleEnds: 'maxGone',
    circle: '{"errcode":0,"result":{"dept_id_list":[1,20]}}',
    // Two departments, in both lists.
    circleAsks: 4,
    busy: { body: '{"errcode":90018,"errmsg":"too often"}' },
    halves: ['{"errcode":0}', '{"errcode":0,"result":{}}', '{"errcode":0,"result":{"userid_list":[""]}}'],
  },
];

describe.each(vendors)('a comparison with $name', (vendor) => {
  let folder: string;
  let emulator: Emulator;
  let server: DirectoryServer;
  let company: Department;
  let bridge: Bridge | null = null;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-directories-'));
    emulator = createEmulator();
    await emulator.start();
    emulator.addUsers(
      everybody.map((userIdInIdp, index) => ({
        userId: (index + 1).toString(16).padStart(24, '0'),
        syncRelations: [{ provider: vendor.id, userIdInIdp }],
      })),
    );
    company = whole;
    server = await vendor.start(() => company);
  });

  afterEach(async () => {
    await bridge?.close();
    bridge = null;
    await server.close();
    await emulator.close();
    await rm(folder, { recursive: true });
  });

  const configOf = (reconcile: object, source: object = {}) =>
    parseConfig(
      JSON.stringify(
        bridgeConfig({
          folder,
          emulator,
          maxResigns: 1,
          sources: { people: { ...vendor.source(server.url, reconcile), ...source } },
        }),
      ),
      { env: {}, handlers },
    );
  const compare = (reconcile: object = {}, source?: object) =>
    reconcileSource(configOf(reconcile, source), 'people');

  /** How often the directory was listed: each list begins with a token. */
  const listings = () => server.asked.filter((path) => path === vendor.token).length;

  it('finds nobody gone where everybody is in some department, however deep', async () => {
    expect(await compare()).toEqual({ kind: 'compared', inDirectory: 20, active: 20, gone: [] });
  });

  it('finds who is in no department any more', async () => {
    company = without(whole, 'p14');
    expect(await compare()).toEqual({
      kind: 'compared',
      inDirectory: 19,
      active: 20,
      gone: [{ userIdType: 'sync_relation', userId: `${vendor.id}:p14` }],
    });
  });

  it('lists again when anybody seems gone: whoever changes department meanwhile is not', async () => {
    server.onAsked((question) => {
      if (vendor.isDeep(question)) company = { ...without(whole, 'p19'), people: [...whole.people, 'p19'] };
    });
    expect(await compare()).toMatchObject({ kind: 'compared', inDirectory: 20, gone: [] });
    expect(listings()).toBe(2);
  });

  it('does not say that more than maxGone are gone when a whole department moved', async () => {
    const all = everybody.slice(15);
    server.onAsked((question) => {
      if (vendor.isDeep(question)) company = { ...without(whole, ...all), people: [...whole.people, ...all] };
    });
    expect(await compare()).toMatchObject({ kind: 'compared', inDirectory: 20, gone: [] });
  });

  it('lists once when everybody is there', async () => {
    await compare();
    expect(listings()).toBe(1);
  });

  it.each(['refused', 'nobody'] as const)('ends when the second list is %s', async (second) => {
    company = without(whole, 'p14');
    server.onAsked(({ path }) => {
      if (path !== vendor.token || listings() < 2) return;
      if (second === 'nobody') company = { id: 1, people: [] };
      else server.setAnswer(vendor.listing, { body: vendor.refusal });
    });
    expect(await compare()).toMatchObject({ kind: 'ended' });
    expect(listings()).toBe(2);
  });

  it('waits where it is asked too often, and no longer than a few times', async () => {
    server.setAnswer(vendor.listing, { ...vendor.busy, times: 1, when: vendor.isDeep });
    expect(await compare()).toMatchObject({ kind: 'compared', inDirectory: 20, gone: [] });
    server.setAnswer(vendor.token, { status: 429, headers: { 'retry-after': '0' }, body: '{}' });
    const before = server.asked.length;
    expect(await compare()).toEqual({ kind: 'ended', reason: `${vendor.name} is asked too often, it says` });
    expect(server.asked.length - before).toBe(5);
  });

  it('ends when one page of many fails, and takes nobody for gone', async () => {
    company = without(whole, 'p14');
    server.setAnswer(vendor.listing, { status: 502, body: '', when: vendor.isDeep });
    expect(await compare()).toEqual({
      kind: 'ended',
      reason: `${vendor.name}: the vendor answered with 502`,
    });
  });

  it.each(['token', 'departments', 'listing'] as const)('ends when it is refused the %s', async (part) => {
    server.setAnswer(vendor[part], { body: vendor.refusal });
    const result = await compare();
    expect(result).toMatchObject({
      kind: 'ended',
      reason: expect.stringMatching(/answered with \w*code \d/),
    });
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it.each([...vendor.halves, '<html>', '{}', '[]', 'null'])(
    'ends when people are listed as %s',
    async (body) => {
      server.setAnswer(vendor.listing, { body, when: vendor.isDeep });
      expect(await compare()).toMatchObject({
        kind: 'ended',
        reason: expect.stringContaining('something else'),
      });
    },
  );

  it('ends when the pages of a list, or the departments, go in a circle', async () => {
    server.setAnswer(vendor.departments, { body: vendor.circle });
    expect(await compare()).toMatchObject({
      kind: 'ended',
      reason: expect.stringContaining(vendor.circleEnds),
    });
    // Each page, and each department, is asked for once: whoever is below another one seems to be gone.
    expect(server.asked.filter((path) => path === vendor.departments)).toHaveLength(vendor.circleAsks);
  });

  it('ends when it has nobody, or suspiciously few', async () => {
    company = { id: 1, people: [] };
    expect(await compare()).toEqual({ kind: 'ended', reason: 'the directory has nobody' });
    company = without(whole, 'p1', 'p2', 'p3');
    expect(await compare()).toMatchObject({ kind: 'ended', reason: expect.stringContaining('maxGone') });
  });

  it('counts only, when it is done by schedule', async () => {
    company = without(whole, 'p1');
    const { log, lines } = collectLog();
    bridge = await startBridge(configOf({ every: '1h' }), { log });
    await until(() => lines.some(({ message }) => message === 'compared with the directory'));
    expect(lines).toContainEqual({
      level: 'info',
      message: 'compared with the directory',
      facts: { source: 'people', inDirectory: 19, active: 20, gone: 1 },
    });
    expect(emulator.calls().map(({ endpoint }) => endpoint)).not.toContain('resign-user-batch');
  });

  it('hands on who is gone through the safeguard, when the schedule says so', async () => {
    company = without(whole, 'p1', 'p14');
    const { log, lines } = collectLog();
    bridge = await startBridge(configOf({ every: '1h', apply: true }), { log });
    const outcomes = () => lines.flatMap(({ facts }) => [Object(facts).type].filter(Boolean));
    await until(() =>
      ['user.resign.succeeded', 'user.resign.held'].every((type) => outcomes().includes(type)),
    );
    expect(emulator.users().filter(({ status }) => status === 'Resigned')).toHaveLength(1);
  });

  it('does not keep a bridge from closing while it waits', async () => {
    server.setAnswer(vendor.token, { status: 429, headers: { 'retry-after': '3600' }, body: '{}' });
    const { log, lines } = collectLog();
    bridge = await startBridge(configOf({ every: '1h' }), { log });
    await until(() => server.asked.length > 0);
    const before = performance.now();
    await bridge.close();
    bridge = null;
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('needs the secret of the app', () => {
    const own = Object(vendor.source('http://127.0.0.1:1', {}));
    const parsed = handlers[vendor.id]?.settings.safeParse({
      ...own,
      handler: undefined,
      appSecret: null,
      clientSecret: null,
    });
    expect(parsed?.error?.issues.map(({ message }) => message)).toContain(
      'is required by transport: stream or reconcile',
    );
  });
});

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { handlers } from '../../handlers/index.ts';
import { type Bridge, startBridge } from '../../src/bridge.ts';
import { parseConfig } from '../../src/config.ts';
import type { Delivery } from '../../src/core/handler.ts';
import { createEmulator, type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';
import { readFixture } from '../handlers/handler-suite.ts';
import { hmac, post } from '../handlers/sender.ts';
import { collectLog } from '../ingress/house.ts';
import { until } from '../support/until.ts';
import {
  dingtalkCheck,
  dingtalkEvent,
  directories,
  larkChallenge,
  larkEvent,
  sendDelivery,
  wecomCheck,
  wecomEvent,
} from './directory-deliveries.ts';

const gustoToken = '6590f590-3dba-495e-9bea-c361e1e2efc0';

function gustoEvent(): Delivery {
  const body = readFixture('gusto/employee-termination-effective.json');
  return post(body, { 'x-gusto-signature': hmac({ secret: gustoToken }, body) });
}

let folder: string;
let emulator: Emulator;
let bridge: Bridge;
/** Takes every question, and answers none. */
let mute: Server;
let asked: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
  emulator = createEmulator();
  await emulator.start();
  asked = [];
  mute = createServer(({ url = '' }) => void asked.push(url.replace(/\?.*/, '')));
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
});

afterEach(async () => {
  mute.close().closeAllConnections();
  await bridge.close();
  await emulator.close();
  await rm(folder, { recursive: true });
});

/** A bridge whose vendors are all mute: the API of a look-up, and each directory that is compared with GenAuth. */
async function start(host: string, muteUrl: string): Promise<void> {
  const { accessKeyId, accessKeySecret } = emulatorDefaults;
  const app = { appId: 'cli_9f5343c580712544', appSecret: 'a secret', apiUrl: muteUrl };
  const client = { clientId: 'ding1', clientSecret: 'a secret' };
  const reconcile = { apiUrl: muteUrl, every: '1h' };
  const text = JSON.stringify({
    server: { port: 0 },
    store: { url: `sqlite:${join(folder, 'bridge.db')}` },
    genauth: { host, accessKeyId, accessKeySecret, timeout: '10m' },
    leavers: { dryRun: false, maxEventAge: '3650d', safeguard: { grace: '0ms' } },
    sources: {
      lark: { ...directories.lark, ...app, reconcile: { every: '1h' } },
      dingtalk: { ...directories.dingtalk, ...client, reconcile },
      wecom: { ...directories.wecom, reconcile: { ...reconcile, secret: 'a secret' } },
      payroll: {
        handler: 'gusto',
        secrets: [gustoToken],
        identifyBy: ['email'],
        lookup: { baseUrl: muteUrl, token: 'key' },
        timezone: 'America/Los_Angeles',
      },
    },
  });
  bridge = await startBridge(parseConfig(text, { env: {}, handlers }), { log: collectLog().log });
}

/** Would never come, or after minutes, if it waited for anybody who is mute. */
async function answerTo(source: string, delivery: Delivery): Promise<string> {
  const response = await sendDelivery(bridge.url, source, delivery);
  expect(response.status).toBe(200);
  return response.text();
}

describe('the answer to a callback', () => {
  it.each([
    ['GenAuth', ['/api/v3/get-management-token']],
    [
      'every vendor',
      [
        '/v1/employees/bcfc9744-0ab3-4ef3-ab0d-e728255d659c',
        '/open-apis/auth/v3/tenant_access_token/internal',
        '/gettoken',
        '/cgi-bin/gettoken',
      ],
    ],
  ])('is given when it is kept, while %s is asked and never answers', async (name, questions) => {
    const muteUrl = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    await start(name === 'GenAuth' ? muteUrl : emulator.url, muteUrl);
    expect(await answerTo('lark', larkEvent('contact.user.deleted_v3'))).toContain('accepted');
    expect(await answerTo('payroll', gustoEvent())).toContain('accepted');
    await until(() => questions.every((one) => asked.includes(one)), `${questions}; but ${asked}`);

    expect(await answerTo('lark', larkChallenge('ajls384k'))).toBe('{"challenge":"ajls384k"}');
    expect(await answerTo('dingtalk', dingtalkCheck())).toContain('encrypt');
    expect(await answerTo('wecom', wecomCheck('1616140317'))).toBe('1616140317');

    const frozen = larkEvent('contact.user.updated_v3.frozen.constructed');
    expect(await answerTo('lark', frozen)).toContain('accepted');
    expect(await answerTo('dingtalk', dingtalkEvent('user_leave_org-http'))).toContain('encrypt');
    expect(await answerTo('wecom', wecomEvent('change_contact-delete_user'))).toBe('');
  });
});

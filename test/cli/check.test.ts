import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { chooseFreePorts } from '../support/kafka/free-ports.ts';
import { atBench, type Bench } from './bench.ts';

async function check({ folder, yaml, command }: Bench, change: (yaml: string) => string, ...more: string[]) {
  const file = join(folder, 'bridge.yaml');
  await writeFile(file, change(yaml));
  return command(['check', '--config', file, ...more]);
}

const same = (yaml: string): string => yaml;
const ada = ['--user', 'email:ada@example.com'];

/** A GenAuth that knows lists only as `userIds[]=`, before the emulator; gives its address. */
async function openBracketsOnly(target: string): Promise<{ url: string; close(): void }> {
  const server = createServer(async (incoming, response) => {
    const path = String(incoming.url);
    const isRefused = path.includes('get-user-batch') && !/userIds(\[\]|%5B%5D)=/.test(path);
    const body = incoming.method === 'POST' ? await text(incoming) : null;
    const headers = Object.entries(incoming.headersDistinct)
      .filter(([name]) => !['host', 'connection', 'content-length', 'accept-encoding'].includes(name))
      .map(([name, values]): [string, string] => [name, String(values?.[0])]);
    const answer = isRefused
      ? { status: 200, body: '{"statusCode":400,"message":"userIds must be an array"}' }
      : await fetch(`${target}${path}`, { method: String(incoming.method), headers, body }).then(
          async (one) => ({ status: one.status, body: await one.text() }),
        );
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('check', () => {
  it(
    'finds out how a list of ids has to be written',
    atBench(async (bench) => {
      const genauth = await openBracketsOnly(bench.emulator.url);
      try {
        const there = (yaml: string): string => yaml.replace(bench.emulator.url, genauth.url);
        const wrong = await check(bench, there, ...ada);
        expect([wrong.code, wrong.out]).toEqual([
          1,
          expect.stringContaining('set genauth.arrayEncoding to brackets: with that it does'),
        ]);
        const set = (yaml: string): string =>
          there(yaml).replace('genauth: {', 'genauth: { arrayEncoding: brackets,');
        expect((await check(bench, set, ...ada)).code).toBe(0);
      } finally {
        genauth.close();
      }
    }),
  );

  it(
    'asks Slack whether it knows the tokens',
    atBench(async (bench) => {
      const asked: string[] = [];
      const server = createServer((incoming, response) => {
        asked.push(`${incoming.url} ${incoming.headers.authorization}`);
        const isKnown = incoming.headers.authorization === 'Bearer xoxb-known-token-of-a-bot';
        response.end(JSON.stringify(isKnown ? { ok: true } : { ok: false, error: 'invalid_auth' }));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
      const slack = `mode: socket, botToken: xoxb-known-token-of-a-bot, appToken: xapp-unknown-token-of-an-app`;
      try {
        const { code, out } = await check(
          bench,
          (yaml) => `${yaml}slack: { ${slack}, apiUrl: "${apiUrl}" }\n`,
        );
        expect([code, out]).toEqual([1, expect.stringContaining('ok       slack auth.test: ')]);
        expect(out).toContain('slack apps.connections.open: invalid_auth\n         check slack.appToken');
        expect(out).not.toContain('unknown-token');
        expect(asked.sort()).toEqual([
          '/api/apps.connections.open Bearer xapp-unknown-token-of-an-app',
          '/api/auth.test Bearer xoxb-known-token-of-a-bot',
        ]);
      } finally {
        server.closeAllConnections();
        server.close();
      }
      const away = await check(
        bench,
        (yaml) => `${yaml}slack: { ${slack}, apiUrl: "http://127.0.0.1:9/api/" }\n`,
      );
      expect([away.code, away.out]).toEqual([1, expect.stringContaining('check slack.apiUrl')]);
    }),
  );

  it(
    'says what to do when Kafka is away',
    atBench(async (bench) => {
      const [port] = await chooseFreePorts(1);
      const kafka = `kafka: { brokers: ["127.0.0.1:${port}"], outcomes: { topic: offboarding.outcomes } }\n`;
      const { code, out } = await check(bench, (yaml) => yaml + kafka);
      expect(code).toBe(1);
      expect(out).toContain(`FAILED   kafka brokers: Kafka cannot be reached at 127.0.0.1:${port}`);
      expect(out).toMatch(/\n +check kafka.brokers and kafka.ssl/);
    }),
  );

  it(
    'tries everything, and does nothing to anybody',
    atBench(async (bench) => {
      const { code, out } = await check(bench, same, ...ada);
      expect(out.split('\n').map((line) => line.slice(0, 40).trimEnd())).toEqual([
        expect.stringMatching(/^ok {7}configuration: /),
        expect.stringMatching(/^ok {7}store: /),
        expect.stringMatching(/^ok {7}genauth token: /),
        expect.stringMatching(/^ok {7}genauth list-applications: 3/),
        expect.stringMatching(/^ok {7}genauth get-user: /),
        expect.stringMatching(/^ok {7}genauth get-user-batch: /),
        '',
      ]);
      expect(code).toBe(0);
      expect(out).toContain('in use by a running bridge');
      const acts = bench.emulator.calls().filter(({ endpoint }) => /kick|resign/.test(endpoint));
      expect(acts).toEqual([]);
    }),
  );

  it(
    'says what it could not try',
    atBench(async (bench) => {
      const { code, out } = await check(bench, same);
      expect([code, out]).toEqual([
        0,
        expect.stringMatching(/skipped {2}genauth get-user: .*\n +name an existing/),
      ]);
    }),
  );

  it(
    'lists every fault of the file, and goes no further',
    atBench(async (bench) => {
      const before = bench.emulator.calls().length;
      const { code, err } = await check(bench, (yaml) => `${yaml}retry: { minDelay: soon }\nnonsense: 1\n`);
      expect([code, err]).toEqual([1, expect.stringMatching(/2 fault\(s\):\n {2}.*\n {2}/)]);
      expect((await check(bench, same, '--offline')).out).toMatch(/^ok .*in order\n$/);
      expect(bench.emulator.calls()).toHaveLength(before);
    }),
  );

  it.each([
    ['a wrong secret', /emulator-secret/, 'wrong', 'genauth token', 'genauth.accessKeySecret'],
    ['another host', /http:\/\/127[^"]*/, 'http://127.0.0.1:9', 'genauth token', 'check genauth.host'],
  ])('says what to do about %s', (_what, pattern, written, name, fix) =>
    atBench(async (bench) => {
      const { code, out } = await check(bench, (yaml) => yaml.replace(pattern, written), '--json');
      expect(code).toBe(1);
      expect(JSON.parse(out).findings).toContainEqual(
        expect.objectContaining({ name, verdict: 'failed', fix: expect.stringContaining(fix) }),
      );
    })(),
  );

  it(
    'says what to do about apps, rights and users that are not there',
    atBench(async (bench) => {
      const noApp = (yaml: string): string => yaml.replace('genauth: {', 'genauth: { kickAppIds: [app-x],');
      const one = await check(bench, noApp, '--user', 'email:eve@example.com');
      expect(one.code).toBe(1);
      expect(one.out).toContain('there is no application app-x\n         correct genauth.kickAppIds');
      expect(one.out).toContain('there is no such user');
      bench.emulator.setFaults({ calls: [{ kind: 'forbidden', endpoint: 'get-user' }] });
      const two = await check(bench, same, ...ada);
      expect([two.code, two.out]).toEqual([1, expect.stringContaining('give the access key the rights')]);
      bench.emulator.setFaults({ calls: [{ kind: 'forbidden', endpoint: 'get-user-batch' }] });
      const three = await check(bench, same, ...ada);
      expect([three.code, three.out]).toEqual([1, expect.stringContaining('neither genauth.arrayEncoding')]);
    }),
  );

  it(
    'says what to do about a store that cannot be written',
    atBench(async (bench) => {
      const elsewhere = (path: string) => (yaml: string) =>
        yaml.replace(/sqlite:[^"]*/, `sqlite:${bench.folder}/${path}`);
      const fresh = await check(bench, elsewhere('new/bridge.db'));
      expect([fresh.code, fresh.out]).toEqual([
        0,
        expect.stringContaining('will be made by the first start'),
      ]);
      await writeFile(join(bench.folder, 'broken.db'), 'this is no database, but it is long enough to look');
      const broken = await check(bench, elsewhere('broken.db'));
      expect([broken.code, broken.out]).toEqual([
        1,
        expect.stringMatching(/FAILED {3}store: .*\n +let the user/),
      ]);
    }),
  );

  it(
    'leaves a store of an earlier release as it is, and says what the next start does to it',
    atBench(async (bench) => {
      const path = join(bench.folder, 'earlier.db');
      await openSqliteStore({ path }).close();
      const schema = (change = '') => {
        const database = new DatabaseSync(path);
        database.exec(change);
        const row = database.prepare('pragma user_version').get();
        database.close();
        return row?.user_version;
      };
      schema('pragma user_version = 4');
      const { code, out } = await check(bench, (yaml) => yaml.replace(/sqlite:[^"]*/, `sqlite:${path}`));
      expect([code, out]).toEqual([0, expect.stringContaining('the next start migrates it')]);
      expect(schema()).toBe(4);
    }),
  );

  it.each([
    ['was moved', 'create table moved (id text not null)', 'store.url is to name the new store'],
    ['is of a newer release', 'pragma user_version = 999', 'use the release that wrote it'],
  ])('says of a store that %s what fits it, and nothing of rights', (_what, change, fix) =>
    atBench(async (bench) => {
      const path = join(bench.folder, 'left.db');
      await openSqliteStore({ path }).close();
      const database = new DatabaseSync(path);
      database.exec(change);
      database.close();
      const { code, out } = await check(bench, (yaml) => yaml.replace(/sqlite:[^"]*/, `sqlite:${path}`));
      expect([code, out]).toEqual([1, expect.stringContaining(fix)]);
      expect(out).not.toContain('let the user of this process write');
    })(),
  );
});

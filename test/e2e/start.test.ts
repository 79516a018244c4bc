import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { event, type House, inHouse, secrets } from './house.ts';
import { endProcesses, startProcess } from './process.ts';

afterEach(endProcesses);

const faulty = `
server: { port: 80800, tokens: [{ name: ada, role: operator, token: too-short-a-token }] }
genauth: { host: "http://api.genauth.example", accessKeyId: key, accessKeySecret: "\${MISSING_SECRET}" }
leavers: { dryRun: false, grace: 3s }
sources: { hr: { handler: bamboohr, secrets: ["private-key-in-the-file"], identifyBy: [external_id] } }
`;

async function serve(house: House, args: readonly string[], env: Record<string, string> = {}) {
  const bridge = startProcess('src/main.ts', args, { env, folder: house.folder });
  const { code } = await bridge.ended;
  return { code, stdout: bridge.stdout(), stderr: bridge.stderr() };
}

describe('starting the bridge', () => {
  it(
    'prints every fault of the configuration with its path, quotes no value, and ends with code 1',
    inHouse(async (house) => {
      await writeFile(join(house.folder, 'faulty.yaml'), faulty);
      const { code, stdout, stderr } = await serve(house, ['--config', 'faulty.yaml']);
      expect(code).toBe(1);
      expect(stdout).toBe('');
      const [head, ...faults] = stderr.trimEnd().split('\n');
      expect(head).toBe('faulty.yaml has 5 fault(s):');
      expect(faults.map((fault) => fault.trim().split(':')[0]).sort()).toEqual([
        'genauth.accessKeySecret',
        'genauth.host',
        'leavers.grace',
        'server.port',
        'server.tokens[0].token',
      ]);
      expect(stderr).toContain('MISSING_SECRET');
      expect(stderr).not.toMatch(/too-short-a-token|private-key-in-the-file/);
    }),
  );

  it(
    'only checks a configuration with `check --offline`, and opens nothing',
    inHouse(async (house) => {
      const { code, stdout, stderr } = await serve(
        house,
        ['check', '--config', house.config, '--offline'],
        secrets,
      );
      expect({ code, stdout, stderr }).toEqual({
        code: 0,
        stdout: `ok       configuration: ${house.config} is in order\n`,
        stderr: '',
      });
      expect(house.emulator.calls()).toEqual([]);
    }),
  );

  it(
    'takes the configuration from OFFBOARD_CONFIG, and ends with code 2 when there is none',
    inHouse(async (house) => {
      const named = await serve(house, ['check', '--offline'], { ...secrets, OFFBOARD_CONFIG: house.config });
      expect(named.code).toBe(0);
      const nothing = await serve(house, []);
      expect(nothing.code).toBe(2);
      expect(nothing.stderr).toBe('no configuration is given: --config FILE\n');
      const unknown = await serve(house, ['--confg', house.config]);
      expect(unknown.code).toBe(2);
      expect(unknown.stderr).toContain("unknown option '--confg'\n(Did you mean --config?)");
    }),
  );

  it(
    'writes no secret and nothing of a person, whatever comes in and whatever goes wrong',
    inHouse(
      async (house) => {
        const { emulator } = house;
        emulator.addUsers([{ userId: '1'.repeat(24), email: 'ada@example.com', externalId: 'staff-4711' }]);
        emulator.setFaults({
          calls: [{ kind: 'html', status: 502, endpoint: 'resign-user-batch', times: 1 }],
        });
        await house.start();
        const leaver = {
          identifiers: [
            { userIdType: 'external_id', userId: 'staff-4711' },
            { userIdType: 'email', userId: 'ada@example.com' },
          ],
          subject: 'subject-0815',
          reason: 'she told us why',
        };
        const genuine = event('user.resign', leaver);
        expect((await house.deliver(genuine)).status).toBe(200);
        expect((await house.deliver({ ...genuine, body: `${genuine.body} ` })).status).toBe(401);
        expect((await house.deliver(event('user.kick', { userId: 'grace@example.com' }))).status).toBe(400);
        const stranger = { headers: { authorization: `Bearer ${secrets.ANNA_TOKEN}x` } };
        expect((await fetch(`${house.adminUrl}/v1/status`, stranger)).status).toBe(401);
        await house.untilOutcomes({
          'user.resign.succeeded': 1,
          'user.kick.succeeded': 1,
          'delivery.dead_lettered': 1,
        });
        expect(await house.stop()).toEqual({ code: 0, signal: null });

        const written = house.bridge.stdout() + house.bridge.stderr();
        expect(written).toContain('user.resign.succeeded');
        const unspeakable = [
          ...Object.values(secrets),
          secrets.WEBHOOK_SECRET.slice('whsec_'.length),
          genuine.headers['webhook-signature'] ?? '',
          ...['staff-4711', 'ada@example.com', 'grace@example.com', 'ceo@example.com', '1'.repeat(24)],
          ...['subject-0815', 'she told us why'],
        ];
        expect(unspeakable.filter((text) => written.includes(text))).toEqual([]);
      },
      { leavers: { protected: [{ userIdType: 'email', userId: 'ceo@example.com' }] } },
    ),
  );

  it(
    'refuses a store that another process has, says so, and leaves that one alone',
    inHouse(async (house) => {
      await house.start();
      const { code, stdout } = await serve(house, ['--config', house.config], secrets);
      expect(code).toBe(1);
      expect(stdout).toMatch(/"reason":"[^"]*bridge\.db is in use by another offboard-bridge process"/);
      expect((await house.ask('/status')).status).toBe(200);

      // The lock goes with the process, however that ends.
      expect(await house.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
      await house.start();
      expect(await house.stop()).toEqual({ code: 0, signal: null });
    }),
  );

  it(
    'ends with code 1 when its port is taken, and says so',
    inHouse(async (house) => {
      const { port } = new URL(house.emulator.url);
      const sections = JSON.parse(await readFile(house.config, 'utf8'));
      await writeFile(house.config, JSON.stringify({ ...sections, server: { port: Number(port) } }));
      const { code, stdout } = await serve(house, ['--config', house.config], secrets);
      expect(code).toBe(1);
      expect(stdout).toContain(`EADDRINUSE: address already in use 127.0.0.1:${port}`);
    }),
  );
});

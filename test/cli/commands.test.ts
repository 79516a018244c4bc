import { utimes, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { handlers } from '../../handlers/index.ts';
import { startBridge } from '../../src/bridge.ts';
import { parseConfig } from '../../src/config.ts';
import { until } from '../support/until.ts';
import { atBench, type Bench, runCommand } from './bench.ts';

/** Asks for Ada's resignation, which is held; gives the id of the intent. */
async function holdAda({ command }: Bench): Promise<string> {
  const { code, out } = await command(['resign', 'email:ada@example.com', '--reason', 'last day', '--json']);
  expect(code).toBe(0);
  return JSON.parse(out).intents[0];
}

const log = { info() {}, warn() {}, error() {} };

describe('kick', () => {
  it(
    'signs one person out and says what became of it',
    atBench(async ({ command, emulator }) => {
      const { code, out } = await command([
        'kick',
        'email:grace@example.com',
        '--reason',
        'lost laptop',
        '--wait',
      ]);
      expect([code, out]).toEqual([
        0,
        expect.stringContaining('user.kick.succeeded  email:grace@example.com'),
      ]);
      expect(emulator.calls().filter(({ endpoint }) => endpoint === 'kick-users')).toHaveLength(1);
    }),
  );

  it(
    'ends with 4 when what was waited for ended otherwise',
    atBench(async ({ command }) => {
      const { code, out } = await command(['kick', 'email:nobody@example.com', '--wait', '--json']);
      expect(code).toBe(4);
      expect(JSON.parse(out)).toMatchObject({ status: 'failed', failure: { code: 'user_not_found' } });
    }),
  );

  it.each(['ada@example.com', 'mail:ada@example.com', 'email:ada', 'user_id:1'])(
    'does not take %j for a person',
    async (who) => {
      const { code, out, err } = await runCommand(['kick', who], { as: 'olaf' });
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain('argument');
    },
  );
});

describe('resign', () => {
  it(
    'waits for the approval of another person',
    atBench(async (bench) => {
      const { command, emulator } = bench;
      const id = await holdAda(bench);
      expect(await command(['approve', id], { as: 'olaf' })).toMatchObject({ code: 3, out: '' });
      const approved = await command(['approve', id, '--reason', 'checked'], { as: 'anna' });
      expect([approved.code, approved.out]).toEqual([0, expect.stringContaining(id)]);
      await until(async () => (await command(['intents', id])).out.includes('succeeded'));
      expect(emulator.users().find(({ email }) => email === 'ada@example.com')?.status).toBe('Resigned');
      const { out } = await command(['intents', id]);
      expect(out).toMatch(/user\.resign\.held.*needs_approval[\s\S]*user\.resign\.released/);
    }),
  );

  it(
    'asks for everybody in a file after a preview and a confirmation, and for nobody twice',
    atBench(async ({ command, folder }) => {
      const file = join(folder, 'leavers.csv');
      const csv =
        'external_id,email,reason\r\n1001,ada@example.com,"left, for good"\r\n1002,grace@example.com,\r\n';
      await writeFile(file, csv);
      const line = ['resign', '--file', file, '--reason', 'autumn'];
      expect(await command(line)).toMatchObject({ code: 2, out: '' });
      for (const typed of ['3\n', '\n', '', '2\u0003'])
        expect(await command(line, { typed })).toMatchObject({
          code: 2,
          err: expect.stringMatching(/nobody was asked for\n$/),
        });
      const list = async () => JSON.parse((await command(['intents', '--json'])).out).intents;
      expect(await list()).toEqual([]);

      const { code, out, err } = await command([...line, '--json'], { typed: '2\n' });
      expect([code, err]).toEqual([0, expect.stringContaining('external_id:1001 email:ada@example.com')]);
      expect(JSON.parse(out).asked).toMatchObject([
        { line: 2, status: 'accepted' },
        { line: 3, status: 'accepted' },
      ]);
      expect(await list()).toMatchObject([
        { status: 'held', userId: '1002', reason: 'autumn' },
        { status: 'held', userId: '1001', reason: 'left, for good' },
      ]);
      const [grace, ada] = await list();
      expect((await command(['cancel', ada.id])).code).toBe(0);
      const repeated = await command([...line, '--yes']);
      expect([repeated.code, repeated.out.split('\n')]).toEqual([
        0,
        [
          '0 of 2 asked for now, 2 before; the same file asks for nobody twice',
          `line 2  asked for before  ${ada.id}  canceled`,
          `line 3  asked for before  ${grace.id}  held`,
          '1 ended undone: retry <id> asks again, and so does the file once it is written anew',
          '',
        ],
      ]);
      expect(await list()).toHaveLength(2);
      // The same content written later is another wish.
      await utimes(file, new Date(), new Date('2026-11-01T00:00:00Z'));
      expect((await command([...line, '--yes'])).code).toBe(0);
      expect(await list()).toHaveLength(4);
    }),
  );

  it.each([
    ['nobody', []],
    ['a person and a file', ['email:ada@example.com', '--file', 'leavers.csv']],
    ['another identifier with a file', ['--file', 'leavers.csv', '--also', 'email:ada@example.com']],
    ['a subject with a file', ['--file', 'leavers.csv', '--subject', '1001']],
  ])('does not take %s', async (_what, line) => {
    const { code, err } = await runCommand(['resign', ...line, '--yes'], { as: 'olaf' });
    expect([code, err]).toEqual([2, expect.stringMatching(/^(give either|--also and --subject)/)]);
  });

  it(
    'takes nobody of a file with a fault, and lists all of them',
    atBench(async ({ command, folder }) => {
      const file = join(folder, 'leavers.csv');
      await writeFile(file, 'email,effectiveAt\nada@example.com,tomorrow\nnobody,\nADA@example.com,\n');
      const { code, out, err } = await command(['resign', '--file', file, '--yes']);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain('line 2: effectiveAt is not a time');
      expect(err).toContain('line 3: email is not an email address');
      expect(err).toContain('line 4: has the same email as line 2');
      expect((await command(['intents'])).out).toBe('');
    }),
  );
});

describe('looking and deciding', () => {
  it(
    'list, filter, cancel and retry',
    atBench(async (bench) => {
      const { command } = bench;
      const id = await holdAda(bench);
      const held = await command(['intents', '--status', 'held', '--person', 'email:ada@example.com']);
      expect(held.out).toMatch(
        new RegExp(`^${id} +resign +held +email:ada@example.com +api .* needs_approval\n$`),
      );
      expect((await command(['intents', '--person', 'email:eve@example.com'])).out).toBe('');
      expect(await command(['cancel', id])).toMatchObject({ code: 0, out: `${id} canceled\n` });
      expect(await command(['cancel', id])).toMatchObject({ code: 3, err: expect.stringContaining('409') });
      const retried = await command(['retry', id]);
      expect([retried.code, retried.out]).toEqual([
        0,
        expect.stringMatching(/^accepted: \S+ {2}held {2}needs_approval\n$/),
      ]);
    }),
  );

  it(
    'pause, resume and show the status',
    atBench(async ({ command }) => {
      const paused = await command(['pause', 'resign', '--reason', 'HR sync looks odd']);
      expect(paused.out).toMatch(/^paused {2}resign {2}by api:olaf .* {2}HR sync looks odd\n$/);
      const status = await command(['status'], { as: 'vera' });
      expect(status.out).toMatch(/^status +ok\n[\s\S]*paused {2}resign/);
      expect((await command(['resume', 'resign'])).out).toBe('nothing is paused\n');
      expect(await command(['pause', 'nothing'])).toMatchObject({ code: 3 });
      expect(await command(['pause', 'all'], { as: 'vera' })).toMatchObject({
        code: 3,
        err: expect.stringContaining('this needs the role operator'),
      });
    }),
  );

  it(
    'read a dead letter again',
    atBench(async ({ command, bridge }) => {
      const headers = { authorization: `Bearer ${'o'.repeat(32)}` };
      await fetch(`${bridge.url}/v1/intents`, { method: 'POST', headers, body: '{"type":"user.kick"}' });
      const { out } = await command(['dead-letters', '--json']);
      const { id } = JSON.parse(out).deadLetters[0];
      expect((await command(['dead-letters'])).out).toContain('timestamp: ');
      const replayed = await command(['replay', id]);
      expect([replayed.code, replayed.out]).toEqual([0, expect.stringMatching(/^dead-letter: .*timestamp/)]);
      expect(await command(['replay', 'none'])).toMatchObject({ code: 3 });
    }),
  );
});

describe('what is not there', () => {
  it.each([
    [['intents', 'x'], 'intent'],
    [['cancel', 'x'], 'intent'],
    [['held', 'release', 'x'], 'set'],
    [['replay', 'x'], 'dead letter'],
  ])('is named: %j', async (line, what) => {
    await atBench(async ({ command }) => {
      expect(await command(line, { as: 'anna' })).toMatchObject({
        code: 3,
        err: `the bridge answers 404: Not Found: there is no such ${what}\n`,
      });
    })();
  });

  it.each([
    [
      'the API has an address of its own',
      (yaml: string) => yaml.replace('port: 0', 'port: 0\n  admin: { port: 0 }'),
    ],
    ['there are no tokens', (yaml: string) => yaml.replace(/ {2}tokens:\n( {4}- .*\n)+/, '')],
  ])('may be the API itself, where %s', async (_why, change) => {
    await atBench(async ({ command, yaml }) => {
      const config = parseConfig(change(yaml).replace('bridge.db', 'other.db'), { env: {}, handlers });
      const bridge = await startBridge(config, { log });
      try {
        const { code, err } = await command(['intents', 'x'], { env: { OFFBOARD_URL: bridge.url } });
        expect([code, err]).toEqual([
          3,
          expect.stringMatching(/no operator API at this address.*server\.admin.*server\.tokens/),
        ]);
      } finally {
        await bridge.close();
      }
    })();
  });
});

describe('outcomes', () => {
  it(
    'are printed as CloudEvents, and followed as they come',
    atBench(async (bench) => {
      const { command } = bench;
      await holdAda(bench);
      const read = () => command(['outcomes', '--json']);
      await until(async () => (await read()).out !== '');
      const [first = ''] = (await read()).out.split('\n');
      expect(JSON.parse(first)).toMatchObject({ type: 'user.resign.held', data: { position: 1 } });
      const following = command(['outcomes', '--follow', '--after', '1', '--limit', '1']);
      await command(['pause', 'all', '--reason', 'an incident']);
      expect((await following).out).toMatch(
        /operator\.decided {2}all {2}paused {2}by api:olaf {2}an incident\n$/,
      );
    }),
  );

  it(
    'are followed through a restart of the bridge, each once',
    atBench(async ({ command, yaml }) => {
      const start = (port: string) => {
        const text = yaml.replace('port: 0', `port: ${port}`).replace('bridge.db', 'restarted.db');
        return startBridge(parseConfig(text, { env: {}, handlers }), { log });
      };
      const first = await start('0');
      const env = { OFFBOARD_URL: first.url };
      const written = { out: '', err: '' };
      const following = command(['outcomes', '--follow', '--limit', '4', '--json'], { env, written });
      await command(['pause', 'kick'], { env });
      await command(['pause', 'resign'], { env });
      await until(async () => written.out.split('\n').length === 3);
      await first.close();
      await until(async () => written.err !== '');
      const second = await start(new URL(first.url).port);
      try {
        await command(['resume', 'kick'], { env });
        await command(['resume', 'resign'], { env });
        const { code, out, err } = await following;
        const positions = out
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line).data.position);
        expect([code, positions]).toEqual([0, [1, 2, 3, 4]]);
        expect(err).toMatch(/^http:\S+ cannot be reached: .*; trying again\n$/);
      } finally {
        await second.close();
      }
    }),
  );
});

/** Runs a test whose commands ask another program than a bridge. */
async function beforeAnother(
  answer: RequestListener,
  test: (env: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await test({ OFFBOARD_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('a command that asks', () => {
  it('needs a token, which is no argument', async () => {
    const { code, err } = await runCommand(['status']);
    expect([code, err]).toEqual([2, expect.stringContaining('OFFBOARD_TOKEN')]);
    expect((await runCommand(['status', '--token', 'x'], { as: 'vera' })).code).toBe(2);
  });

  it('says that nobody is there', async () => {
    const env = { OFFBOARD_URL: 'http://127.0.0.1:9' };
    const { code, err } = await runCommand(['status'], { as: 'vera', env });
    expect([code, err]).toEqual([1, expect.stringContaining('http://127.0.0.1:9 cannot be reached')]);
  });

  it('does not carry its token to where it is sent on, nor believe another program', async () => {
    const seen: (string | undefined)[] = [];
    const answer: RequestListener = (request, response) => {
      seen.push(request.url);
      if (request.url?.startsWith('/v1/status')) response.writeHead(302, { location: '/elsewhere' });
      response.end('{"hello":"world"}');
    };
    await beforeAnother(answer, async (env) => {
      expect((await runCommand(['status'], { as: 'vera', env })).code).toBe(1);
      expect((await runCommand(['intents'], { as: 'vera', env })).code).toBe(1);
      expect(seen).toEqual(['/v1/status', '/v1/intents']);
    });
  });

  it('asks for page after page, each where the one before ended', async () => {
    const seen: (string | undefined)[] = [];
    const answer: RequestListener = (request, response) => {
      seen.push(request.url);
      const next = request.url?.includes('7') ? null : '7';
      response.end(JSON.stringify({ outcomes: [], entries: [], intents: [], next }));
    };
    await beforeAnother(answer, async (env) => {
      for (const line of [
        ['outcomes', '--after', '3'],
        ['audit', 'export'],
        ['upcoming', '--source', 'hr'],
      ])
        expect((await runCommand(line, { as: 'vera', env })).code).toBe(0);
      expect(seen.map(String)).toEqual([
        '/v1/outcomes?after=3&limit=1000',
        '/v1/outcomes?after=7&limit=1000',
        '/v1/trail?limit=1000',
        '/v1/trail?after=7&limit=1000',
        '/v1/intents?status=scheduled%2Cheld&source=hr&limit=1000',
        '/v1/intents?status=scheduled%2Cheld&source=hr&cursor=7&limit=1000',
      ]);
    });
  });

  it('comes again when it is asked to, and shows no control characters', async () => {
    let times = 0;
    const answer: RequestListener = (_request, response) => {
      times += 1;
      if (times === 1) response.writeHead(429, { 'retry-after': '0' });
      const reply = { intents: [], status: 'pending', scope: 'a', by: '\u001b[31mme', at: '', reason: null };
      response.end(JSON.stringify({ pauses: [reply] }));
    };
    await beforeAnother(answer, async (env) => {
      const { code, out } = await runCommand(['pause', 'a'], { as: 'olaf', env });
      expect([code, out, times]).toEqual([0, expect.stringContaining('\ufffd[31mme'), 2]);
    });
  });

  it.each([['frobnicate'], ['intents', '--no-such'], ['approve'], ['outcomes', '--after', 'x']])(
    'is refused as %s %s',
    async (...line) => {
      expect((await runCommand(line.filter(Boolean), { as: 'olaf' })).code).toBe(2);
    },
  );

  it.each([
    [['frobnicate'], 'frobnicate is not a known command (--help lists them)\n'],
    [['statsu', '--json'], 'statsu is not a known command; did you mean status? (--help lists them)\n'],
    [['\u001b[31mx'], '\ufffd[31mx is not a known command (--help lists them)\n'],
    [['serve', 'status'], "error: too many arguments for 'serve'. Expected 0 arguments but got 1: status.\n"],
  ])('says that there is no such command: %j', async (line, err) => {
    expect(await runCommand(line)).toEqual({ code: 2, out: '', err });
  });

  it('explains itself', async () => {
    const { code, out } = await runCommand(['--help']);
    expect(code).toBe(0);
    for (const name of [
      'serve',
      'check',
      'kick',
      'resign',
      'intents',
      'approve',
      'cancel',
      'retry',
      'status',
    ])
      expect(out).toContain(`\n  ${name}`);
  });
});

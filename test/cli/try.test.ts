import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'offboard-bridge-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const config = write(
  'bridge.yaml',
  `
genauth: { host: "http://127.0.0.1:9", accessKeyId: x, accessKeySecret: x }
leavers: { dryRun: true }
sources:
  spain: { handler: factorial, secrets: [a challenge of Factorial], identifyBy: [email], timezone: Europe/Madrid }
  hr: { handler: bamboohr, secrets: [0123456789abcdef], identifyBy: [external_id] }
`,
);

/** Runs the command as a process of its own. */
function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env: { ...process.env, OFFBOARD_CONFIG: config },
  });
  return { status, stderr, lines: stdout.split('\n').filter((line) => line !== '') };
}

describe('offboard-bridge try', () => {
  it('shows what a body would become, and when', () => {
    const body = write('left.json', '{"id":2,"login_email":"ana@example.com","terminated_on":"2020-11-30"}');
    const { status, lines } = run('try', '--source', 'spain', '--body', body, '--query', 'event=terminate');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        becomes: 'user.resign',
        identifiers: [{ userIdType: 'email', userId: 'ana@example.com' }],
        subject: '2',
        effectiveAt: '2020-11-30T23:00:00.000Z',
        status: 'pending',
      },
    ]);
    expect(status).toBe(0);
  });

  it('shows each part of a body, those that are held or cannot be read among them', () => {
    const employees = [
      { id: '1', action: 'Deleted' },
      { changedFields: ['Status'] },
      { id: '3', changedFields: ['Status'], fields: { Status: 'Active' } },
    ];
    const { status, lines } = run(
      'try',
      '--source',
      'hr',
      '--body',
      write('three.json', JSON.stringify({ employees })),
    );
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { becomes: 'user.resign', status: 'held', failure: { code: 'record_deleted' } },
      { unreadable: ['employees[1].id: is not an id'] },
      { becomes: 'user.withdraw', status: 'succeeded' },
    ]);
    expect(status).toBe(1);
  });

  it('says when a body is nothing to us', () => {
    const body = write('other.json', '{"type":"employee.promoted"}');
    expect(run('try', '--source', 'hr', '--body', body)).toMatchObject({
      status: 0,
      lines: ['{"becomes":"nothing"}'],
    });
  });

  it.each([
    [
      'a source that there is not',
      ['--source', 'bob', '--body', config],
      /there is no source bob; there are: spain, hr/,
    ],
    ['a file that there is not', ['--source', 'hr', '--body', join(folder, 'none')], /ENOENT/],
    ['a missing option', ['--source', 'hr'], /required option '--body <file>'/],
  ])('ends with 2 for %s', (_title, args, says) => {
    expect(run('try', ...args)).toMatchObject({ status: 2, lines: [], stderr: expect.stringMatching(says) });
  });
});

describe('offboard-bridge', () => {
  it('knows its commands, and serves when none is named', () => {
    expect(run('fly')).toMatchObject({ status: 2, stderr: expect.stringContaining('fly') });
    for (const args of [['--check'], ['serve', '--check']])
      expect(run(...args)).toMatchObject({ status: 0, lines: [`${config} is in order`] });
  });
});

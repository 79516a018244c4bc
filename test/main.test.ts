import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { atBench, tokens } from './cli/bench.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

type Program = Pick<SpawnOptions, 'cwd' | 'detached' | 'env'> & { readonly command: string };

/** Starts the real process; its output is collected. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return startProgram({ command: process.execPath, env }, [join(root, 'src/main.ts'), ...args]);
}

function startProgram({ command, ...options }: Program, args: readonly string[]) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const written = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    written.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    written.err += text;
  });
  return { child, written, ended: once(child, 'close').then(([code]) => code as number | null) };
}

describe('the process', () => {
  it(
    'runs a command, and ends with its exit code',
    atBench(async ({ bridge }) => {
      const env = { OFFBOARD_URL: bridge.adminUrl, OFFBOARD_TOKEN: tokens.vera };
      const status = start(['status', '--json'], env);
      expect([await status.ended, status.written.err]).toEqual([0, '']);
      expect(JSON.parse(status.written.out)).toMatchObject({ status: 'ok' });
      const refused = start(['pause', 'all'], env);
      expect([await refused.ended, refused.written.out]).toEqual([3, '']);
    }),
  );

  it(
    'serves when no command is named, and stops when it is told to',
    atBench(async ({ folder, yaml }) => {
      const file = join(folder, 'bridge.yaml');
      await writeFile(file, yaml.replace('bridge.db', 'other.db'));
      const { child, written, ended } = start(['--config', file]);
      while (!written.out.includes('"ready"')) await once(child.stdout, 'data');
      child.kill('SIGTERM');
      expect([await ended, written.err]).toEqual([0, '']);
      expect(written.out).not.toContain(tokens.anna);
    }),
  );

  it(
    'stops as well when npm, which started it, is told to',
    atBench(async ({ folder, yaml }) => {
      const file = join(folder, 'bridge.yaml');
      await writeFile(file, yaml.replace('bridge.db', 'other.db'));
      // A group of its own, in which whoever is left over is found.
      const npm = { command: 'npm', cwd: root, detached: true };
      const { child, written, ended } = startProgram(npm, ['start', '--silent', '--', '--config', file]);
      while (!written.out.includes('"ready"')) await once(child.stdout, 'data');
      child.kill('SIGTERM');
      await once(child, 'exit');
      expect(() => process.kill(-Number(child.pid), 'SIGKILL')).toThrow('ESRCH');
      expect(await ended).toBe(0);
      expect(written.out).toContain('"stopped"');
    }),
  );

  it('ends quietly when nobody reads it any more', async () => {
    const { child, written, ended } = start(['--help']);
    child.stdout.destroy();
    expect([await ended, written]).toEqual([141, { out: '', err: '' }]);
  });

  it('goes on when nobody reads its standard error any more', async () => {
    const { child, ended } = start([]);
    child.stderr.destroy();
    expect(await ended).toBe(2);
  });

  it('does not start without a configuration', async () => {
    const { written, ended } = start([]);
    expect([await ended, written.err]).toEqual([2, 'no configuration is given: --config FILE\n']);
  });
});

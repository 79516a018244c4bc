import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { atBench, type Bench } from './bench.ts';

/** Makes a trail of four, and gives its export. */
async function makeTrail({ command }: Bench): Promise<string[]> {
  for (const scope of ['resign', 'kick']) {
    await command(['pause', scope, '--reason', 'an incident']);
    await command(['resume', scope]);
  }
  for (;;) {
    const { code, out } = await command(['audit', 'export'], { as: 'vera' });
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    if (lines.length === 4) return lines;
  }
}

describe('audit', () => {
  it(
    'exports a trail and finds it whole, running and offline',
    atBench(async (bench) => {
      const lines = await makeTrail(bench);
      const file = join(bench.folder, 'trail.ndjson');
      await writeFile(file, `${lines.join('\n')}\n`);
      const running = await bench.command(['audit', 'verify'], { as: 'vera' });
      const offline = await bench.command(['audit', 'verify', file], { env: { OFFBOARD_TOKEN: '' } });
      expect(running).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^whole: 4 outcomes, positions 1 to 4/),
      });
      expect(offline.out).toBe(running.out);
    }),
  );

  it(
    'names the first place that does not fit, and ends with 1',
    atBench(async (bench) => {
      const lines = await makeTrail(bench);
      const file = join(bench.folder, 'trail.ndjson');
      const told = join(bench.folder, 'told.ndjson');
      const verify = async (changed: readonly string[], ...more: string[]) => {
        await writeFile(file, changed.join('\n'));
        return bench.command(['audit', 'verify', file, ...more]);
      };
      const altered = lines.with(1, String(lines[1]).replace('resumed', 'paused'));
      expect(await verify(altered)).toMatchObject({
        code: 1,
        out: expect.stringContaining('position 2: altered'),
      });
      expect((await verify(lines.toSpliced(2, 1))).out).toContain('position 3: removed');
      expect((await verify(lines.toSpliced(2, 0, String(lines[0])))).out).toContain('position 1: inserted');
      // As Kafka keeps them: only the data, and some of it twice.
      const data = lines.map((line) => JSON.stringify(JSON.parse(line).data));
      await writeFile(told, [...data, data[3]].join('\n'));
      expect(await verify(lines, '--against', told)).toMatchObject({ code: 0 });
      const cut = await verify(lines.slice(0, 3), '--against', told, '--json');
      expect([cut.code, JSON.parse(cut.out).fault]).toEqual([
        1,
        expect.objectContaining({ kind: 'cut', position: 4 }),
      ]);
      await writeFile(told, lines.join('\n'));
      expect(await verify(lines.slice(0, 3), '--against', told)).toMatchObject({ code: 1 });
    }),
  );

  it(
    'says what it cannot read',
    atBench(async ({ folder, command }) => {
      const file = join(folder, 'odd.ndjson');
      await writeFile(file, '{"hello":"world"}\n');
      expect(await command(['audit', 'verify', file])).toMatchObject({
        code: 1,
        err: `${file} line 1 is no outcome\n`,
      });
      await writeFile(file, '\n{');
      expect(await command(['audit', 'verify', file])).toMatchObject({
        code: 1,
        err: `${file} line 2 is not JSON\n`,
      });
      expect(await command(['audit', 'verify', `${file}x`])).toMatchObject({ code: 2 });
    }),
  );
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { atBench, type Bench } from './bench.ts';

/** Makes a trail of four, and gives its export. */
async function makeTrail({ command }: Pick<Bench, 'command'>): Promise<string[]> {
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
      expect((await verify(lines.with(0, String(lines[0]).replace('an incident', 'a drill')))).out).toContain(
        'position 1: altered',
      );
      expect(await verify(altered)).toMatchObject({
        code: 1,
        out: expect.stringContaining('position 2: altered'),
      });
      const { auditsalt: _, ...unproved } = JSON.parse(String(lines[0]));
      expect((await verify(lines.with(0, JSON.stringify(unproved)))).out).toMatch(/^BROKEN at position 1/);
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
    'holds after a person was erased, against what was told before and after it',
    atBench(async (bench) => {
      const { command, folder } = bench;
      const verify = async (...lines: readonly string[]) => {
        await writeFile(join(folder, 'trail.ndjson'), lines.join('\n'));
        return command(['audit', 'verify', join(folder, 'trail.ndjson'), '--against', join(folder, 'told')]);
      };
      const trail = async (count: number): Promise<string[]> => {
        for (;;) {
          const lines = (await command(['audit', 'export'])).out.trimEnd().split('\n');
          if (lines.length >= count) return lines;
        }
      };
      const kicked = await command(['kick', 'email:ada@example.com', '--reason', 'lost laptop', '--wait']);
      expect(kicked.code).toBe(0);
      const before = await trail(1);
      const refused = await command(['erase', 'email:ada@example.com']);
      expect([refused.code, refused.err]).toEqual([3, expect.stringContaining('403')]);
      const erased = await command(['erase', 'email:ada@example.com', '--also', 'external_id:9'], {
        as: 'anna',
      });
      expect(erased).toMatchObject({
        code: 0,
        out: [
          'email:ada@example.com: erased from 1 intents, 1 outcomes, 0 dead letters',
          'external_id:9: erased from 0 intents, 0 outcomes, 0 dead letters\n',
        ].join('\n'),
      });
      const after = await trail(before.length + 3);
      expect(after.join()).not.toMatch(/ada@|laptop/);
      const told = [...before, ...after].map((line) => JSON.stringify(JSON.parse(line).data));
      await writeFile(join(folder, 'told'), told.join('\n'));
      expect((await verify(...after)).out).toMatch(/^whole: .*; 1 without their personal part/);
      expect((await verify(...before, ...after.slice(before.length))).code).toBe(0);
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
      for (const odd of [`${file}x`, folder])
        expect(await command(['audit', 'verify', odd])).toMatchObject({
          code: 2,
          err: `${odd} cannot be read\n`,
        });
      await makeTrail({ command });
      await writeFile(file, (await command(['outcomes', '--json'])).out);
      expect(await command(['audit', 'verify', file])).toMatchObject({
        code: 1,
        out: expect.stringMatching(/^no export: .*\nBROKEN at position 1: altered/),
      });
      // What could not be exported must not pass for what agrees.
      await writeFile(file, '\n');
      expect(await command(['audit', 'verify', '--against', file])).toMatchObject({
        code: 1,
        err: `${file} is empty: there is nothing to compare with\n`,
      });
    }),
  );
});

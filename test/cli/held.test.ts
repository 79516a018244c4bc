import { describe, expect, it } from '@jest/globals';
import { until } from '../support/until.ts';
import { atBench, type Bench } from './bench.ts';

/** Asks for these resigns, which wait for the approval of another, and gives their set. */
async function hold({ command }: Bench, line: readonly string[] = []): Promise<string> {
  for (const name of ['ada', 'grace'])
    await command(['resign', `email:${name}@example.com`, '--reason', 'last day', ...line]);
  return until(async () => {
    const { held } = JSON.parse((await command(['held', '--json'])).out);
    return held[0]?.waiting === 2 && held[0].id;
  });
}

describe('held', () => {
  it(
    'lists sets, releases one as a whole, and says how many still wait',
    atBench(async (bench) => {
      const id = await hold(bench);
      const { command } = bench;
      expect((await command(['held'])).out).toMatch(
        new RegExp(`^${id}  resign  2 wait  api  needs_approval  since .*asked by api:olaf\\n$`),
      );
      expect((await command(['held', 'release', id])).code).toBe(3);
      const stale = await command(['held', 'release', id, '--count', '1'], { as: 'anna' });
      expect([stale.code, stale.err]).toEqual([3, expect.stringContaining('2 wait now, not 1')]);
      for (const count of ['2O', '', '1e1', 'null'])
        expect((await command(['held', 'release', id, '--count', count], { as: 'anna' })).code).toBe(2);
      const line = ['held', 'release', id, '--reason', 'checked', '--count', '2'];
      const released = await command(line, { as: 'anna' });
      expect([released.code, released.out]).toEqual([0, `${id}: release of 2, 0 still wait\n`]);
      expect((await command(['held'])).out).toBe('');
    }),
  );

  it(
    'cancels a set, and prints for machines what the API answers',
    atBench(async (bench) => {
      const id = await hold(bench);
      const { code, out } = await bench.command(['held', 'cancel', id, '--json'], { as: 'anna' });
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ id, waiting: 0, decision: { verdict: 'canceled' } });
    }),
  );
});

describe('upcoming', () => {
  it(
    'lists leavers by date, what is held among them, and lets a whole day be released beforehand',
    atBench(async (bench) => {
      const { command } = bench;
      const date = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
      const id = await hold(bench, ['--effective-at', `${date}T09:00:00Z`]);
      const before = (await command(['upcoming'])).out.split('\n');
      expect(before[0]).toBe(`${date}: 0 scheduled, 2 held`);
      expect(before[1]).toMatch(new RegExp(`${date}T09:00:00.000Z .* needs_approval +${id}$`));
      await command(['held', 'release', id], { as: 'anna' });
      expect((await command(['upcoming', '--until', date])).out).toContain(`${date}: 2 scheduled, 0 held`);
      expect((await command(['upcoming', '--until', '2020-01-01'])).out).toBe('');
      expect((await command(['upcoming', '--until', 'soon'])).code).toBe(2);
      const { intents } = JSON.parse((await command(['upcoming', '--json'])).out);
      expect(intents).toHaveLength(2);
    }),
  );
});

import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../src/core/outcome.ts';
import type { LogLine } from '../e2e/process.ts';
import { countReordered } from './counts.ts';
import { play, scenarios, whyNot } from './scenarios.ts';

/** The short part of `npm run chaos`: less of the trouble, and none that needs a server of its own. */
describe('chaos', () => {
  const short = Object.entries(scenarios).filter(
    ([name, scenario]) => ['kill', 'disk-full'].includes(name) && whyNot(scenario) === null,
  );

  it.each(short)(
    'loses nothing and does nothing twice: %s',
    async (_name, scenario) => {
      const { acknowledged, refused, ...faults } = await play(scenario, 0.3);
      expect(faults).toEqual({ lost: 0, doubled: 0, blind: 0, reordered: 0, broken: 0 });
      expect([acknowledged > 20, refused > 0]).toEqual([true, true]);
    },
    60_000,
  );

  it('sees when outcomes of one person are told out of order, and takes repeats for none', () => {
    const outcomes = [1, 2, 3].map(
      (position) => ({ data: { position, person: position === 2 ? 'b' : 'a' } }) as Outcome,
    );
    const told = (position: number, time: string): LogLine => ({
      level: 30,
      msg: 'outcome',
      position,
      time: `2026-11-20T08:00:00.0${time}Z`,
    });
    const [one, two, three] = [told(1, '01'), told(2, '00'), told(3, '02')] as const;
    expect(countReordered(outcomes, [[one, two, three, told(1, '03')]])).toBe(0);
    expect(countReordered(outcomes, [[told(1, '03')], [told(3, '02')]])).toBe(1);
    expect(countReordered(outcomes, [[told(1, '03'), told(3, '02')]], false)).toBe(0);
    expect(countReordered(outcomes, [[told(3, '03'), told(1, '02')]], false)).toBe(1);
  });
});

import { describe, expect, it } from '@jest/globals';
import { covers, limitsNow, mostOf, settingOf } from '../../src/core/safeguard.ts';

const rule = { source: null, maxResigns: 20, maxPercent: 1, maxKicks: null, perMs: 1_000 };

describe('the limits of the safeguard', () => {
  it('are the larger of count and share, in whole people', () => {
    const most = (users: number | null) => limitsNow([rule], users)[0]?.maxResigns;
    expect([most(1_999), most(2_099), most(2_100), most(10_000)]).toEqual([20, 20, 21, 100]);
  });

  it('are the counts alone while nobody knows how many users are active', () => {
    expect(limitsNow([rule], null)).toEqual([{ source: null, maxResigns: 20, maxKicks: null, perMs: 1_000 }]);
  });

  it('say nothing about what they do not name', () => {
    const [limit] = limitsNow([{ ...rule, maxResigns: null, maxPercent: null, maxKicks: 5 }], 10_000);
    expect(limit && [mostOf(limit, 'resign'), mostOf(limit, 'kick')]).toEqual([null, 5]);
  });

  it('cover their source, or all', () => {
    const [all] = limitsNow([rule], null);
    const [own] = limitsNow([{ ...rule, source: 'hr' }], null);
    expect([all, own].flatMap((limit) => limit && [covers(limit, 'hr'), covers(limit, 'payroll')])).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('are named after where they are written: those of all before those of a source', () => {
    const [all, own] = limitsNow([rule, { ...rule, source: 'hr' }], null);
    const named = [[all, own], [own]].map((limits) =>
      settingOf(
        limits.flatMap((one) => one ?? []),
        'hr',
      ),
    );
    expect(named).toEqual(['leavers.safeguard', 'sources.hr.safeguard']);
  });
});

import { describe, expect, it } from '@jest/globals';
import { createActivity } from '../../src/ingress/activity.ts';

describe('the activity of sources', () => {
  it('counts what came of each, and what share of it went wrong', () => {
    const activity = createActivity({ sources: [{ id: 'hr', expectEveryMs: null }], now: () => 5_000 });
    for (const kind of ['accepted', 'unverified', 'dead-letter', 'ignored'] as const)
      activity.note('hr', kind);
    expect(activity.report()).toEqual([
      {
        id: 'hr',
        lastDeliveryAt: 5_000,
        knownSince: 5_000,
        receipts: { accepted: 1, unverified: 1, 'dead-letter': 1, ignored: 1 },
        errorRate: 0.5,
        expectEveryMs: null,
        silent: null,
      },
    ]);
  });

  it('calls a source silent when nothing genuine came for longer than is expected', () => {
    let now = 0;
    const activity = createActivity({ sources: [{ id: 'hr', expectEveryMs: 60_000 }], now: () => now });
    const silent = () => activity.report()[0]?.silent;
    now = 60_000;
    expect(silent()).toBe(false);
    now = 60_001;
    activity.note('hr', 'unverified');
    expect(silent()).toBe(true);
    activity.note('hr', 'duplicate');
    expect(silent()).toBe(false);
  });

  it('knows nothing of a source that is not configured', () => {
    const activity = createActivity({ sources: [], now: () => 0 });
    activity.note('nobody', 'accepted');
    expect(activity.report()).toEqual([]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { type AdmissionFacts, type AdmissionPolicy, admit } from '../../src/core/admission.ts';

const now = Date.parse('2026-11-20T08:00:00Z');
const dayMs = 86_400_000;
const policy: AdmissionPolicy = {
  actions: ['kick', 'resign', 'withdraw'],
  maxEventAgeMs: 7 * dayMs,
  fourEyes: true,
  graceMs: 3_000,
};

function facts(draft: AdmissionFacts['draft'], more: Partial<AdmissionFacts> = {}): AdmissionFacts {
  return { draft, byPerson: false, waived: [], ...more };
}

describe('an intent that comes in', () => {
  it('is canceled when its source may not cause it', () => {
    expect(admit(facts({ action: 'resign' }), { ...policy, actions: ['kick'] }, now)).toEqual({
      status: 'canceled',
      failure: { code: 'action_not_allowed', message: 'this source may not resign' },
    });
  });

  it('is due at once when it is a kick', () => {
    expect(admit(facts({ action: 'kick' }), policy, now)).toEqual({ status: 'pending', dueAt: now });
  });

  it('waits for the grace when it is a resign by a machine', () => {
    expect(admit(facts({ action: 'resign' }), policy, now)).toEqual({
      status: 'pending',
      dueAt: now + 3_000,
    });
  });

  it('waits for its date when that is to come', () => {
    const effectiveAt = now + dayMs;
    expect(admit(facts({ action: 'resign', effectiveAt }), policy, now)).toEqual({
      status: 'scheduled',
      dueAt: effectiveAt,
    });
  });

  it('is due now when its date has passed', () => {
    expect(admit(facts({ action: 'kick', effectiveAt: now - 1 }), policy, now)).toEqual({
      status: 'pending',
      dueAt: now,
    });
    expect(admit(facts({ action: 'kick', effectiveAt: now }), policy, now).status).toBe('pending');
  });

  it('keeps the grace after a date that comes sooner', () => {
    const admission = admit(facts({ action: 'resign', effectiveAt: now + 1_000 }), policy, now);
    expect(admission).toEqual({ status: 'scheduled', dueAt: now + 3_000 });
  });
});

describe('an intent is held', () => {
  it('when its date is more than a year ahead, until a person says that it is meant', () => {
    const draft = { action: 'resign', effectiveAt: now + 367 * dayMs } as const;
    expect(admit(facts(draft), policy, now)).toMatchObject({
      status: 'held',
      dueAt: draft.effectiveAt,
      failure: { code: 'far_future' },
    });
    expect(admit(facts({ ...draft, effectiveAt: now + 366 * dayMs }), policy, now).status).toBe('scheduled');
    expect(admit(facts(draft, { waived: ['far_future'] }), policy, now).status).toBe('scheduled');
  });

  it('when its event is older than allowed, and not when it is exactly as old', () => {
    const held = admit(facts({ action: 'kick', occurredAt: now - 7 * dayMs - 1 }), policy, now);
    expect(held).toMatchObject({ status: 'held', dueAt: now, failure: { code: 'stale' } });
    expect(admit(facts({ action: 'kick', occurredAt: now - 7 * dayMs }), policy, now).status).toBe('pending');
  });

  it('when a person asks for a resign and four eyes are required', () => {
    const asked = facts({ action: 'resign' }, { byPerson: true });
    expect(admit(asked, policy, now)).toMatchObject({
      status: 'held',
      dueAt: now,
      failure: { code: 'needs_approval' },
    });
    expect(admit(asked, { ...policy, fourEyes: false }, now)).toEqual({ status: 'pending', dueAt: now });
  });

  it('not when a person asks for a kick, which can be undone', () => {
    expect(admit(facts({ action: 'kick' }, { byPerson: true }), policy, now).status).toBe('pending');
  });

  it('when its source cannot vouch for it', () => {
    const hold = { code: 'record_deleted', message: 'the record was deleted' } as const;
    const admission = admit(facts({ action: 'resign', hold, effectiveAt: now + dayMs }), policy, now);
    expect(admission).toEqual({ status: 'held', dueAt: now + dayMs, failure: hold });
  });

  it('never when it is a withdraw, which only voids', () => {
    const withdraw = facts({ action: 'withdraw', occurredAt: now - 365 * dayMs }, { byPerson: true });
    expect(admit(withdraw, policy, now)).toEqual({ status: 'pending', dueAt: now });
  });
});

describe('an intent that a person released', () => {
  const hold = { code: 'status_unknown', message: 'the status is not known' } as const;
  const draft = { action: 'resign', hold, occurredAt: now - 30 * dayMs } as const;

  it('is due without grace once every reason is waived', () => {
    const waived = ['status_unknown', 'stale', 'needs_approval'] as const;
    expect(admit(facts(draft, { waived, byPerson: true }), policy, now)).toEqual({
      status: 'pending',
      dueAt: now,
    });
  });

  it('is not made to wait again when a machine asked for it', () => {
    const waived = ['status_unknown', 'stale'] as const;
    expect(admit(facts(draft, { waived }), policy, now)).toEqual({ status: 'pending', dueAt: now });
  });

  it('is held for the next reason while only one of them is waived', () => {
    const waived = ['status_unknown'] as const;
    expect(admit(facts(draft, { waived }), policy, now)).toMatchObject({
      status: 'held',
      failure: { code: 'stale' },
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Intent } from '../../src/core/intent.ts';
import {
  firstPreviousHash,
  intentOutcome,
  type Outcome,
  outcomeSchema,
  placeOutcome,
  recordOutcome,
  recordTypes,
} from '../../src/core/outcome.ts';
import { outcomeHash } from '../../src/core/seal.ts';

const at = Date.parse('2026-11-20T08:00:00Z');

const intent: Intent = {
  id: 'i1',
  source: 'hr',
  eventId: 'e1',
  person: 'p1',
  action: 'resign',
  identifiers: [
    { userIdType: 'external_id', userId: '1001' },
    { userIdType: 'email', userId: 'ada@example.com' },
  ],
  identifierIndex: 1,
  subject: '1001',
  appIds: [],
  reason: 'last day',
  requestedBy: null,
  actor: null,
  occurredAt: at - 2_000,
  receivedAt: at - 1_000,
  effectiveAt: null,
  retryOf: null,
  broughtBy: null,
  traceparent: null,
  status: 'succeeded',
  dueAt: null,
  settledAt: at,
  cap: 50,
  attempts: 1,
  acted: true,
  seenUserId: '6511a2b3c4d5e6f708192a3b',
  kickBrought: true,
  waived: [],
  decisions: [{ by: 'api:ada', at: at - 500, verdict: 'approved', reason: null }],
  voided: null,
  failure: null,
  answer: { statusCode: 200, apiCode: null, requestId: 'r1', message: 'ok' },
};

const place = { id: 'o1', position: 1, previousHash: firstPreviousHash };
const placed = placeOutcome(intentOutcome(intent, { status: 'succeeded', time: at, confirmed: true }), place);

describe('the outcome of an intent', () => {
  it('is a CloudEvent that names the person by the identifier in turn', () => {
    expect(placed).toMatchObject({
      specversion: '1.0',
      id: 'o1',
      source: '/offboard-bridge/hr',
      type: 'user.resign.succeeded',
      subject: 'email:ada@example.com',
      time: '2026-11-20T08:00:00.000Z',
      data: { userIdType: 'email', userId: 'ada@example.com', position: 1, previousHash: '0'.repeat(64) },
    });
  });

  it('satisfies its published schema without loss', () => {
    expect(outcomeSchema.parse(placed)).toEqual(placed);
  });

  it('writes times as people and machines both read them', () => {
    expect(placed.data).toMatchObject({
      occurredAt: '2026-11-20T07:59:58.000Z',
      receivedAt: '2026-11-20T07:59:59.000Z',
      effectiveAt: null,
      settledAt: '2026-11-20T08:00:00.000Z',
      decisions: [{ by: 'api:ada', at: '2026-11-20T07:59:59.500Z', verdict: 'approved', reason: null }],
    });
  });

  it('does not say that something was confirmed, simulated or failed unless it was', () => {
    const { data } = intentOutcome(intent, { status: 'released', time: at });
    expect(data).toMatchObject({ status: 'released', confirmed: null, dryRun: false, failure: null });
  });

  it('says why it failed, and that it was only a rehearsal', () => {
    const failure = { code: 'user_not_found', message: 'no identifier named a user' } as const;
    const { type, data } = intentOutcome(intent, { status: 'failed', time: at, dryRun: true, failure });
    expect(type).toBe('user.resign.failed');
    expect(data).toMatchObject({ dryRun: true, failure });
  });
});

describe('the outcome of something else', () => {
  it.each(recordTypes)('of type %s satisfies the published schema without loss', (type) => {
    const outcome = placeOutcome(recordOutcome({ type, source: 'hr', time: at }), place);
    expect(outcomeSchema.parse(outcome)).toEqual(outcome);
    expect('subject' in outcome).toBe(false);
  });

  it('names who decided what about what', () => {
    const facts = { actor: 'api:ada', reason: 'an incident', reference: 'resign', verdict: 'paused' };
    const { data } = recordOutcome({ type: 'operator.decided', source: 'api', time: at, ...facts });
    expect(data).toEqual({ source: 'api', ...facts });
  });
});

describe('the hash of an outcome from before there were seals', () => {
  const hash = outcomeHash(placed, null);

  function reversed(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, item]) => [key, reversed(item)]),
    );
  }

  it('is a SHA-256 that does not depend on the order of keys', () => {
    const other = reversed(placed) as Outcome;
    expect(Object.keys(other)).not.toEqual(Object.keys(placed));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(outcomeHash(other, null)).toBe(hash);
  });

  it('survives being written and read', () => {
    expect(outcomeHash(JSON.parse(JSON.stringify(placed)) as Outcome, null)).toBe(hash);
  });

  it.each(Object.keys(placed))('changes with %s', (key) => {
    expect(outcomeHash({ ...placed, [key]: 'changed' }, null)).not.toBe(hash);
  });

  it.each(Object.keys(placed.data))('changes with data.%s', (key) => {
    const data = { ...placed.data, [key]: 'changed' } as Outcome['data'];
    expect(outcomeHash({ ...placed, data }, null)).not.toBe(hash);
  });

  it('changes with the order of a list', () => {
    const withApps = (appIds: string[]): Outcome => ({
      ...placed,
      data: { ...placed.data, appIds } as Outcome['data'],
    });
    expect(outcomeHash(withApps(['a', 'b']), null)).not.toBe(outcomeHash(withApps(['b', 'a']), null));
  });
});

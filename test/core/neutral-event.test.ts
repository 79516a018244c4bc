import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { userIdTypes } from '../../src/core/identifier.ts';
import { readBySchema, readNeutralEvent, readPlain } from '../../src/core/neutral-event.ts';

const resign = {
  type: 'user.resign',
  timestamp: '2026-11-20T08:00:00Z',
  data: { userIdType: 'email', userId: 'ada@example.com' },
};

function faultsOf(event: unknown): readonly string[] {
  const reading = readNeutralEvent(event);
  return reading.kind === 'faults' ? reading.faults : [];
}

const withData = (data: Record<string, unknown>) => ({ ...resign, data: { ...resign.data, ...data } });

const whole = withData({
  subject: '1001',
  effectiveAt: '2026-12-01T00:00:00+08:00',
  reason: 'last day',
  requestedBy: 'hr@example.com',
});

describe('a neutral event', () => {
  it('is read as an intent with everything that it says', () => {
    expect(readNeutralEvent(whole)).toEqual({
      kind: 'intent',
      draft: {
        action: 'resign',
        identifiers: [{ userIdType: 'email', userId: 'ada@example.com' }],
        subject: '1001',
        occurredAt: Date.parse('2026-11-20T08:00:00Z'),
        effectiveAt: Date.parse('2026-11-30T16:00:00Z'),
        reason: 'last day',
        requestedBy: 'hr@example.com',
      },
    });
  });

  it.each([
    ['user.kick', 'kick'],
    ['user.resign', 'resign'],
    ['user.withdraw', 'withdraw'],
  ])('of type %s is a %s', (type, action) => {
    expect(readNeutralEvent({ ...resign, type })).toMatchObject({ kind: 'intent', draft: { action } });
  });

  it('may name the person by several identifiers, and keeps their order', () => {
    const identifiers = [
      { userIdType: 'external_id', userId: '1001' },
      { userIdType: 'phone', userId: '+86 138 0013 8000' },
    ];
    expect(readNeutralEvent({ ...resign, data: { identifiers } })).toMatchObject({
      draft: { identifiers: [identifiers[0], { userIdType: 'phone', userId: '13800138000' }] },
    });
  });

  it('may name apps when it is a kick, and only then', () => {
    const event = withData({ appIds: ['app1'] });
    expect(readNeutralEvent({ ...event, type: 'user.kick' })).toMatchObject({ draft: { appIds: ['app1'] } });
    expect(faultsOf(event)).toEqual(['data.appIds: is for user.kick only']);
  });
});

describe('another event', () => {
  it('is foreign by its type, whatever else it holds', () => {
    expect(readNeutralEvent({ type: 'user.created', data: 7 })).toEqual({ kind: 'foreign' });
  });

  it.each([[{}], [{ type: '' }], [{ type: 7 }], [[]], [null], ['user.resign']])(
    'without a type is not foreign but faulty: %j',
    (event) => {
      expect(readNeutralEvent(event).kind).toBe('faults');
    },
  );
});

describe('the time of an event', () => {
  const says = 'is not a time with a date and an offset, such as 2026-12-01T00:00:00+08:00';

  it.each([
    '2026-11-20T08:00:00',
    '2026-11-20',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T08:00:00+25:00',
    'tomorrow',
    '',
    1_795_161_600,
    null,
  ])('is not %j', (timestamp) => {
    expect(faultsOf({ ...resign, timestamp })).toEqual([`timestamp: ${says}`]);
    expect(faultsOf(withData({ effectiveAt: timestamp }))).toEqual([`data.effectiveAt: ${says}`]);
  });

  it.each(['2024-02-29T00:00:00Z', '2026-11-20T08:00:00.123456+08:00', '2026-11-20T08:00:00-03:30'])(
    'may be %s',
    (timestamp) => {
      expect(readNeutralEvent({ ...resign, timestamp })).toMatchObject({
        draft: { occurredAt: Date.parse(timestamp) },
      });
    },
  );
});

describe('the faults of an event', () => {
  it('are told all at once', () => {
    const event = {
      type: 'user.resign',
      extra: true,
      data: { userIdType: 'email', userId: 'ada', effectiveAt: 'soon', appIds: ['app1'], subject: 7 },
    };
    const paths = faultsOf(event).map((fault) => fault.slice(0, fault.indexOf(':')));
    expect(paths.sort()).toEqual([
      'body',
      'data.appIds',
      'data.effectiveAt',
      'data.subject',
      'data.userId',
      'timestamp',
    ]);
  });

  it('name every identifier of a list that is wrong', () => {
    const identifiers = [
      { userIdType: 'email', userId: 'ada' },
      { userIdType: 'phone', userId: '13800138000' },
      { userIdType: 'user_id', userId: 'ada' },
    ];
    expect(faultsOf({ ...resign, data: { identifiers, subject: 7 } })).toEqual([
      'data.identifiers[0].userId: email is not an email address',
      'data.identifiers[2].userId: user_id is not 24 hexadecimal digits',
      expect.stringMatching(/^data\.subject: /),
    ]);
  });

  const types = 'user_id external_id phone email username identity sync_relation custom_field';

  it.each([
    [{}, `data.userIdType: is required: one of ${types}`],
    [{ userId: 'ada@example.com' }, `data.userIdType: is required: one of ${types}`],
    [{ userIdType: 'email' }, 'data.userId: is required'],
    [
      { ...resign.data, identifiers: [resign.data] },
      'data.identifiers: give either identifiers or userIdType and userId, not both',
    ],
  ])('tell how a person is to be named: %j', (data, fault) => {
    expect(faultsOf({ ...resign, data })).toEqual([fault]);
  });

  it.each([[7], [null], [[]], ['ada@example.com']])('tell that data is not an object: %j', (data) => {
    expect(faultsOf({ ...resign, data })).toEqual([expect.stringMatching(/^data: /)]);
  });
});

describe('what is read of a neutral event without its schema', () => {
  it('is all of what most senders send', () => {
    for (const event of [
      resign,
      whole,
      { ...resign, type: 'user.kick' },
      { ...whole, type: 'user.withdraw' },
    ])
      expect(readPlain(event)).not.toBeNull();
  });

  it('is what the schema says of it, or nothing', () => {
    const odd = fc.oneof(
      fc.constantFrom('', ' ', ' x', 'x ', '\0', 'x'.repeat(256), 'x'.repeat(257), 'x'.repeat(1_001)),
      fc.constantFrom<unknown>(null, 0, 1, true, [], {}, ['x'], { length: 1 }),
      fc.string({ maxLength: 300 }),
    );
    const mostly = (...values: unknown[]) =>
      fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: odd });
    const time = mostly(
      '2026-11-20T08:00:00Z',
      '2026-11-20T08:00:00.123456789+14:00',
      '2026-11-20T08:00Z',
      '2026-02-30T08:00:00Z',
      '2026-11-20T08:00:00',
      '2026-11-20T25:00:00Z',
    );
    const seldom = (fields: Record<string, fc.Arbitrary<unknown>>) =>
      fc.oneof(
        { weight: 6, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.record(fields, { requiredKeys: [] }) },
      );
    const texts = {
      subject: mostly('1001'),
      reason: mostly('last day'),
      requestedBy: mostly('hr', undefined),
    };
    const data = fc
      .tuple(
        fc.record({
          userIdType: mostly(...userIdTypes, 'email', 'external_id'),
          userId: mostly('ada@example.com', '6319a1504f3b4c0f214dd5b1', '+86 138-0013-8000', 'idp:1', '1001'),
        }),
        fc.record({ ...texts, effectiveAt: time }, { requiredKeys: [] }),
        seldom({ appIds: mostly(['app'], []), identifiers: mostly([], undefined), other: odd }),
      )
      .map((fields) => Object.assign({}, ...fields));
    const event = fc
      .tuple(
        fc.record({
          type: mostly('user.kick', 'user.resign', 'user.withdraw', 'user.left', 'toString'),
          timestamp: time,
          data: fc.oneof({ weight: 9, arbitrary: data }, odd),
        }),
        seldom({ other: odd }),
      )
      .map((fields) => Object.assign({}, ...fields));
    let read = 0;
    const check = (value: unknown): void => {
      const plain = readPlain(value);
      if (!plain) return;
      read += 1;
      expect(readBySchema(value)).toEqual({ kind: 'intent', draft: plain });
    };
    fc.assert(fc.property(fc.oneof(event, odd), check), { numRuns: 20_000 });
    expect(read).toBeGreaterThan(100);
  });
});

import { describe, expect, it } from '@jest/globals';
import { MalformedDelivery } from '../../src/core/handler.ts';
import { type LookupResult, VendorTrouble } from '../../src/core/lookup.ts';
import { emailOf, hour, type Rig, second, start, useRigs } from './rig.ts';

const open = useRigs();
const day = 24 * hour;
const provisional = { userIdType: 'external_id', userId: '1002' } as const;
const told = { reference: '1', subject: '1', identifiers: [provisional] };
const identifiers = [emailOf(1)];

/** A rig whose vendor answers by turns, and then with the last answer again. */
async function openWith(...answers: (LookupResult | Error)[]): Promise<{ rig: Rig; asked: string[] }> {
  const asked: string[] = [];
  const ask = async (reference: string): Promise<LookupResult> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(reference);
    if (answer instanceof Error) throw answer;
    return answer ?? { kind: 'active' };
  };
  return { rig: await open({ find: (source) => (source === 'hr' ? ask : null) }), asked };
}

describe('an intent whose event carried an id only', () => {
  it('is acted on by what the vendor says, and never by the id', async () => {
    const { rig, asked } = await openWith({ kind: 'gone', identifiers });
    const id = await rig.tell(told);
    await rig.work();
    expect(await rig.fates(id)).toEqual(['succeeded']);
    expect(asked).toEqual(['1']);
    expect(rig.emulator.users().map(({ status }) => status)).toEqual(['Resigned', 'Activated', 'Activated']);
    expect(await rig.lastOutcome(id)).toMatchObject({ userIdType: 'email', userId: emailOf(1).userId });
  });

  it('is canceled when the vendor says that the person is still active', async () => {
    const { rig } = await openWith({ kind: 'active' });
    const id = await rig.tell(told);
    await rig.work();
    expect(await rig.fates(id)).toEqual(['canceled still_active']);
    expect(rig.takeCalls()).toEqual([]);
  });

  it.each([
    ['active', 'canceled still_active'],
    ['gone', 'succeeded'],
  ] as const)('is asked about again when it is released from the safeguard: %s', async (kind, fate) => {
    const answers: LookupResult[] = [
      { kind: 'gone', identifiers },
      kind === 'gone' ? { kind, identifiers } : { kind },
    ];
    const none = { source: null, maxResigns: 0, maxPercent: null, maxKicks: null, perMs: hour };
    const find = () => async () => answers.shift() ?? { kind: 'active' as const };
    const rig = await open({ find, policy: { safeguard: [none] } });
    const intentId = await rig.tell(told);
    await rig.work();
    expect(await rig.fates(intentId)).toEqual(['held safeguard']);
    const decision = { by: 'api:ada', at: start, verdict: 'approved', reason: null } as const;
    await rig.store.decide({ intentId, decision, admission: { status: 'pending', dueAt: start } });
    await rig.work();
    expect(await rig.fates(intentId)).toEqual([fate]);
    expect(answers).toEqual([]);
  });

  it('waits for the day that the vendor names, and asks again on that day', async () => {
    const effectiveAt = start + 3 * day;
    const leaves = { kind: 'leaves', identifiers, effectiveAt } as const;
    const { rig, asked } = await openWith(leaves, leaves);
    const id = await rig.tell(told);
    await rig.work();
    expect(await rig.intent(id)).toMatchObject({ status: 'scheduled', dueAt: effectiveAt, effectiveAt });
    await rig.restart();
    await rig.pass(3 * day - second);
    expect(await rig.fates(id)).toEqual(['scheduled']);
    await rig.pass(second);
    expect(await rig.fates(id)).toEqual(['succeeded']);
    expect(asked).toEqual(['1', '1']);
  });

  it('is canceled on the day when the person stays after all', async () => {
    const { rig } = await openWith(
      { kind: 'leaves', identifiers, effectiveAt: start + day },
      { kind: 'active' },
    );
    const id = await rig.tell(told);
    await rig.work();
    await rig.pass(day);
    expect(await rig.fates(id)).toEqual(['canceled still_active']);
  });

  it('waits for the new day when the vendor names another on the first', async () => {
    const later = { kind: 'leaves', identifiers, effectiveAt: start + 2 * day } as const;
    const { rig } = await openWith({ ...later, effectiveAt: start + day }, later);
    const id = await rig.tell(told);
    await rig.work();
    await rig.pass(day);
    expect(await rig.intent(id)).toMatchObject({ status: 'scheduled', effectiveAt: later.effectiveAt });
  });

  it('takes a day of long ago, of somebody who is still there, for one of an earlier job', async () => {
    const { rig } = await openWith({ kind: 'leaves', identifiers, effectiveAt: start - 3 * day });
    const id = await rig.tell(told);
    await rig.work();
    expect(await rig.fates(id)).toEqual(['canceled still_active']);
  });

  it('signs out now and resigns on the day when the vendor speaks of garden leave', async () => {
    const leaves = { kind: 'leaves', identifiers, effectiveAt: start + day, signOut: true } as const;
    const { rig } = await openWith(leaves);
    const id = await rig.tell(told);
    await rig.work();
    expect(rig.takeCalls()).toContain('kick-users');
    expect(await rig.fates(id)).toEqual(['scheduled']);
    await rig.pass(day);
    expect(await rig.fates(id)).toEqual(['succeeded']);
  });

  it('is held when the day is more than a year ahead', async () => {
    const { rig } = await openWith({ kind: 'leaves', identifiers, effectiveAt: start + 400 * day });
    const id = await rig.tell(told);
    await rig.work();
    expect(await rig.fates(id)).toEqual(['held far_future']);
  });

  it('is held when the vendor is not clear, and acted on by what it said once a person released it', async () => {
    const failure = { code: 'status_unknown', message: 'another contract' } as const;
    const { rig } = await openWith({ kind: 'unclear', identifiers, failure });
    const id = await rig.tell(told);
    await rig.work();
    expect(await rig.fates(id)).toEqual(['held status_unknown']);
    const decision = { by: 'api:ada', at: rig.clock.now, verdict: 'approved', reason: null } as const;
    const admission = { status: 'pending', dueAt: rig.clock.now } as const;
    await rig.store.decide({ intentId: id, decision, admission });
    await rig.work();
    expect(await rig.fates(id)).toEqual(['succeeded']);
  });
});

describe('a vendor that gives no answer', () => {
  it('is left alone for as long as it asks, and the status says so', async () => {
    const busy = new VendorTrouble('again', 'the vendor answered with 429', 30 * second);
    const { rig, asked } = await openWith(busy, { kind: 'gone', identifiers });
    const ids = [
      await rig.tell(told),
      await rig.tell({
        ...told,
        reference: '2',
        subject: '2',
        identifiers: [{ ...provisional, userId: '1009' }],
      }),
    ];
    await rig.work();
    await rig.pass(29 * second, second);
    expect(asked).toEqual(['1']);
    expect(await rig.fates(...ids)).toEqual(['pending', 'pending']);
    await rig.pass(second);
    expect(asked).toHaveLength(3);
    expect((await rig.fates(...ids))[0]).toBe('succeeded');
  });

  it('is not left alone for longer because the clock was set back', async () => {
    const busy = new VendorTrouble('again', 'the vendor answered with 429', 30 * second);
    const { rig, asked } = await openWith(busy, { kind: 'gone', identifiers });
    await rig.tell(told);
    await rig.work();
    rig.clock.now -= hour;
    const other = { reference: '2', subject: '2', identifiers: [{ ...provisional, userId: '1009' }] };
    await rig.tell({ ...told, ...other });
    await rig.work();
    expect(asked).toEqual(['1', '2']);
  });

  it('is asked again and again, with pauses, until it is too late', async () => {
    const { rig, asked } = await openWith(new VendorTrouble('denied', 'the vendor answered with 401'));
    const id = await rig.tell(told);
    await rig.pass(73 * hour, hour);
    expect(await rig.fates(id)).toEqual(['failed lookup_failed']);
    expect(asked.length).toBeLessThan(80);
    expect(rig.takeCalls()).toEqual([]);
  });

  it.each([
    ['knows nobody by that id', new VendorTrouble('unknown_person', 'the vendor answered with 404')],
    ['answers with what cannot be read', new MalformedDelivery('status: is missing')],
    ['makes its handler fail', new TypeError('oops')],
  ])('fails the intent at once when it %s', async (_title, error) => {
    const { rig } = await openWith(error);
    const id = await rig.tell(told);
    await rig.work();
    expect(await rig.fates(id)).toEqual(['failed lookup_failed']);
    expect(rig.takeCalls()).toEqual([]);
  });

  it('holds up nobody of another source, and nobody who needs no look-up', async () => {
    const { rig } = await openWith(new VendorTrouble('again', 'no connection'));
    const waiting = await rig.tell(told);
    const other = await rig.tell({ source: 'scripts', identifiers: [{ ...provisional, userId: '1003' }] });
    await rig.work();
    expect(await rig.fates(waiting, other)).toEqual(['pending', 'succeeded']);
  });

  it('is never guessed for: without a look-up, nobody is acted on', async () => {
    const rig = await open();
    const id = await rig.tell(told);
    await rig.work();
    expect(await rig.fates(id)).toEqual(['failed lookup_failed']);
    expect(rig.takeCalls()).toEqual([]);
  });
});

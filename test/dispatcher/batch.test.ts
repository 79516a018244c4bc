import { describe, expect, it } from '@jest/globals';
import type { FaultsInput } from '../../src/emulator/faults.ts';
import {
  emailOf,
  hour,
  minute,
  type Rig,
  tellOfResigns,
  useRigs,
  userIdOf,
  userOf,
  usersUpTo,
} from './rig.ts';

type Fault = NonNullable<FaultsInput['calls']>[number];

const openRig = useRigs();

/** How many intents came to each end, such as `{ succeeded: 49, 'failed refused': 1 }`. */
async function countFates(rig: Rig, ids: readonly string[]): Promise<Record<string, number>> {
  const fates = await rig.fates(...ids);
  return Object.fromEntries(
    [...new Set(fates)].map((fate) => [fate, fates.filter((one) => one === fate).length]),
  );
}

const resignCalls = (rig: Rig) => rig.takeCalls().filter((call) => call.startsWith('resign'));

describe('a batch', () => {
  it('of 120 leavers takes three calls for every 50', async () => {
    const rig = await openRig({ users: usersUpTo(120) });
    const ids = await tellOfResigns(rig, 120);
    await rig.work();
    expect(await countFates(rig, ids)).toEqual({ succeeded: 120 });
    expect(rig.takeCalls()).toEqual(
      [50, 50, 20].flatMap((size) => [
        `get-user-batch ${size}`,
        `resign-user-batch ${size}`,
        `get-user-batch ${size}`,
      ]),
    );
  });

  it('leaves those out of the call who are Resigned, held, or cannot be found', async () => {
    const rig = await openRig({ users: [...usersUpTo(3), userOf(4, { status: 'Resigned' })] });
    const ids = await tellOfResigns(rig, 5);
    const other = await rig.tell({ identifiers: [emailOf(6), emailOf(2)], source: 'other' });
    await rig.work();
    expect(await rig.fates(...ids, other)).toEqual([
      ...['succeeded', 'succeeded', 'succeeded', 'succeeded', 'failed user_not_found'],
      'held identity_conflict',
    ]);
    expect(rig.takeCalls()).toContain('resign-user-batch 3');
  });

  it('halves around the one person who is refused, down to that person alone', async () => {
    const rig = await openRig({ users: usersUpTo(50) });
    const ids = await tellOfResigns(rig, 50);
    rig.emulator.setFaults({ poisonedUserIds: [userIdOf(1)] });
    const caps = [50];
    while ((await rig.tick()) > 0) caps.push((await rig.intent(ids[0] ?? '')).cap);
    expect([...new Set(caps)]).toEqual([50, 25, 13, 7, 4, 2, 1]);
    expect(await countFates(rig, ids)).toEqual({ succeeded: 49, 'failed refused': 1 });
    expect(await rig.lastOutcome(ids[0] ?? '')).toMatchObject({
      failure: { code: 'refused' },
      answer: { statusCode: 422 },
      attempts: 1,
    });
    expect(resignCalls(rig).length).toBeLessThanOrEqual(13);
  });

  it('with five such people still gets everybody else done', async () => {
    const rig = await openRig({ users: usersUpTo(50) });
    const ids = await tellOfResigns(rig, 50);
    const poisoned = [3, 14, 15, 26, 41];
    rig.emulator.setFaults({ poisonedUserIds: poisoned.map(userIdOf) });
    await rig.pass(hour, minute);
    expect(await countFates(rig, ids)).toEqual({ succeeded: 45, 'failed refused': 5 });
    expect(resignCalls(rig).length).toBeLessThanOrEqual(45);
  });

  it.each([
    { batchUnknown: 'refuse', most: 5, fate: 'failed user_not_found' },
    { batchUnknown: 'partial', most: 5, fate: 'failed user_not_found' },
    { batchUnknown: 'skip', most: 20, fate: 'failed not_confirmed' },
  ] as const)(
    'gets the others done when an id of it has become unknown since the look: $batchUnknown',
    async ({ batchUnknown, most, fate }) => {
      const rig = await openRig({ users: usersUpTo(50), policy: { giveUpAfterMs: hour } });
      const ids = await tellOfResigns(rig, 50);
      rig.emulator.setFaults({ batchUnknown });
      rig.before('resignUsers', () => rig.emulator.addUsers([userOf(20, { email: null })]));
      await rig.pass(2 * hour, minute);
      expect(await countFates(rig, ids)).toEqual({ succeeded: 49, [fate]: 1 });
      expect(await rig.fates(ids[19] ?? '')).toEqual([fate]);
      expect(resignCalls(rig).length).toBeLessThanOrEqual(most);
      expect(rig.emulator.user(userIdOf(20))?.status).toBe('Activated');
    },
  );

  it.each(['omit', 'refuse'] as const)(
    'finds out who is unknown by looks alone, whether a look at many leaves them out or refuses: %s',
    async (lookUnknown) => {
      const rig = await openRig({ users: usersUpTo(49) });
      const ids = await tellOfResigns(rig, 50);
      rig.emulator.setFaults({ lookUnknown, batchUnknown: 'refuse' });
      await rig.work();
      expect(await countFates(rig, ids)).toEqual({ succeeded: 49, 'failed user_not_found': 1 });
      expect(rig.emulator.calls().some(({ answer }) => answer.apiCode === 2004)).toBe(true);
    },
  );

  it('that was partly done before it was refused is settled for those who are Resigned', async () => {
    const rig = await openRig({ users: usersUpTo(4) });
    const ids = await tellOfResigns(rig, 4);
    rig.emulator.setFaults({ batchUnknown: 'partial' });
    rig.before('resignUsers', () => rig.emulator.addUsers([userOf(3, { email: null })]));
    await rig.tick();
    expect(await rig.fates(...ids)).toEqual(['succeeded', 'succeeded', 'pending', 'pending']);
    expect(await rig.intent(ids[3] ?? '')).toMatchObject({ cap: 2, acted: false, attempts: 0 });
  });

  it('that is refused, and cannot be looked at then, is looked at before anything else', async () => {
    const rig = await openRig();
    const ids = await tellOfResigns(rig, 2);
    rig.emulator.setFaults({ poisonedUserIds: [userIdOf(1)] });
    rig.before('resignUsers', () =>
      rig.emulator.setFaults({
        calls: [{ kind: 'halfClosed', endpoint: 'get-user-batch', times: 1 }],
        poisonedUserIds: [userIdOf(1)],
      }),
    );
    await rig.tick();
    expect(await rig.intent(ids[1] ?? '')).toMatchObject({ status: 'pending', acted: true });
    rig.before('resignUsers', () => {});
    await rig.pass(minute);
    expect(await rig.fates(...ids)).toEqual(['failed refused', 'succeeded']);
  });

  it('without a clear answer stays whole once, and halves from the second time', async () => {
    const rig = await openRig({ users: usersUpTo(20) });
    const ids = await tellOfResigns(rig, 20);
    const isPoisoned = (userIds: readonly string[]) => userIds.includes(emailOf(7).userId);
    const times: Fault = { kind: 'halfClosed', endpoint: 'resign-user-batch' };
    rig.before('resignUsers', (userIds) =>
      rig.emulator.setFaults({ calls: isPoisoned(userIds) ? [times] : [] }),
    );
    const caps = [];
    for (let minutes = 0; minutes < 60; minutes += 1) {
      await rig.pass(minute);
      caps.push((await rig.intent(ids[6] ?? '')).cap);
    }
    expect([...new Set(caps)]).toEqual([50, 10, 5, 3, 2, 1]);
    expect(await countFates(rig, ids)).toEqual({ succeeded: 19, pending: 1 });
  });

  it('comes due together again after answers that were none', async () => {
    let drawn = 0;
    const random = () => {
      drawn = (drawn + 0.37) % 1;
      return drawn;
    };
    const rig = await openRig({ users: usersUpTo(11), random });
    const ids = await tellOfResigns(rig, 10);
    rig.emulator.setFaults({ calls: [{ kind: 'http5xx', endpoint: 'get-user-batch' }] });
    await rig.work();
    await rig.tell({ identifiers: [emailOf(11)] });
    await rig.work();
    rig.clock.now += minute;
    await rig.tick();
    const intents = await Promise.all(ids.map(rig.intent));
    expect(new Set(intents.map(({ attempts }) => attempts))).toEqual(new Set([2]));
    expect(new Set(intents.map(({ dueAt }) => dueAt)).size).toBe(1);
  });
});

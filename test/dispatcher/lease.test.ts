import { describe, expect, it } from '@jest/globals';
import { emailOf, minute, type Rig, start, useRigs, userIdOf, userOf } from './rig.ts';

const openRig = useRigs();

describe('a lapsed lease', () => {
  /** Claims, as a process does that is gone before it settles, and opens the store anew. */
  async function abandon(rig: Rig, begun: boolean): Promise<void> {
    const request = { limits: { kick: 1, resign: 50 }, leaseMs: minute, safeguard: [], now: start };
    const batch = await rig.store.claim({ ...request, token: 'of a process that is gone' });
    const seen = batch?.intents.map(({ id }) => ({ intentId: id, userId: userIdOf(1) })) ?? [];
    if (begun) await rig.store.beginAct('of a process that is gone', seen, { now: start, lookAgeMs: 0 });
    await rig.restart();
  }

  it.each([
    { begun: false, done: false, userIdType: 'email' },
    { begun: true, done: false, userIdType: 'user_id' },
    { begun: true, done: true, userIdType: 'user_id' },
  ])('is followed by a look, and not a moment too soon: %j', async ({ begun, done, userIdType }) => {
    const rig = await openRig();
    const id = await rig.tell({});
    await abandon(rig, begun);
    if (done) rig.emulator.addUsers([userOf(1, { status: 'Resigned' })]);
    await rig.pass(minute - 1);
    expect(rig.takeCalls()).toEqual([]);
    await rig.pass(1);
    expect(rig.takeCalls()).toEqual(done ? ['get-user'] : ['get-user', 'resign-user-batch 1', 'get-user']);
    const look = rig.emulator.calls().find(({ endpoint }) => endpoint === 'get-user');
    expect(look?.input).toMatchObject({ userIdType });
    expect(await rig.fates(id)).toEqual(['succeeded']);
  });

  it.each(['resign', 'kick'] as const)(
    'of a %s whose first identifier names nobody is followed by a look at the next',
    async (action) => {
      const rig = await openRig();
      const id = await rig.tell({
        action,
        identifiers: [{ userIdType: 'username', userId: 'nobody' }, emailOf(1)],
      });
      await abandon(rig, false);
      await rig.pass(minute);
      expect(await rig.fates(id)).toEqual(['succeeded']);
    },
  );
});

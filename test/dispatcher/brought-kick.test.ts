import { describe, expect, it } from '@jest/globals';
import type { FaultsInput } from '../../src/emulator/faults.ts';
import { emailOf, externalIdOf, hour, minute, type Rig, useRigs, userIdOf, userOf } from './rig.ts';

type Fault = NonNullable<FaultsInput['calls']>[number];

const openRig = useRigs();

const sessionsOf = (rig: Rig, n: number) => rig.emulator.user(userIdOf(n))?.sessions;

describe('the kick that a resign brings', () => {
  const endSessions = { policy: { endSessions: true } };

  /** The kicks that were brought, oldest first. */
  const brought = async (rig: Rig) => {
    const query = { cursor: null, limit: 100, statuses: null, person: null, source: null };
    const { items } = await rig.store.listIntents(query);
    return items.filter(({ broughtBy }) => broughtBy !== null).reverse();
  };

  it('goes by the user_id that was seen, for the same person', async () => {
    const rig = await openRig(endSessions);
    const id = await rig.tell({ identifiers: [emailOf(1), externalIdOf(1)], subject: '1001' });
    await rig.work();
    const [only, ...more] = await brought(rig);
    expect(more).toEqual([]);
    expect(only).toMatchObject({
      broughtBy: id,
      person: (await rig.intent(id)).person,
      subject: '1001',
      identifiers: [{ userIdType: 'user_id', userId: userIdOf(1) }, emailOf(1), externalIdOf(1)],
      status: 'succeeded',
    });
    expect(sessionsOf(rig, 1)).toEqual([]);
  });

  it('comes also for somebody who was Resigned already', async () => {
    const rig = await openRig({ ...endSessions, users: [userOf(1, { status: 'Resigned' })] });
    await rig.tell({});
    await rig.work();
    expect(await brought(rig)).toHaveLength(1);
    expect(sessionsOf(rig, 1)).toEqual([]);
  });

  it.each<Fault>([
    { kind: 'halfClosed' },
    { kind: 'http5xx' },
    { kind: 'rateLimit', retryAfterSeconds: 60 },
    { kind: 'envelope', statusCode: 402 },
    { kind: 'html' },
    { kind: 'envelope', statusCode: 200, data: { success: true } },
  ])(
    'comes at the first answer that is none, not at the next, and once more on success: %j',
    async (fault) => {
      const rig = await openRig(endSessions);
      rig.emulator.setFaults({ calls: [{ ...fault, endpoint: 'resign-user-batch' } as Fault] });
      const id = await rig.tell({});
      await rig.work();
      expect(await brought(rig)).toMatchObject([{ status: 'succeeded', broughtBy: id }]);
      expect(sessionsOf(rig, 1)).toEqual([]);
      await rig.pass(hour, minute);
      expect([await rig.fates(id), await brought(rig)]).toMatchObject([['pending'], [{}]]);
      rig.emulator.setFaults({});
      rig.emulator.signIn(userIdOf(1), 'app-wiki');
      await rig.pass(2 * hour, 10 * minute);
      expect(await rig.fates(id)).toEqual(['succeeded']);
      expect(await brought(rig)).toHaveLength(2);
      expect(sessionsOf(rig, 1)).toEqual([]);
    },
  );

  it('does not come for a resign that is held, canceled, simulated, refused or not found', async () => {
    const rig = await openRig({
      policy: { endSessions: true, isDryRun: (source) => source === 'watched' },
      users: [userOf(1), userOf(2), userOf(3), userOf(4)],
    });
    const held = await rig.tell({ identifiers: [externalIdOf(99), emailOf(1)] });
    const simulated = await rig.tell({ identifiers: [emailOf(2)], source: 'watched' });
    const missing = await rig.tell({ identifiers: [emailOf(98)] });
    rig.emulator.setFaults({ poisonedUserIds: [userIdOf(3)] });
    const refused = await rig.tell({ identifiers: [emailOf(3)] });
    await rig.work();
    const canceled = await rig.tell({ identifiers: [emailOf(4)] });
    rig.emulator.setFaults({ calls: [{ kind: 'rateLimit', endpoint: 'resign-user-batch' }] });
    rig.before('resignUsers', async () => {
      await rig.tell({ action: 'withdraw', identifiers: [emailOf(4)] });
    });
    await rig.work();
    expect(await rig.fates(held, simulated, missing, refused, canceled)).toEqual([
      'held identity_conflict',
      'simulated',
      'failed user_not_found',
      'failed refused',
      'canceled withdrawn',
    ]);
    expect(await brought(rig)).toEqual([]);
  });

  it('does not come for a resign that is withdrawn while it is unclear, until it turns out to be done', async () => {
    const rig = await openRig(endSessions);
    const id = await rig.tell({});
    rig.emulator.setFaults({
      calls: [{ kind: 'halfClosed', endpoint: 'resign-user-batch', applied: true, times: 1 }],
    });
    rig.before('resignUsers', async () => {
      await rig.tell({ action: 'withdraw' });
    });
    await rig.work();
    expect(await brought(rig)).toEqual([]);
    await rig.pass(minute);
    expect(await rig.fates(id)).toEqual(['succeeded withdrawn_too_late']);
    expect(await brought(rig)).toHaveLength(1);
  });

  it('does not come when endSessions is off', async () => {
    const rig = await openRig();
    await rig.tell({});
    await rig.work();
    expect(await brought(rig)).toEqual([]);
    expect(sessionsOf(rig, 1)).toEqual(['app-mail']);
  });
});

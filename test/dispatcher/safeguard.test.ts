import { describe, expect, it } from '@jest/globals';
import { emailOf, ends, hour, minute, second, start, tellOfResigns, useRigs, usersUpTo } from './rig.ts';

const openRig = useRigs();

describe('the safeguard', () => {
  const limit = { source: null, maxResigns: 20, maxPercent: null, maxKicks: 5, perMs: hour };
  const safeguard = [limit];

  it('lets its number of a burst through and holds the rest, also across a restart', async () => {
    const rig = await openRig({ users: usersUpTo(60), policy: { safeguard, endSessions: true } });
    const ids = await tellOfResigns(rig, 15);
    await rig.work();
    await rig.restart();
    ids.push(...(await tellOfResigns(rig, 60, 16)));
    await rig.work();
    const fates = await rig.fates(...ids);
    expect(fates).toEqual([...Array(20).fill('succeeded'), ...Array(40).fill('held safeguard')]);
    expect(rig.emulator.users().filter(({ status }) => status === 'Resigned')).toHaveLength(20);
    const held = (await rig.outcomes()).filter(({ type }) => type === 'user.resign.held');
    expect(held).toHaveLength(40);
    expect(rig.emulator.calls().filter(({ endpoint }) => endpoint === 'kick-users')).toHaveLength(20);
  });

  it('holds back nothing of another kind in the same claim', async () => {
    const rig = await openRig({
      users: usersUpTo(40),
      policy: { safeguard: [{ ...limit, maxResigns: 0 }] },
    });
    const resign = await rig.tell({});
    const kick = await rig.tell({ action: 'kick', identifiers: [emailOf(2)] });
    expect(await rig.tick()).toBe(1);
    expect(await rig.fates(resign, kick)).toEqual(['held safeguard', 'succeeded']);
  });

  it('counts the kicks of machines by themselves, and not those of people', async () => {
    const rig = await openRig({ users: usersUpTo(20), policy: { safeguard } });
    const ids = [];
    for (let n = 1; n <= 8; n += 1)
      ids.push(await rig.tell({ action: 'kick', actor: 'slack:U1', identifiers: [emailOf(n)] }));
    for (let n = 9; n <= 16; n += 1) ids.push(await rig.tell({ action: 'kick', identifiers: [emailOf(n)] }));
    await rig.work();
    expect(await rig.fates(...ids)).toEqual([
      ...Array(13).fill('succeeded'),
      ...Array(3).fill('held safeguard'),
    ]);
  });

  it('counts an intent once, however often it is tried', async () => {
    const rig = await openRig({ users: usersUpTo(30), policy: { safeguard } });
    const ids = await tellOfResigns(rig, 10);
    rig.emulator.setFaults({ calls: [{ kind: 'http5xx', endpoint: 'resign-user-batch', times: 3 }] });
    await rig.pass(10 * minute, second * 5);
    ids.push(...(await tellOfResigns(rig, 20, 11)));
    await rig.work();
    expect(await ends(rig, ids)).toEqual(['succeeded']);
  });

  it('lets a released one through, even while others are held', async () => {
    const rig = await openRig({ users: usersUpTo(30), policy: { safeguard } });
    const ids = await tellOfResigns(rig, 25);
    await rig.work();
    const [intentId = ''] = ids.slice(-1);
    const decision = { by: 'api:ada', at: start, verdict: 'approved', reason: null } as const;
    await rig.store.decide({ intentId, decision, admission: { status: 'pending', dueAt: start } });
    const late = await rig.tell({ identifiers: [emailOf(26)] });
    await rig.work();
    expect(await rig.fates(intentId, late)).toEqual(['succeeded', 'held safeguard']);
    await rig.pass(hour);
    const later = await rig.tell({ identifiers: [emailOf(27)] });
    await rig.work();
    expect(await rig.fates(later)).toEqual(['succeeded']);
  });
});

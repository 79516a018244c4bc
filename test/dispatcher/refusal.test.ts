import { describe, expect, it } from '@jest/globals';
import type { FaultsInput } from '../../src/emulator/faults.ts';
import { emailOf, ends, hour, minute, type Rig, second, tellOfResigns, useRigs, usersUpTo } from './rig.ts';

type Faults = NonNullable<FaultsInput['calls']>;

const openRig = useRigs();

describe('a key that is denied', () => {
  const deniedKey = [
    { kind: 'envelope', endpoint: 'get-management-token', statusCode: 400, apiCode: 2333 },
  ] as const;

  it.each<[string, Faults]>([
    ['a wrong key', [...deniedKey]],
    ['an unpaid plan', [{ kind: 'envelope', statusCode: 402, apiCode: 4021 }]],
    ['a page of another host', [{ kind: 'html' }]],
    ['a redirect', [{ kind: 'redirect' }]],
    ['a signature that is never right', [{ kind: 'envelope', statusCode: 401, apiCode: 1300 }]],
  ])('by %s counts for nobody, is probed alone, and works again by itself', async (_what, faults) => {
    const rig = await openRig({ users: usersUpTo(60) });
    rig.emulator.setFaults({ calls: faults });
    const ids = await tellOfResigns(rig, 60);
    await rig.work();
    const before = rig.emulator.calls().length;
    await rig.pass(10 * minute, second);
    const calls = rig.emulator.calls().slice(before);
    const probes = ['get-management-token', 'get-user'];
    expect(calls.filter((call) => !probes.includes(call.endpoint))).toEqual([]);
    expect(calls.length).toBeGreaterThan(10);
    expect(calls.length).toBeLessThanOrEqual(30);
    for (const id of ids.slice(0, 3))
      expect(await rig.intent(id)).toMatchObject({ status: 'pending', attempts: 0 });
    expect(rig.throttle.troubles(rig.clock.now)).toMatchObject([
      { endpoint: 'get-user', reason: expect.stringContaining('denied') },
    ]);
    rig.emulator.setFaults({});
    await rig.pass(minute);
    expect(await ends(rig, ids)).toEqual(['succeeded']);
  });

  it('once, because its token is stale, is tried once more with a new one', async () => {
    const rig = await openRig();
    const [first = '', second = ''] = await tellOfResigns(rig, 2);
    await rig.work();
    rig.emulator.revokeTokens();
    const third = await rig.tell({ identifiers: [emailOf(3)] });
    await rig.work();
    expect(await rig.fates(first, second, third)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });
});

describe('a 403', () => {
  /** Forbids a resign whose call holds one of those, as long as there are any. */
  function forbid(rig: Rig, ...people: readonly number[]): void {
    const names = new Set(people.map((n) => emailOf(n).userId));
    rig.before('resignUsers', (userIds) => {
      const hit = userIds.some((userId) => names.has(userId));
      rig.emulator.setFaults({ calls: hit ? [{ kind: 'forbidden', endpoint: 'resign-user-batch' }] : [] });
    });
  }

  it('for one person fails that person alone, who was tried alone twice, and nobody else', async () => {
    const rig = await openRig({ users: usersUpTo(20) });
    const ids = await tellOfResigns(rig, 20);
    forbid(rig, 7);
    await rig.pass(minute, second);
    expect(await rig.fates(...ids)).toEqual(
      ids.map((_id, index) => (index === 6 ? 'failed denied' : 'succeeded')),
    );
    expect(rig.throttle.troubles(rig.clock.now)).toEqual([]);
    const alone = rig.takeCalls().filter((call) => call === 'resign-user-batch 1');
    expect(alone).toHaveLength(21);
  });

  it('for one person is found out, too, while others are served in between', async () => {
    const rig = await openRig({ users: usersUpTo(20) });
    forbid(rig, 1);
    const id = await rig.tell({});
    for (let n = 2; n <= 6; n += 1) {
      await rig.tell({ identifiers: [emailOf(n)] });
      await rig.pass(second);
    }
    expect(await rig.fates(id)).toEqual(['failed denied']);
  });

  it('for everybody is about our rights: nobody fails, and all are done once we have them', async () => {
    const rig = await openRig({ users: usersUpTo(20) });
    const ids = await tellOfResigns(rig, 20);
    rig.emulator.setFaults({ calls: [{ kind: 'forbidden', endpoint: 'resign-user-batch' }] });
    await rig.pass(hour, 10 * second);
    expect(await ends(rig, ids)).toEqual(['pending']);
    expect(rig.throttle.troubles(rig.clock.now)).toMatchObject([
      { endpoint: 'resign-user-batch', reason: expect.stringContaining('403') },
    ]);
    expect(rig.takeCalls().filter((call) => call.startsWith('resign')).length).toBeLessThanOrEqual(150);
    rig.emulator.setFaults({});
    await rig.pass(2 * minute, second);
    expect(await ends(rig, ids)).toEqual(['succeeded']);
  });
});

describe('the same refusal for five people in a row', () => {
  it('opens the circuit: those after them are probed, and none of them fails for it', async () => {
    const rig = await openRig({ users: usersUpTo(10) });
    const refused = { kind: 'envelope', endpoint: 'resign-user-batch', statusCode: 422 } as const;
    rig.emulator.setFaults({ calls: [refused] });
    const ids = [];
    for (let n = 1; n <= 10; n += 1) {
      ids.push(await rig.tell({ identifiers: [emailOf(n)] }));
      await rig.work();
    }
    await rig.pass(hour, minute);
    expect(await rig.fates(...ids)).toEqual([
      ...Array(5).fill('failed refused'),
      ...Array(5).fill('pending'),
    ]);
    expect(rig.throttle.troubles(rig.clock.now)).toMatchObject([
      { endpoint: 'resign-user-batch', reason: expect.stringContaining('422') },
    ]);
    rig.emulator.setFaults({});
    await rig.pass(2 * minute, second);
    expect(await ends(rig, ids.slice(5))).toEqual(['succeeded']);
    expect(rig.throttle.troubles(rig.clock.now)).toEqual([]);
  });
});

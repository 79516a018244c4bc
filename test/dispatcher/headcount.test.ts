import { describe, expect, it } from '@jest/globals';
import { createHeadcount } from '../../src/dispatcher/headcount.ts';
import { hour, type Rig, useRigs, userOf, usersUpTo } from './rig.ts';

const openRig = useRigs();
const day = 24 * hour;

function headcountOf({ api, store, throttle, clock }: Rig, isWanted = true) {
  return createHeadcount({ api, store, throttle, isWanted, now: () => clock.now });
}

const openPool = (): Promise<Rig> =>
  openRig({
    users: [...usersUpTo(70), userOf(71, { status: 'Resigned' }), userOf(72, { status: 'Archived' })],
  });

describe('the headcount', () => {
  it('counts everybody of the pool who has not left, over all pages', async () => {
    const headcount = headcountOf(await openPool());
    expect([headcount.current(), headcount.isMissing()]).toEqual([null, true]);
    await headcount.tick();
    expect([headcount.current(), headcount.isMissing()]).toEqual([70, false]);
  });

  it('asks nothing when no limit needs it', async () => {
    const rig = await openPool();
    const headcount = headcountOf(rig, false);
    await headcount.tick();
    expect([headcount.isMissing(), rig.takeCalls()]).toEqual([false, []]);
  });

  it('is kept across a restart, and made anew after some hours', async () => {
    const rig = await openPool();
    await headcountOf(rig).tick();
    await rig.restart();
    rig.emulator.addUsers([userOf(80)]);
    rig.takeCalls();
    const headcount = headcountOf(rig);
    await headcount.tick();
    expect([headcount.current(), rig.takeCalls()]).toEqual([70, []]);
    rig.clock.now += 6 * hour;
    await headcount.tick();
    expect(headcount.current()).toBe(71);
  });

  it('is unknown when a page is missing, and the last one stands until it is too old', async () => {
    const rig = await openPool();
    rig.emulator.setFaults({ calls: [{ kind: 'http5xx', endpoint: 'list-users', times: 1 }] });
    const headcount = headcountOf(rig);
    await headcount.tick();
    expect(headcount.current()).toBeNull();
    await headcount.tick();
    rig.emulator.setFaults({ calls: [{ kind: 'http5xx', endpoint: 'list-users', times: 9 }] });
    rig.clock.now += day;
    await headcount.tick();
    expect(headcount.current()).toBe(70);
    rig.clock.now += 6 * day;
    expect([headcount.current(), headcount.isMissing()]).toEqual([null, true]);
  });
});

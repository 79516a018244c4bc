import { describe, expect, it } from '@jest/globals';
import type { FaultsInput } from '../../src/emulator/faults.ts';
import { appsUpTo, emailOf, externalIdOf, hour, minute, type Rig, useRigs, userIdOf, userOf } from './rig.ts';

type Fault = NonNullable<FaultsInput['calls']>[number];

const openRig = useRigs();

const kick = { action: 'kick' } as const;
const sessionsOf = (rig: Rig, n: number) => rig.emulator.user(userIdOf(n))?.sessions;
const kickInputs = (rig: Rig) =>
  rig.emulator
    .calls()
    .filter(({ endpoint }) => endpoint === 'kick-users')
    .map(({ input }) => input as { userId: string; appIds: string[]; options: { userIdType: string } });

describe('a kick', () => {
  it('acts first, by its own identifier, and then looks at the sessions in the apps that were used', async () => {
    const rig = await openRig();
    const id = await rig.tell(kick);
    await rig.work();
    expect(rig.takeCalls()).toEqual([
      ...['list-applications', 'kick-users'],
      ...['get-user', 'get-user-loggedin-apps', 'check-session-status'],
    ]);
    expect(kickInputs(rig)).toEqual([
      {
        userId: emailOf(1).userId,
        appIds: ['app-mail', 'app-wiki', 'app-payroll'],
        options: { userIdType: 'email' },
      },
    ]);
    expect(await rig.lastOutcome(id)).toMatchObject({ status: 'succeeded', confirmed: true, attempts: 1 });
    expect(sessionsOf(rig, 1)).toEqual([]);
  });

  it('keeps the list of apps for the kicks after it', async () => {
    const rig = await openRig();
    for (const n of [1, 2, 3]) await rig.tell({ ...kick, identifiers: [emailOf(n)] });
    await rig.work();
    expect(rig.takeCalls().filter((call) => call === 'list-applications')).toHaveLength(1);
  });

  it.each(['user_id', 'external_id'] as const)('by %s names the user by that', async (userIdType) => {
    const rig = await openRig();
    const userId = userIdType === 'user_id' ? userIdOf(2) : externalIdOf(2).userId;
    await rig.tell({ ...kick, identifiers: [{ userIdType, userId }] });
    await rig.work();
    expect(kickInputs(rig)).toMatchObject([{ userId, options: { userIdType } }]);
    expect([sessionsOf(rig, 1), sessionsOf(rig, 2)]).toEqual([['app-mail'], []]);
  });

  it('signs out of the apps that it names, and of the configured ones when it names none', async () => {
    const rig = await openRig({ policy: { kickAppIds: ['app-wiki'] } });
    await rig.tell({ ...kick, appIds: ['app-mail'] });
    await rig.tell({ ...kick, identifiers: [emailOf(2)] });
    await rig.work();
    expect(kickInputs(rig).map(({ appIds }) => appIds)).toEqual([['app-mail'], ['app-wiki']]);
    expect(rig.takeCalls()).not.toContain('list-applications');
  });

  it('from more than 50 apps takes a call for every 50', async () => {
    const applications = appsUpTo(120);
    const rig = await openRig({ applications, users: [userOf(1, { sessions: ['app-7', 'app-119'] })] });
    const id = await rig.tell(kick);
    await rig.work();
    expect(kickInputs(rig).map(({ appIds }) => appIds.length)).toEqual([50, 50, 20]);
    expect(kickInputs(rig).flatMap(({ appIds }) => appIds)).toEqual(applications.map(({ appId }) => appId));
    expect(sessionsOf(rig, 1)).toEqual([]);
    expect(await rig.fates(id)).toEqual(['succeeded']);
  });

  it('looks at the sessions of at most ten apps', async () => {
    const applications = appsUpTo(12);
    const rig = await openRig({
      applications,
      users: [userOf(1, { sessions: applications.map(({ appId }) => appId) })],
    });
    await rig.tell(kick);
    await rig.work();
    expect(rig.takeCalls().filter((call) => call === 'check-session-status')).toHaveLength(10);
  });

  it('drops an app that is gone, after a fresh look at the list', async () => {
    const rig = await openRig();
    const id = await rig.tell({ ...kick, appIds: ['app-gone', 'app-mail'] });
    await rig.work();
    expect(kickInputs(rig).map(({ appIds }) => appIds)).toEqual([['app-gone', 'app-mail'], ['app-mail']]);
    expect(rig.takeCalls().slice(0, 3)).toEqual(['kick-users', 'list-applications', 'kick-users']);
    expect(await rig.lastOutcome(id)).toMatchObject({ status: 'succeeded', confirmed: true });
  });

  it('fails with the code of the API when none of its apps is left', async () => {
    const rig = await openRig();
    const id = await rig.tell({ ...kick, appIds: ['app-gone'] });
    await rig.work();
    expect(await rig.lastOutcome(id)).toMatchObject({
      failure: { code: 'refused' },
      answer: { apiCode: 2011 },
    });
  });

  it('is sent once more when a session is still there, and succeeds unconfirmed when it stays', async () => {
    const rig = await openRig();
    const stays: Fault = {
      kind: 'envelope',
      endpoint: 'kick-users',
      statusCode: 200,
      data: { success: true },
    };
    rig.emulator.setFaults({ calls: [stays] });
    const unconfirmed = await rig.tell(kick);
    await rig.work();
    rig.emulator.setFaults({ calls: [{ ...stays, times: 1 }] });
    const confirmed = await rig.tell({ ...kick, identifiers: [emailOf(2)] });
    await rig.work();
    expect(await rig.lastOutcome(unconfirmed)).toMatchObject({ status: 'succeeded', confirmed: false });
    expect(await rig.lastOutcome(confirmed)).toMatchObject({ status: 'succeeded', confirmed: true });
    expect(kickInputs(rig).map(({ appIds }) => appIds.length)).toEqual([3, 1, 3, 1]);
  });

  it.each(['get-user', 'get-user-loggedin-apps', 'check-session-status'] as const)(
    'that cannot be looked at afterwards is still a kick, when %s fails',
    async (endpoint) => {
      const rig = await openRig();
      rig.emulator.setFaults({ calls: [{ kind: 'envelope', endpoint, statusCode: 402 }] });
      const id = await rig.tell(kick);
      await rig.work();
      expect(await rig.lastOutcome(id)).toMatchObject({ status: 'succeeded', confirmed: null });
      expect(sessionsOf(rig, 1)).toEqual([]);
    },
  );

  it('is not looked at when confirm is off', async () => {
    const rig = await openRig({ policy: { confirm: false } });
    const id = await rig.tell(kick);
    await rig.work();
    expect(rig.takeCalls()).toEqual(['list-applications', 'kick-users']);
    expect(await rig.lastOutcome(id)).toMatchObject({ status: 'succeeded', confirmed: null });
  });

  it('of nobody goes on to the next identifier, with a look at whom that names', async () => {
    const rig = await openRig();
    const unknown = { userIdType: 'username', userId: 'nobody' } as const;
    const right = await rig.tell({ ...kick, identifiers: [unknown, emailOf(1)] });
    const wrong = await rig.tell({ ...kick, source: 'other', identifiers: [externalIdOf(99), emailOf(2)] });
    const nobody = await rig.tell({ ...kick, source: 'third', identifiers: [externalIdOf(98), emailOf(98)] });
    await rig.work();
    expect(await rig.fates(right, wrong, nobody)).toEqual([
      'succeeded',
      'held identity_conflict',
      'failed user_not_found',
    ]);
  });

  it('is not refused for good because the list of apps is', async () => {
    const rig = await openRig();
    rig.emulator.setFaults({ calls: [{ kind: 'envelope', endpoint: 'list-applications', statusCode: 404 }] });
    const id = await rig.tell(kick);
    await rig.pass(hour, minute);
    expect(await rig.fates(id)).toEqual(['pending']);
    expect(rig.throttle.troubles(rig.clock.now)).toMatchObject([{ endpoint: 'list-applications' }]);
    rig.emulator.setFaults({});
    await rig.pass(2 * minute);
    expect(await rig.fates(id)).toEqual(['succeeded']);
  });
});

describe('a kick without a clear answer', () => {
  it.each([true, false])(
    'is looked at first, and repeated where a session is left; carried out: %s',
    async (applied) => {
      const rig = await openRig();
      rig.emulator.setFaults({ calls: [{ kind: 'halfClosed', endpoint: 'kick-users', applied, times: 1 }] });
      const id = await rig.tell(kick);
      await rig.work();
      rig.takeCalls();
      expect(await rig.fates(id)).toEqual(['pending']);
      await rig.pass(minute);
      const calls = rig.takeCalls();
      expect(calls.slice(0, 3)).toEqual(['get-user', 'get-user-loggedin-apps', 'check-session-status']);
      expect(calls.includes('kick-users')).toBe(!applied);
      expect(await rig.lastOutcome(id)).toMatchObject({ status: 'succeeded', confirmed: true });
    },
  );

  it('is repeated when its user has used more apps than are looked at', async () => {
    const applications = appsUpTo(12);
    const rig = await openRig({
      applications,
      users: [userOf(1, { sessions: applications.map(({ appId }) => appId) })],
    });
    rig.emulator.setFaults({
      calls: [{ kind: 'halfClosed', endpoint: 'kick-users', applied: true, times: 1 }],
    });
    await rig.tell(kick);
    await rig.work();
    await rig.pass(minute);
    expect(kickInputs(rig)).toHaveLength(2);
  });

  it('is given up after giveUpAfter when it always ends so, while other people are kicked', async () => {
    const rig = await openRig({ policy: { giveUpAfterMs: 2 * hour } });
    const poison = await rig.tell(kick);
    rig.before('kickUsers', ([userId]) => {
      const isPoison = userId === emailOf(1).userId;
      rig.emulator.setFaults({ calls: isPoison ? [{ kind: 'halfClosed', endpoint: 'kick-users' }] : [] });
    });
    const others = [];
    for (let quarters = 0; quarters < 12; quarters += 1) {
      others.push(await rig.tell({ ...kick, identifiers: [emailOf(2)] }));
      await rig.pass(15 * minute, 5 * minute);
    }
    expect(await rig.lastOutcome(poison)).toMatchObject({ status: 'failed', failure: { code: 'gave_up' } });
    expect(new Set(await rig.fates(...others))).toEqual(new Set(['succeeded']));
  });
});

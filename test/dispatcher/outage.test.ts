import { describe, expect, it } from '@jest/globals';
import type { FaultsInput } from '../../src/emulator/faults.ts';
import {
  emailOf,
  ends,
  type Hook,
  hour,
  minute,
  second,
  tellOfResigns,
  useRigs,
  userIdOf,
  usersUpTo,
} from './rig.ts';

type Faults = NonNullable<FaultsInput['calls']>;

const openRig = useRigs();

const away: Record<string, Faults> = {
  'answers 502 to everything': [{ kind: 'http5xx', status: 502 }],
  'breaks every connection': [{ kind: 'halfClosed' }],
  'resigns people without ever saying so': [
    { kind: 'halfClosed', endpoint: 'resign-user-batch', applied: true },
    { kind: 'http5xx', endpoint: 'get-user' },
  ],
};

describe('an outage', () => {
  it.each(Object.keys(away))(
    'of an hour in which GenAuth %s costs nobody anything but time',
    async (what) => {
      const rig = await openRig({ users: usersUpTo(121) });
      rig.emulator.setFaults({ calls: away[what] ?? [] });
      const ids = await tellOfResigns(rig, 120);
      await rig.pass(hour, minute);
      expect(await ends(rig, ids)).toEqual(['pending']);
      expect(rig.throttle.troubles(rig.clock.now)).not.toEqual([]);
      rig.emulator.setFaults({});
      await rig.pass(hour, minute);
      expect(await ends(rig, ids)).toEqual(['succeeded']);
      ids.push(await rig.tell({ identifiers: [emailOf(121)] }));
      await rig.work();
      expect(await ends(rig, ids)).toEqual(['succeeded']);
      expect(rig.throttle.troubles(rig.clock.now)).toEqual([]);
    },
  );

  it('of 80 hours, longer than giveUpAfter, lets nobody be given up', async () => {
    const rig = await openRig({ users: usersUpTo(120) });
    const port = Number(new URL(rig.emulator.url).port);
    const ids = await tellOfResigns(rig, 120);
    await rig.emulator.close();
    await rig.pass(80 * hour, 20 * minute);
    expect(await ends(rig, ids)).toEqual(['pending']);
    await rig.emulator.start(port);
    // The first clear answers are followed by one more stumble, which must not be anybody's last.
    let resigns = 0;
    rig.before('resignUsers', () => {
      resigns += 1;
      const stumble = { kind: 'halfClosed', endpoint: 'resign-user-batch' } as const;
      rig.emulator.setFaults({ calls: resigns === 2 ? [stumble] : [] });
    });
    await rig.pass(hour, minute);
    expect(await ends(rig, ids)).toEqual(['succeeded']);
    expect(rig.takeCalls().filter((call) => call.startsWith('resign')).length).toBeLessThanOrEqual(6);
  });

  it('is probed with one intent at a time, ever less often, by however many at once', async () => {
    const rig = await openRig({ users: usersUpTo(120) });
    rig.emulator.setFaults({
      calls: [
        { kind: 'http5xx', endpoint: 'get-user' },
        { kind: 'http5xx', endpoint: 'get-user-batch' },
      ],
    });
    await tellOfResigns(rig, 120);
    await rig.work();
    rig.takeCalls();
    await rig.pass(minute);
    const perHour = [];
    for (let hours = 0; hours < 2; hours += 1) {
      for (let seconds = 0; seconds < 3_600; seconds += 10) {
        rig.clock.now += 10 * second;
        await Promise.all([rig.tick(), rig.tick(), rig.tick(), rig.tick()]);
      }
      perHour.push(rig.takeCalls());
    }
    expect(new Set(perHour.flat())).toEqual(new Set(['get-user']));
    expect(perHour[1]?.length).toBeGreaterThanOrEqual(60);
    expect(perHour[1]?.length).toBeLessThanOrEqual(120);
  });

  it('of resigns leaves kicks alone, and that of looks after a kick leaves kicks alone, too', async () => {
    const rig = await openRig();
    rig.emulator.setFaults({
      calls: [
        { kind: 'http5xx', endpoint: 'resign-user-batch' },
        { kind: 'rateLimit', endpoint: 'check-session-status', retryAfterSeconds: 600 },
      ],
    });
    const resigns = await tellOfResigns(rig, 3);
    await rig.pass(minute, second);
    const kicks = [];
    for (const n of [1, 2, 3]) kicks.push(await rig.tell({ action: 'kick', identifiers: [emailOf(n)] }));
    await rig.work();
    expect(await ends(rig, resigns)).toEqual(['pending']);
    expect(await ends(rig, kicks)).toEqual(['succeeded']);
    expect(rig.takeCalls().filter((call) => call === 'check-session-status')).toHaveLength(1);
  });
});

describe('an endpoint that is busy', () => {
  it.each([
    { retryAfterSeconds: 30, pauseMs: 30 * second },
    { retryAfterSeconds: undefined, pauseMs: second },
    { retryAfterSeconds: 31_536_000, pauseMs: hour },
  ])(
    'is left alone for the pause it asks for: $retryAfterSeconds',
    async ({ retryAfterSeconds, pauseMs }) => {
      const rig = await openRig({ users: usersUpTo(60) });
      const ids = await tellOfResigns(rig, 60);
      const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
      rig.emulator.setFaults({
        calls: [{ kind: 'rateLimit', endpoint: 'resign-user-batch', times: 1, ...wait }],
      });
      await rig.work();
      rig.takeCalls();
      await rig.pass(pauseMs - 1);
      expect(rig.takeCalls()).toEqual([]);
      expect(await rig.intent(ids[0] ?? '')).toMatchObject({ attempts: 0, acted: false, cap: 50 });
      await rig.pass(1);
      expect(rig.takeCalls().slice(0, 2)).toEqual(['get-user', 'resign-user-batch 1']);
      expect(await ends(rig, ids)).toEqual(['succeeded']);
    },
  );

  it('is left alone also by those who were told to look at it', async () => {
    const rig = await openRig();
    const busy = { kind: 'http5xx', status: 503, endpoint: 'get-user' } as const;
    rig.emulator.setFaults({ calls: [busy] });
    const [id = ''] = await tellOfResigns(rig, 1);
    await rig.work();
    expect(await rig.intent(id)).toMatchObject({ attempts: 0, acted: false });
    rig.emulator.setFaults({});
    await rig.pass(second);
    expect(await rig.fates(id)).toEqual(['succeeded']);
  });
});

describe('one person with whom every call ends without an answer', () => {
  it('is given up after giveUpAfter, and never before, while others are resigned', async () => {
    const rig = await openRig({ users: usersUpTo(40), policy: { giveUpAfterMs: 2 * hour } });
    const poison = await rig.tell({});
    rig.before('resignUsers', (userIds) => {
      const hit = userIds.includes(emailOf(1).userId);
      rig.emulator.setFaults({ calls: hit ? [{ kind: 'halfClosed', endpoint: 'resign-user-batch' }] : [] });
    });
    const others: string[] = [];
    const meanwhile = async (n: number) => {
      others.push(await rig.tell({ identifiers: [emailOf(n)] }));
      await rig.pass(10 * minute, 2 * minute);
    };
    for (let n = 2; n <= 13; n += 1) await meanwhile(n);
    expect(await rig.fates(poison)).toEqual(['pending']);
    for (let n = 14; n <= 20; n += 1) await meanwhile(n);
    expect(await rig.lastOutcome(poison)).toMatchObject({
      status: 'failed',
      failure: { code: 'gave_up' },
      confirmed: false,
    });
    expect(await ends(rig, others)).toEqual(['succeeded']);
    expect(rig.emulator.user(userIdOf(1))?.status).toBe('Activated');
  });

  it('is given up also when it is the look that never comes', async () => {
    const rig = await openRig({ users: usersUpTo(40), policy: { giveUpAfterMs: 2 * hour } });
    const poison = await rig.tell({});
    const strike: Hook = (userIds) => {
      const hit = userIds.includes(emailOf(1).userId);
      const looks = ['get-user', 'get-user-batch'] as const;
      const unanswered = looks.map((endpoint) => ({ kind: 'halfClosed', endpoint }) as const);
      rig.emulator.setFaults({ calls: hit ? unanswered : [] });
    };
    rig.before('getUser', strike);
    rig.before('getUsers', strike);
    for (let n = 2; n <= 20; n += 1) {
      await rig.tell({ identifiers: [emailOf(n)] });
      await rig.pass(10 * minute, 2 * minute);
    }
    expect(await rig.fates(poison)).toEqual(['failed gave_up']);
    expect(rig.emulator.user(userIdOf(1))?.status).toBe('Activated');
  });
});

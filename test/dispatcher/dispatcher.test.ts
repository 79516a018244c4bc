import { describe, expect, it } from '@jest/globals';
import type { EmulatedCall } from '../../src/emulator/calls.ts';
import {
  emailOf,
  externalIdOf,
  hour,
  minute,
  type Rig,
  start,
  useRigs,
  userIdOf,
  userOf,
  usersUpTo,
} from './rig.ts';

const openRig = useRigs();

const acts = ['kick-users', 'resign-user', 'resign-user-batch'] as const;
const actsOf = (rig: Rig) =>
  rig.emulator.calls().filter(({ endpoint }) => acts.some((act) => act === endpoint));
const statuses = (rig: Rig) => rig.emulator.users().map(({ status }) => status);

describe('a dry run', () => {
  it('says what would become of each, and acts on nobody', async () => {
    const rig = await openRig({
      users: [userOf(1), userOf(2), userOf(3, { status: 'Resigned' }), userOf(4)],
      policy: { isDryRun: () => true, endSessions: true },
      protectedPeople: [externalIdOf(4)],
    });
    await rig.protection.refresh();
    const told = [
      { identifiers: [emailOf(1)] },
      { identifiers: [externalIdOf(99), emailOf(2)] },
      { identifiers: [emailOf(3)] },
      { identifiers: [emailOf(4)] },
      { identifiers: [emailOf(98)] },
      { identifiers: [emailOf(1)], action: 'kick', source: 'slack' },
      { identifiers: [emailOf(97)], action: 'kick' },
    ] as const;
    const ids = [];
    for (const one of told) ids.push(await rig.tell(one));
    await rig.work();
    expect(await rig.fates(...ids)).toEqual([
      'simulated',
      'simulated identity_conflict',
      'simulated',
      'simulated protected',
      'simulated user_not_found',
      'simulated',
      'simulated user_not_found',
    ]);
    for (const id of ids) expect(await rig.lastOutcome(id)).toMatchObject({ dryRun: true, attempts: 0 });
    expect(actsOf(rig)).toEqual([]);
    expect(statuses(rig)).toEqual(['Activated', 'Activated', 'Resigned', 'Activated']);
  });

  it('of one source watches that source only, also in one batch', async () => {
    const rig = await openRig({ policy: { isDryRun: (source) => source === 'watched' } });
    const ids = [
      await rig.tell({ source: 'watched' }),
      await rig.tell({ source: 'trusted', identifiers: [emailOf(2)] }),
    ];
    await rig.work();
    expect(await rig.fates(...ids)).toEqual(['simulated', 'succeeded']);
    expect(await rig.lastOutcome(ids[1] ?? '')).toMatchObject({ dryRun: false });
    expect(statuses(rig)).toEqual(['Activated', 'Resigned', 'Activated']);
  });
});

describe('a dry run that begins while it is open whether an act was carried out', () => {
  const silent = { kind: 'halfClosed' } as const;

  /** Acts, is not answered, and is started again to watch only. */
  async function openWatching(action: 'kick' | 'resign', applied: boolean) {
    const mode = { isDry: false };
    const rig = await openRig({ policy: { isDryRun: () => mode.isDry, giveUpAfterMs: 2 * hour } });
    const id = await rig.tell({ action });
    rig.emulator.setFaults({ calls: acts.map((endpoint) => ({ ...silent, endpoint, applied })) });
    await rig.work();
    expect(await rig.intent(id)).toMatchObject({ status: 'pending', acted: true });
    rig.emulator.setFaults({});
    mode.isDry = true;
    await rig.restart();
    return { rig, id, mode };
  }

  it.each(['resign', 'kick'] as const)('tells of a %s that was carried out as done', async (action) => {
    const { rig, id } = await openWatching(action, true);
    await rig.pass(minute);
    const done = { status: 'succeeded', confirmed: true, dryRun: false };
    expect(await rig.lastOutcome(id)).toMatchObject(done);
    expect(actsOf(rig)).toHaveLength(1);
  });

  it.each(['resign', 'kick'] as const)(
    'looks, and sends no second %s; it is given up in the end',
    async (action) => {
      const { rig, id } = await openWatching(action, false);
      await rig.pass(hour, 5 * minute);
      expect(await rig.fates(id)).toEqual(['pending']);
      await rig.pass(2 * hour, 5 * minute);
      const givenUp = { status: 'failed', failure: { code: 'gave_up' }, confirmed: false, dryRun: false };
      expect(await rig.lastOutcome(id)).toMatchObject(givenUp);
      expect(actsOf(rig)).toHaveLength(1);
    },
  );

  it.each(['resign', 'kick'] as const)('sends the %s again once it acts again', async (action) => {
    const { rig, id, mode } = await openWatching(action, false);
    await rig.pass(hour, 5 * minute);
    mode.isDry = false;
    await rig.restart();
    await rig.pass(hour, 5 * minute);
    expect(await rig.lastOutcome(id)).toMatchObject({ status: 'succeeded', dryRun: false });
    expect(actsOf(rig)).toHaveLength(2);
  });

  it('lets a resign be withdrawn that a look shows was not carried out', async () => {
    const { rig, id } = await openWatching('resign', false);
    await rig.tell({ action: 'withdraw' });
    await rig.pass(minute);
    expect(await rig.fates(id)).toEqual(['canceled withdrawn']);
  });
});

describe('a protected person', () => {
  it('is held by whatever identifier an intent names them, for a kick too', async () => {
    const rig = await openRig({ protectedPeople: [externalIdOf(1)] });
    await rig.protection.refresh();
    const ids = [];
    for (const action of ['resign', 'kick'] as const) {
      ids.push(await rig.tell({ action, source: action }));
      ids.push(
        await rig.tell({
          action,
          source: action,
          identifiers: [{ userIdType: 'user_id', userId: userIdOf(1) }],
        }),
      );
      ids.push(await rig.tell({ action, source: action, identifiers: [emailOf(2)] }));
    }
    await rig.work();
    const each = ['held protected', 'held protected', 'succeeded'];
    expect(await rig.fates(...ids)).toEqual([...each, ...each]);
    expect(statuses(rig)).toEqual(['Activated', 'Resigned', 'Activated']);
    expect(rig.emulator.user(userIdOf(1))?.sessions).toEqual(['app-mail']);
  });

  it('who was looked up is matched by user_id, where a look does not show the identifier', async () => {
    const custom = { userIdType: 'custom_field', userId: 'the boss' } as const;
    const rig = await openRig({
      users: [userOf(1, { customData: { role: 'the boss' } })],
      protectedPeople: [custom],
    });
    await rig.protection.refresh();
    const id = await rig.tell({});
    await rig.work();
    expect(await rig.fates(id)).toEqual(['held protected']);
  });

  it('who was not looked up yet keeps everything waiting', async () => {
    const rig = await openRig({ protectedPeople: [externalIdOf(1)] });
    rig.emulator.setFaults({ calls: [{ kind: 'http5xx', endpoint: 'get-user' }] });
    expect(await rig.protection.refresh()).toBe(1);
    const id = await rig.tell({ identifiers: [emailOf(2)] });
    rig.takeCalls();
    await rig.pass(hour, minute);
    expect(rig.takeCalls()).toEqual([]);
    rig.emulator.setFaults({});
    expect(await rig.protection.refresh()).toBe(0);
    await rig.work();
    expect(await rig.fates(id)).toEqual(['succeeded']);
  });

  it('who was approved is not held again for the kick that the resign brings', async () => {
    const rig = await openRig({ policy: { endSessions: true }, protectedPeople: [externalIdOf(1)] });
    await rig.protection.refresh();
    const intentId = await rig.tell({});
    await rig.work();
    const decision = { by: 'api:ada', at: start, verdict: 'approved', reason: null } as const;
    await rig.store.decide({ intentId, decision, admission: { status: 'pending', dueAt: start } });
    await rig.work();
    expect(await rig.fates(intentId)).toEqual(['succeeded']);
    expect(rig.emulator.user(userIdOf(1))?.sessions).toEqual([]);
  });
});

describe('one person', () => {
  it('with a scheduled and a due intent is acted on for what is due, and later for the rest', async () => {
    const rig = await openRig();
    const scheduled = await rig.tell({ effectiveAt: start + hour });
    const due = await rig.tell({ action: 'kick' });
    await rig.work();
    expect(await rig.fates(scheduled, due)).toEqual(['scheduled', 'succeeded']);
    await rig.pass(hour - 1);
    expect(await rig.fates(scheduled)).toEqual(['scheduled']);
    await rig.pass(1);
    expect(await rig.fates(scheduled)).toEqual(['succeeded']);
  });

  it('of whom two sources tell is resigned once', async () => {
    const rig = await openRig();
    const ids = [await rig.tell({ source: 'hr' }), await rig.tell({ source: 'payroll' })];
    await rig.work();
    expect(await rig.fates(...ids)).toEqual(['succeeded', 'succeeded']);
    expect(actsOf(rig)).toHaveLength(1);
  });

  it.each([
    { back: 0, ahead: 0 },
    { back: 2_000, ahead: 0 },
    { back: 0, ahead: hour },
  ])(
    'whom two sources name differently is looked at again once resigned by another since the look, though the clock was set: %j',
    async ({ back, ahead }) => {
      const rig = await openRig();
      const ids = [
        await rig.tell({ source: 'hr', at: start - minute }),
        await rig.tell({ source: 'directory', at: start - minute, identifiers: [externalIdOf(1)] }),
      ];
      let looks = 0;
      rig.after('getUser', async () => {
        looks += 1;
        if (looks > 1) return;
        rig.clock.setByMs -= back;
        await rig.tick();
        rig.clock.setByMs += ahead;
      });
      await rig.tick();
      expect(await rig.fates(...ids)).toEqual(['pending', 'succeeded']);
      await rig.pass(minute);
      expect(await rig.fates(...ids)).toEqual(['succeeded', 'succeeded']);
      expect(actsOf(rig)).toHaveLength(1);
    },
  );

  it('whose resign backs off can be kicked meanwhile', async () => {
    const rig = await openRig();
    rig.emulator.setFaults({ calls: [{ kind: 'halfClosed', endpoint: 'resign-user-batch', times: 1 }] });
    const resign = await rig.tell({});
    await rig.work();
    const kick = await rig.tell({ action: 'kick' });
    await rig.work();
    expect(await rig.fates(resign, kick)).toEqual(['pending', 'succeeded']);
  });

  it('is never in two calls at a time, however many ticks run at once', async () => {
    const rig = await openRig({ users: usersUpTo(30), policy: { endSessions: true } });
    const ids = [];
    for (let n = 1; n <= 30; n += 1) {
      for (const [action, source] of [
        ['kick', 'a'],
        ['resign', 'b'],
        ['kick', 'c'],
        ['resign', 'd'],
      ] as const) {
        ids.push(await rig.tell({ action, source, identifiers: [emailOf(n)] }));
      }
    }
    rig.emulator.setFaults({ calls: [{ kind: 'latency', ms: 2 }] });
    const drain = async () => {
      for (let idle = 0; idle < 20; ) idle = (await rig.tick()) > 0 ? 0 : idle + 1;
    };
    await Promise.all([drain(), drain(), drain(), drain()]);
    await rig.work();
    expect(new Set(await rig.fates(...ids))).toEqual(new Set(['succeeded']));
    expect(overlaps(rig.emulator.calls(), rig)).toEqual([]);
    expect(rig.emulator.calls().some(({ seq, answeredAfter }) => Number(answeredAfter) > seq)).toBe(true);
  });

  it('who is kicked by a person goes before everybody else', async () => {
    const rig = await openRig({ users: usersUpTo(60) });
    for (let n = 1; n <= 55; n += 1) await rig.tell({ identifiers: [emailOf(n)] });
    await rig.tell({ action: 'kick', identifiers: [emailOf(56)] });
    const urgent = await rig.tell({ action: 'kick', actor: 'slack:U1', identifiers: [emailOf(57)] });
    await rig.tick();
    expect(await rig.fates(urgent)).toEqual(['succeeded']);
    expect(rig.takeCalls()).not.toContain('resign-user-batch 50');
  });
});

describe('a withdraw while a resign is in flight', () => {
  it('comes too late when the call goes through', async () => {
    const rig = await openRig();
    const id = await rig.tell({});
    rig.before('resignUsers', async () => void (await rig.tell({ action: 'withdraw' })));
    await rig.work();
    expect(await rig.lastOutcome(id)).toMatchObject({
      status: 'succeeded',
      failure: { code: 'withdrawn_too_late' },
    });
  });

  it('stops the call while the look before it is still under way', async () => {
    const rig = await openRig();
    const id = await rig.tell({});
    const other = await rig.tell({ identifiers: [emailOf(2)] });
    rig.before('getUsers', async () => void (await rig.tell({ action: 'withdraw' })));
    await rig.work();
    expect(await rig.fates(id, other)).toEqual(['canceled withdrawn', 'succeeded']);
    expect(statuses(rig)).toEqual(['Activated', 'Resigned', 'Activated']);
  });

  it.each([
    { applied: true, fate: 'succeeded withdrawn_too_late' },
    { applied: false, fate: 'canceled withdrawn' },
  ])(
    'is decided by a look when the call gets no answer, carried out: $applied',
    async ({ applied, fate }) => {
      const rig = await openRig();
      const id = await rig.tell({});
      rig.emulator.setFaults({
        calls: [{ kind: 'halfClosed', endpoint: 'resign-user-batch', applied, times: 1 }],
      });
      rig.before('resignUsers', async () => void (await rig.tell({ action: 'withdraw' })));
      await rig.work();
      expect(await rig.fates(id)).toEqual(['pending']);
      await rig.pass(minute);
      expect(await rig.fates(id)).toEqual([fate]);
      expect(actsOf(rig)).toHaveLength(1);
    },
  );

  it.each([200, 404].flatMap((status) => [true, false].map((applied) => ({ status, applied }))))(
    'is decided by a look when something else answered in the place of GenAuth: %j',
    async ({ status, applied }) => {
      const rig = await openRig();
      const id = await rig.tell({});
      const page = { kind: 'html', endpoint: 'resign-user-batch' } as const;
      rig.emulator.setFaults({ calls: [{ ...page, status, applied, times: 1 }] });
      await rig.work();
      expect(await rig.intent(id)).toMatchObject({ status: 'pending', acted: true });
      await rig.tell({ action: 'withdraw' });
      await rig.pass(minute);
      expect(await rig.fates(id)).toEqual([applied ? 'succeeded withdrawn_too_late' : 'canceled withdrawn']);
      expect(actsOf(rig)).toHaveLength(1);
    },
  );

  it('cancels it when the call was turned away', async () => {
    const rig = await openRig();
    const id = await rig.tell({});
    rig.emulator.setFaults({ calls: [{ kind: 'rateLimit', endpoint: 'resign-user-batch' }] });
    rig.before('resignUsers', async () => void (await rig.tell({ action: 'withdraw' })));
    await rig.work();
    expect(await rig.fates(id)).toEqual(['canceled withdrawn']);
  });
});

describe('a pause while a resign is in flight', () => {
  it('stops the call while the look before it is under way; once resumed, it is looked at anew', async () => {
    const rig = await openRig({ policy: { endSessions: true } });
    const id = await rig.tell({});
    const other = await rig.tell({ source: 'payroll', identifiers: [emailOf(2)] });
    const pause = { scope: 'hr', by: 'api:ada', at: start, reason: null };
    rig.before('getUsers', () => rig.store.setPause({ ...pause, verdict: 'paused' }));
    await rig.work();
    await rig.pass(hour, minute);
    expect(await rig.fates(id, other)).toEqual(['pending', 'succeeded']);
    expect(await rig.intent(id)).toMatchObject({ acted: false, attempts: 0, kickBrought: false });
    expect(await rig.lastOutcome(id)).toEqual({});
    expect(statuses(rig)).toEqual(['Activated', 'Resigned', 'Activated']);
    rig.takeCalls();
    await rig.store.setPause({ ...pause, verdict: 'resumed' });
    await rig.work();
    expect(await rig.lastOutcome(id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(rig.takeCalls().slice(0, 3)).toEqual(['get-user', 'resign-user-batch 1', 'get-user']);
  });
});

/** Whom a call named while another one that named them was unanswered. */
function overlaps(calls: readonly EmulatedCall[], rig: Rig): string[] {
  const named = calls.map(({ seq, answeredAfter, input }) => ({
    seq,
    answeredAfter,
    people: peopleOf(input, rig),
  }));
  return named.flatMap((call) =>
    named
      .filter(({ seq }) => seq > call.seq && seq <= Number(call.answeredAfter))
      .flatMap(({ people }) => people.filter((one) => call.people.includes(one))),
  );
}

function peopleOf(input: unknown, rig: Rig): string[] {
  const { userId, userIds = [] } = (input ?? {}) as { userId?: string; userIds?: readonly string[] };
  const names = userId === undefined ? userIds : [userId];
  return names.map((name) => rig.emulator.users().find((user) => user.email === name)?.userId ?? name);
}

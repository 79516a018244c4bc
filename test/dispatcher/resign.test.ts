import { describe, expect, it } from '@jest/globals';
import { type Identifier, type UserIdType, userIdTypes } from '../../src/core/identifier.ts';
import type { FaultsInput } from '../../src/emulator/faults.ts';
import type { NewUser } from '../../src/emulator/users.ts';
import { emailOf, externalIdOf, hour, minute, type Rig, useRigs, userIdOf, userOf } from './rig.ts';

type Fault = NonNullable<FaultsInput['calls']>[number];

const openRig = useRigs();

const one = ['get-user', 'resign-user-batch 1', 'get-user'];
const statusOf = (rig: Rig, n: number) => rig.emulator.user(userIdOf(n))?.status;
const resignCalls = (rig: Rig) => rig.takeCalls().filter((call) => call.startsWith('resign'));

describe('a resign', () => {
  /** A user with all eight identifiers. */
  const wholeUser = (n: number): NewUser =>
    userOf(n, {
      phone: `1380000000${n}`,
      phoneCountryCode: '+86',
      username: `name${n}`,
      identities: [{ extIdpId: '62f20932716fbcc10d966ee5', provider: 'lark', userIdInIdp: `ou_${n}` }],
      syncRelations: [{ provider: 'lark', userIdInIdp: `on_${n}` }],
      customData: { badge: `B-${n}` },
    });
  const identifierOf = (userIdType: UserIdType, n: number): Identifier => {
    const values: Record<UserIdType, string> = {
      user_id: userIdOf(n),
      external_id: `${1000 + n}`,
      phone: `1380000000${n}`,
      email: `u${n}@example.com`,
      username: `name${n}`,
      identity: `62f20932716fbcc10d966ee5:ou_${n}`,
      sync_relation: `lark:on_${n}`,
      custom_field: `B-${n}`,
    };
    return { userIdType, userId: values[userIdType] };
  };

  it.each(userIdTypes)('by %s is a look, the act by that identifier, and a look by user_id', async (type) => {
    const rig = await openRig({ users: [wholeUser(1), wholeUser(2)] });
    const identifier = identifierOf(type, 1);
    const id = await rig.tell({ identifiers: [identifier] });
    await rig.work();
    expect(rig.takeCalls()).toEqual(one);
    const [look, act, confirmation] = rig.emulator.calls().slice(-3);
    expect(look?.input).toMatchObject({ ...identifier });
    expect(act?.input).toEqual({ userIdType: type, userIds: [identifier.userId] });
    expect(confirmation?.input).toMatchObject({ userIdType: 'user_id', userId: userIdOf(1) });
    expect(await rig.lastOutcome(id)).toMatchObject({
      status: 'succeeded',
      confirmed: true,
      attempts: 1,
      userIdType: type,
      userId: identifier.userId,
      answer: { statusCode: 200 },
      failure: null,
    });
    expect([statusOf(rig, 1), statusOf(rig, 2)]).toEqual(['Resigned', 'Activated']);
  });

  it.each(userIdTypes)(
    'of two people by %s shares its calls where a look can tell them apart',
    async (type) => {
      const rig = await openRig({ users: [wholeUser(1), wholeUser(2)] });
      for (const n of [1, 2]) await rig.tell({ identifiers: [identifierOf(type, n)] });
      await rig.work();
      const isToldApart = type !== 'sync_relation' && type !== 'custom_field';
      const shared = ['get-user-batch 2', 'resign-user-batch 2', 'get-user-batch 2'];
      expect(rig.takeCalls()).toEqual(isToldApart ? shared : [...one, ...one]);
      expect([statusOf(rig, 1), statusOf(rig, 2)]).toEqual(['Resigned', 'Resigned']);
    },
  );

  it('of somebody who is Resigned already succeeds without a call', async () => {
    const rig = await openRig({ users: [userOf(1, { status: 'Resigned' })] });
    const id = await rig.tell({});
    await rig.work();
    expect(rig.takeCalls()).toEqual(['get-user']);
    expect(await rig.lastOutcome(id)).toMatchObject({ status: 'succeeded', confirmed: true, attempts: 0 });
  });

  it('goes on to the next identifier when there is no such user, and says so when there is none left', async () => {
    const rig = await openRig();
    const unknown = { userIdType: 'username', userId: 'nobody' } as const;
    const found = await rig.tell({ identifiers: [unknown, externalIdOf(1)] });
    const missing = await rig.tell({ identifiers: [unknown, emailOf(99)], source: 'other' });
    await rig.work();
    expect(await rig.fates(found, missing)).toEqual(['succeeded', 'failed user_not_found']);
    expect(await rig.lastOutcome(found)).toMatchObject({ userIdType: 'external_id' });
    expect(rig.emulator.users().map(({ status }) => status)).toEqual(['Resigned', 'Activated', 'Activated']);
  });

  it('is held when the next identifier names somebody else, and done once a person has approved it', async () => {
    const rig = await openRig();
    const id = await rig.tell({ identifiers: [externalIdOf(99), emailOf(1)] });
    await rig.work();
    expect(await rig.fates(id)).toEqual(['held identity_conflict']);
    expect(resignCalls(rig)).toEqual([]);
    await approve(rig, id);
    await rig.work();
    expect(await rig.fates(id)).toEqual(['succeeded']);
  });

  it('is held when its identifier has come to name another user than before', async () => {
    const rig = await openRig();
    const id = await rig.tell({});
    rig.emulator.setFaults({ calls: [{ kind: 'rateLimit', endpoint: 'resign-user-batch', times: 1 }] });
    await rig.work();
    rig.emulator.addUsers([userOf(1, { email: null }), userOf(2, { email: emailOf(1).userId })]);
    await rig.pass(minute);
    expect(await rig.fates(id)).toEqual(['held identity_conflict']);
    expect([statusOf(rig, 1), statusOf(rig, 2)]).toEqual(['Activated', 'Activated']);
    rig.emulator.addUsers([userOf(2), userOf(1)]);
  });

  it('that is refused as not found, though a look has shown the user, goes on to the next identifier', async () => {
    const rig = await openRig();
    const id = await rig.tell({ identifiers: [emailOf(1), externalIdOf(1)] });
    rig.before('resignUsers', () => rig.emulator.addUsers([userOf(1, { email: null })]));
    await rig.work();
    expect(await rig.fates(id)).toEqual(['succeeded']);
    expect(rig.takeCalls()).toEqual([...one, ...one]);
  });

  it('that is refused alone fails with the code of the API', async () => {
    const rig = await openRig();
    rig.emulator.setFaults({
      calls: [{ kind: 'envelope', endpoint: 'resign-user-batch', statusCode: 499, apiCode: 2005 }],
    });
    const id = await rig.tell({ identifiers: [emailOf(1), externalIdOf(1)] });
    await rig.work();
    expect(await rig.lastOutcome(id)).toMatchObject({
      status: 'failed',
      failure: { code: 'refused', message: expect.stringContaining('2005') },
      answer: { statusCode: 499, apiCode: 2005 },
    });
    expect(rig.takeCalls()).toEqual(one);
  });

  it('whose nonce was used is sent once more with a new one, at once', async () => {
    const rig = await openRig({ auth: 'signature' });
    rig.emulator.setFaults({
      calls: [{ kind: 'envelope', endpoint: 'resign-user-batch', statusCode: 401, apiCode: 1306, times: 1 }],
    });
    const id = await rig.tell({});
    await rig.work();
    expect(await rig.fates(id)).toEqual(['succeeded']);
    expect(resignCalls(rig)).toHaveLength(2);
  });

  it('does not look afterwards when confirm is off', async () => {
    const rig = await openRig({ policy: { confirm: false } });
    const id = await rig.tell({});
    await rig.work();
    expect(rig.takeCalls()).toEqual(['get-user', 'resign-user-batch 1']);
    expect(await rig.lastOutcome(id)).toMatchObject({ status: 'succeeded', confirmed: null });
  });
});

describe('a resign without a clear answer', () => {
  const spoilt: readonly Fault[] = [
    { kind: 'timeout' },
    { kind: 'halfClosed' },
    { kind: 'http5xx', status: 500 },
    { kind: 'http5xx', status: 503 },
    { kind: 'envelope', statusCode: 601 },
  ];

  it.each(spoilt.flatMap((fault) => [true, false].map((applied) => ({ fault, applied }))))(
    'is looked at before anything else, and sent again only if it was not carried out: %j',
    async ({ fault, applied }) => {
      const rig = await openRig({ timeoutMs: fault.kind === 'timeout' ? 400 : 5_000 });
      const answer = { ...fault, applied, times: 1, endpoint: 'resign-user-batch' } as Fault;
      rig.emulator.setFaults({ calls: [answer] });
      const ids = [await rig.tell({}), await rig.tell({ identifiers: [emailOf(2)] })];
      await rig.work();
      expect(await rig.fates(...ids)).toEqual(['pending', 'pending']);
      expect(await rig.intent(ids[0] ?? '')).toMatchObject({ acted: true, attempts: 1, cap: 50 });
      await rig.pass(minute);
      expect(await rig.fates(...ids)).toEqual(['succeeded', 'succeeded']);
      const more = applied ? [] : ['resign-user-batch 2', 'get-user-batch 2'];
      expect(rig.takeCalls()).toEqual([
        ...['get-user-batch 2', 'resign-user-batch 2'],
        ...['get-user-batch 2', ...more],
      ]);
    },
  );

  it('is not sent again with a new token either before a look, when what said 401 is not GenAuth', async () => {
    const rig = await openRig();
    const page = { kind: 'html', status: 401, endpoint: 'resign-user-batch' } as const;
    rig.emulator.setFaults({ calls: [{ ...page, applied: true, times: 1 }] });
    const id = await rig.tell({});
    await rig.work();
    await rig.pass(minute);
    expect(await rig.fates(id)).toEqual(['succeeded']);
    expect(rig.takeCalls()).toEqual(['get-user', 'resign-user-batch 1', 'get-user']);
  });

  it('never goes on to the next identifier, whoever that names by now', async () => {
    const rig = await openRig({ policy: { giveUpAfterMs: 2 * hour } });
    const id = await rig.tell({ identifiers: [emailOf(1), { userIdType: 'username', userId: 'next' }] });
    rig.emulator.addUsers([userOf(9, { username: 'next', email: null, externalId: null })]);
    const notFound = { kind: 'envelope', endpoint: 'get-user', statusCode: 404, apiCode: 2004 } as const;
    rig.before('resignUsers', () =>
      rig.emulator.setFaults({
        calls: [{ kind: 'halfClosed', endpoint: 'resign-user-batch', applied: true }, notFound],
      }),
    );
    await rig.pass(hour, minute);
    expect(await rig.intent(id)).toMatchObject({ status: 'pending', acted: true, identifierIndex: 0 });
    await rig.pass(2 * hour, minute);
    expect(await rig.fates(id)).toEqual(['failed gave_up']);
    expect(resignCalls(rig)).toEqual(['resign-user-batch 1']);
    expect(statusOf(rig, 9)).toBe('Activated');
  });

  it('is taken for done when its identifier is gone, because it is looked at by the user_id seen', async () => {
    const rig = await openRig();
    const id = await rig.tell({});
    rig.emulator.setFaults({ calls: [{ kind: 'halfClosed', endpoint: 'resign-user-batch', applied: true }] });
    await rig.work();
    rig.emulator.addUsers([userOf(1, { email: null, status: 'Resigned' })]);
    await rig.pass(minute);
    expect(await rig.fates(id)).toEqual(['succeeded']);
  });

  it('is not sent again while the look after it stays unanswered, however old it is', async () => {
    const rig = await openRig({ policy: { giveUpAfterMs: 1 } });
    const id = await rig.tell({});
    rig.before('resignUsers', () =>
      rig.emulator.setFaults({ calls: [{ kind: 'halfClosed', endpoint: 'get-user' }] }),
    );
    await rig.pass(hour, minute);
    expect(await rig.fates(id)).toEqual(['pending']);
    expect(resignCalls(rig)).toHaveLength(1);
    rig.emulator.setFaults({});
    await rig.pass(hour, minute);
    expect(await rig.fates(id)).toEqual(['succeeded']);
    expect(resignCalls(rig)).toEqual([]);
  });
});

describe('a resign that GenAuth says is done', () => {
  const lie: Fault = {
    kind: 'envelope',
    endpoint: 'resign-user-batch',
    statusCode: 200,
    data: { success: true },
  };

  it('is sent again when a look shows that it is not', async () => {
    const rig = await openRig();
    rig.emulator.setFaults({ calls: [{ ...lie, times: 1 }] });
    const id = await rig.tell({});
    await rig.work();
    expect(await rig.fates(id)).toEqual(['pending']);
    await rig.pass(minute);
    expect(await rig.lastOutcome(id)).toMatchObject({ status: 'succeeded', confirmed: true, attempts: 2 });
    expect(resignCalls(rig)).toHaveLength(2);
  });

  it('fails as not confirmed when that goes on for longer than giveUpAfter', async () => {
    const rig = await openRig({ policy: { giveUpAfterMs: 2 * hour } });
    rig.emulator.setFaults({ calls: [lie] });
    const id = await rig.tell({});
    await rig.pass(2 * hour, minute);
    expect(await rig.fates(id)).toEqual(['pending']);
    await rig.pass(hour, minute);
    expect(await rig.lastOutcome(id)).toMatchObject({
      status: 'failed',
      confirmed: false,
      failure: { code: 'not_confirmed' },
    });
  });
});

async function approve(rig: Rig, intentId: string): Promise<void> {
  const decision = { by: 'api:ada', at: rig.clock.now, verdict: 'approved', reason: null } as const;
  await rig.store.decide({ intentId, decision, admission: { status: 'pending', dueAt: rig.clock.now } });
}

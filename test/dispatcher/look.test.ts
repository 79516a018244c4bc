import { describe, expect, it } from '@jest/globals';
import type { Identifier } from '../../src/core/identifier.ts';
import type { Intent } from '../../src/core/intent.ts';
import { lookAt } from '../../src/dispatcher/look.ts';
import { emailOf, type Rig, second, useRigs, userIdOf, userOf } from './rig.ts';

const openRig = useRigs();

/** An intent as far as a look reads it. */
const intentOf = (id: string, identifier: Identifier, change: Partial<Intent> = {}): Intent =>
  ({
    id,
    identifiers: [identifier],
    identifierIndex: 0,
    acted: false,
    seenUserId: null,
    ...change,
  }) as Intent;

/** What was shown of each: its user_id, or how it was not. */
async function shown(rig: Rig, intents: readonly Intent[]): Promise<Record<string, string>> {
  const looks = await lookAt(rig.calls(), intents);
  if (looks.kind === 'failed') throw new Error(looks.answer.kind);
  return Object.fromEntries(
    [...looks.looks].map(([id, one]) => [id, one.kind === 'found' ? one.user.userId : one.kind]),
  );
}

describe('a look', () => {
  it('at one says who is missing', async () => {
    const rig = await openRig();
    expect(await shown(rig, [intentOf('a', emailOf(1))])).toEqual({ a: userIdOf(1) });
    expect(await shown(rig, [intentOf('a', emailOf(9))])).toEqual({ a: 'missing' });
    expect(rig.takeCalls()).toEqual(['get-user', 'get-user']);
  });

  it('at many finds each by what they show, whatever the order, and never says that one is missing', async () => {
    const rig = await openRig();
    const intents = [3, 9, 1].map((n) => intentOf(`i${n}`, emailOf(n)));
    expect(await shown(rig, intents)).toEqual({ i3: userIdOf(3), i9: 'unsure', i1: userIdOf(1) });
    expect(rig.takeCalls()).toEqual(['get-user-batch 3']);
  });

  it('at many matches an email in whatever case, and a phone with or without its country', async () => {
    const rig = await openRig();
    rig.emulator.addUsers([
      userOf(4, { email: 'Ada.Lovelace@Example.com' }),
      userOf(5, { phone: '13800000005', phoneCountryCode: '+86' }),
      userOf(6, { phone: '13800000006', phoneCountryCode: '+86' }),
    ]);
    const emails = [emailOf(1), { userIdType: 'email', userId: 'ada.lovelace@EXAMPLE.com' } as const];
    expect(
      await shown(
        rig,
        emails.map((one, n) => intentOf(`${n}`, one)),
      ),
    ).toEqual({
      0: userIdOf(1),
      1: userIdOf(4),
    });
    const phones = ['13800000005', '13800000006'].map((userId) => ({ userIdType: 'phone', userId }) as const);
    expect(
      await shown(
        rig,
        phones.map((one, n) => intentOf(`${n}`, one)),
      ),
    ).toEqual({
      0: userIdOf(5),
      1: userIdOf(6),
    });
  });

  it('at many by what a user does not show is left to a look at each, without a call', async () => {
    const rig = await openRig();
    const intents = ['lark:1', 'lark:2'].map((userId) =>
      intentOf(userId, { userIdType: 'sync_relation', userId }),
    );
    expect(await shown(rig, intents)).toEqual({ 'lark:1': 'unsure', 'lark:2': 'unsure' });
    expect(rig.takeCalls()).toEqual([]);
  });

  it('after an act goes by the user_id that was seen, and by the identifier where none was', async () => {
    const rig = await openRig();
    const acted = { acted: true };
    const intents = [
      intentOf('seen', emailOf(9), { ...acted, seenUserId: userIdOf(2) }),
      intentOf('unseen', emailOf(3), acted),
    ];
    expect(await shown(rig, intents)).toEqual({ seen: userIdOf(2), unseen: userIdOf(3) });
    expect(rig.takeCalls()).toEqual(['get-user', 'get-user']);
  });

  it('before an act goes by the identifier, whoever was seen before', async () => {
    const rig = await openRig();
    expect(await shown(rig, [intentOf('a', emailOf(1), { seenUserId: userIdOf(2) })])).toEqual({
      a: userIdOf(1),
    });
  });

  it.each([1, 2])('at %i that is not answered has nothing to show', async (count) => {
    const rig = await openRig();
    rig.emulator.setFaults({ calls: [{ kind: 'http5xx' }] });
    const looks = await lookAt(
      rig.calls(),
      [1, 2].slice(0, count).map((n) => intentOf(`${n}`, emailOf(n))),
    );
    expect(looks).toMatchObject({
      kind: 'failed',
      answer: { kind: 'unknown' },
      standing: { endpointWorks: true },
    });
  });

  it('is not begun when its lease might end before its answer', async () => {
    const rig = await openRig();
    const looks = await lookAt(rig.calls(second), [intentOf('a', emailOf(1))]);
    expect(looks).toMatchObject({
      kind: 'failed',
      answer: { kind: 'unknown', sent: false },
      standing: { endpointWorks: false },
    });
    expect(rig.takeCalls()).toEqual([]);
  });
});

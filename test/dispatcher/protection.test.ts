import { describe, expect, it } from '@jest/globals';
import type { FoundUser, Identifier } from '../../src/core/identifier.ts';
import { emailOf, externalIdOf, type Rig, useRigs, userIdOf, userOf } from './rig.ts';

const openRig = useRigs();

const badge: Identifier = { userIdType: 'custom_field', userId: 'B-1' };

const shownAs = (n: number, change: Partial<FoundUser> = {}): FoundUser => ({
  userId: userIdOf(n),
  status: 'Activated',
  name: null,
  externalId: externalIdOf(n).userId,
  email: emailOf(n).userId,
  phone: null,
  phoneCountryCode: null,
  username: null,
  identities: null,
  ...change,
});

const openProtected = (...protectedPeople: readonly Identifier[]): Promise<Rig> =>
  openRig({ protectedPeople, users: [userOf(1, { customData: { badge: 'B-1' } }), userOf(2)] });

describe('protection', () => {
  it('is ready at once when it is for nobody', async () => {
    const { protection } = await openProtected();
    expect([protection.isEmpty, protection.isReady, protection.covers(shownAs(1))]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is ready once each entry was answered for, found or not', async () => {
    const { protection, emulator } = await openProtected(emailOf(1), emailOf(99), emailOf(1));
    expect([protection.isEmpty, protection.isReady]).toEqual([false, false]);
    emulator.setFaults({ calls: [{ kind: 'rateLimit', endpoint: 'get-user', times: 1 }] });
    expect([await protection.refresh(), protection.isReady]).toEqual([1, true]);
  });

  it('is not ready while an answer is missing', async () => {
    const { protection, emulator } = await openProtected(emailOf(1), emailOf(2));
    emulator.setFaults({ calls: [{ kind: 'html', endpoint: 'get-user', times: 1 }] });
    expect([await protection.refresh(), protection.isReady]).toEqual([1, false]);
    expect([await protection.refresh(), protection.isReady]).toEqual([0, true]);
  });

  it('covers a person by the user_id found, and by the identifier itself', async () => {
    const { protection } = await openProtected(badge, emailOf(2));
    await protection.refresh();
    expect(protection.covers(shownAs(1))).toBe(true);
    expect(protection.covers(shownAs(2, { email: null }))).toBe(true);
    expect(protection.covers(shownAs(3, { email: emailOf(2).userId }))).toBe(true);
    expect(protection.covers(shownAs(3))).toBe(false);
  });

  it('keeps covering who was found once, when a later look finds nobody, or is not answered', async () => {
    const { protection, emulator } = await openProtected(badge);
    await protection.refresh();
    emulator.addUsers([userOf(1)]);
    await protection.refresh();
    expect(protection.covers(shownAs(1))).toBe(true);
    emulator.setFaults({ calls: [{ kind: 'http5xx' }] });
    await protection.refresh();
    expect([protection.isReady, protection.covers(shownAs(1))]).toEqual([true, true]);
  });

  it('covers whom an entry comes to name', async () => {
    const { protection, emulator } = await openProtected(badge);
    await protection.refresh();
    emulator.addUsers([userOf(1), userOf(2, { customData: { badge: 'B-1' } })]);
    await protection.refresh();
    expect(protection.covers(shownAs(2))).toBe(true);
  });
});

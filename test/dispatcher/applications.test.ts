import { describe, expect, it } from '@jest/globals';
import { createApplications } from '../../src/dispatcher/applications.ts';
import type { Called } from '../../src/dispatcher/calls.ts';
import { appsUpTo, useRigs } from './rig.ts';

const openRig = useRigs();

const idsOf = ({ answer }: Called<readonly string[]>) => (answer.kind === 'done' ? answer.data : answer.kind);
const listing = 'list-applications';

describe('the apps of a kick that names none', () => {
  it('are the configured ones, which are not read', async () => {
    const rig = await openRig();
    expect(idsOf(await createApplications(['a', 'b']).current(rig.calls()))).toEqual(['a', 'b']);
    expect(rig.takeCalls()).toEqual([]);
  });

  it('are all there are, however many pages that takes, read once', async () => {
    const apps = appsUpTo(120);
    const rig = await openRig({ applications: apps });
    const applications = createApplications('all');
    for (const _time of [1, 2]) {
      expect(idsOf(await applications.current(rig.calls()))).toEqual(apps.map(({ appId }) => appId));
    }
    expect(rig.takeCalls()).toEqual([listing, listing, listing]);
  });

  it('are read by one call when several kicks need them at once', async () => {
    const rig = await openRig();
    const { current, refresh } = createApplications('all');
    await Promise.all([current(rig.calls()), current(rig.calls()), refresh(rig.calls())]);
    expect(rig.takeCalls()).toEqual([listing]);
  });

  it('are read again when they are refreshed, and the fresh list stays', async () => {
    const apps = appsUpTo(2);
    const rig = await openRig({ applications: apps });
    const applications = createApplications('all');
    await applications.current(rig.calls());
    apps.pop();
    expect(idsOf(await applications.refresh(rig.calls()))).toEqual(['app-0']);
    expect(idsOf(await applications.current(rig.calls()))).toEqual(['app-0']);
    expect(rig.takeCalls()).toEqual([listing, listing]);
  });

  it.each([
    [{ kind: 'http5xx' }, 'unknown'],
    [{ kind: 'forbidden' }, 'denied'],
    [{ kind: 'envelope', statusCode: 404 }, 'denied'],
  ] as const)(
    'are not kept from an answer that is none, and no refusal is about a person: %j',
    async (fault, kind) => {
      const rig = await openRig({ applications: appsUpTo(1) });
      const applications = createApplications('all');
      rig.emulator.setFaults({ calls: [{ ...fault, endpoint: listing }] });
      expect(idsOf(await applications.current(rig.calls()))).toBe(kind);
      rig.emulator.setFaults({});
      rig.clock.now += 60_000;
      expect(idsOf(await applications.current(rig.calls()))).toEqual(['app-0']);
    },
  );
});

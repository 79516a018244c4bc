import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { handlers } from '../../handlers/index.ts';
import { type Bridge, startBridge } from '../../src/bridge.ts';
import { parseConfig } from '../../src/config.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { createEmulator, type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';
import { startVendor } from '../handlers/vendor.ts';
import { until } from '../support/until.ts';

const challenge = 'a challenge of Factorial';
const token = '6590f590-3dba-495e-9bea-c361e1e2efc0';
const ada = { userId: 'a'.repeat(24), externalId: '2', email: 'ana@example.com', sessions: ['app-mail'] };
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** A bridge within the test, whose clock stands until the test moves it. */
interface Place {
  readonly clock: { now: number };
  readonly emulator: Emulator;
  /** What became of resigns, in order: the last words of the outcomes' types, with the reason. */
  fates(): string[];
  untilFates(...fates: string[]): Promise<void>;
  restart(): Promise<void>;
  post(path: string, body: object): Promise<number>;
}

async function inPlace(lookupUrl: string, test: (place: Place) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
  const clock = { now: Date.parse('2026-11-20T08:00:00Z') };
  const emulator = createEmulator();
  await emulator.start();
  emulator.addUsers([ada]);
  const { accessKeyId, accessKeySecret } = emulatorDefaults;
  const config = parseConfig(
    JSON.stringify({
      server: { port: 0 },
      store: { url: `sqlite:${join(folder, 'bridge.db')}` },
      genauth: { host: emulator.url, accessKeyId, accessKeySecret },
      leavers: { dryRun: false, safeguard: { grace: '0ms' } },
      sources: {
        spain: {
          handler: 'factorial',
          secrets: [challenge],
          identifyBy: ['external_id', 'email'],
          timezone: 'Europe/Madrid',
        },
        payroll: {
          handler: 'gusto',
          secrets: [token],
          identifyBy: ['email'],
          lookup: { baseUrl: lookupUrl, token: 'key' },
          timezone: 'America/Los_Angeles',
        },
      },
    }),
    { env: {}, handlers },
  );
  const outcomes: Outcome[] = [];
  const publisher = {
    name: 'test',
    publish: async (more: readonly Outcome[]) => void outcomes.push(...more),
  };
  const open = (): Promise<Bridge> =>
    startBridge(config, { log: silent, now: () => clock.now, random: () => 0.5, publishers: [publisher] });
  let bridge = await open();

  const fates = (): string[] =>
    outcomes
      .filter(({ type }) => /^user\.(resign|withdraw)\./.test(type))
      .map(({ type, data }) =>
        [type.slice(5), 'failure' in data ? data.failure?.code : null].filter(Boolean).join(' '),
      );
  try {
    await test({
      clock,
      emulator,
      fates,
      untilFates: async (...expected) => {
        await until(
          () => fates().length >= expected.length,
          `${expected.join(', ')}; but ${fates().join(', ')}`,
        );
        expect(fates()).toEqual(expected);
      },
      async restart() {
        await bridge.close();
        bridge = await open();
      },
      async post(path, body) {
        const text = JSON.stringify(body);
        const headers = {
          'x-factorial-wh-challenge': challenge,
          'x-gusto-signature': createHmac('sha256', token).update(text).digest('hex'),
        };
        return (await fetch(`${bridge.url}/hooks/${path}`, { method: 'POST', headers, body: text })).status;
      },
    });
  } finally {
    await bridge.close();
    await emulator.close();
    await rm(folder, { recursive: true });
  }
}

const calls = ({ emulator }: Place): string[] => emulator.calls().map(({ endpoint }) => endpoint);
const nowhere = 'http://127.0.0.1:9';

describe('a termination that is entered early', () => {
  const employee = { id: 2, login_email: ada.email, active: true };

  it('is withdrawn when it is rescinded by the very record that told of it', async () => {
    await inPlace(nowhere, async (place) => {
      const told = { ...employee, terminated_on: '2026-12-15', updated_at: '2026-11-20T08:00:00Z' };
      await place.post('spain?event=terminate', told);
      await place.untilFates('resign.scheduled');
      await place.post('spain?event=unterminate', told);
      await until(() => place.fates().length >= 3, 'the withdraw');
      expect(place.fates().slice(1).sort()).toEqual(['resign.canceled withdrawn', 'withdraw.succeeded']);
    });
  });

  it('is replaced when its date changes, and withdrawn when it is rescinded: nobody is touched', async () => {
    await inPlace(nowhere, async (place) => {
      const told = (day: string | null, at: string) => ({ ...employee, terminated_on: day, updated_at: at });
      await place.post('spain?event=terminate', told('2026-12-15', '2026-11-20T08:00:00Z'));
      await place.untilFates('resign.scheduled');
      await place.post('spain?event=update', told('2026-12-31', '2026-11-20T08:05:00Z'));
      await place.untilFates('resign.scheduled', 'resign.canceled superseded', 'resign.scheduled');
      place.clock.now = Date.parse('2026-12-16T08:00:00Z');
      await place.post('spain?event=unterminate', told(null, '2026-12-16T07:59:00Z'));
      await until(() => place.fates().length >= 5, 'the withdraw');
      expect(place.fates().slice(3).sort()).toEqual(['resign.canceled withdrawn', 'withdraw.succeeded']);
      place.clock.now = Date.parse('2027-01-02T08:00:00Z');
      await place.post('spain?event=terminate', told('2027-06-30', '2027-01-02T08:00:00Z'));
      await until(() => place.fates().length >= 6, 'another termination');
      expect(place.emulator.users()[0]?.status).toBe('Activated');
      expect(calls(place)).not.toContain('resign-user-batch');
    });
  });

  it('is acted on when the last day is over where the person is, across a restart, and not before', async () => {
    await inPlace(nowhere, async (place) => {
      // The clocks of Madrid go forward on 28 March 2027, so that the day ends at 22:00 UTC.
      const body = { ...employee, terminated_on: '2027-03-28', updated_at: '2026-11-20T08:00:00Z' };
      await place.post('spain?event=terminate', body);
      await place.untilFates('resign.scheduled');
      await place.restart();
      place.clock.now = Date.parse('2027-03-28T21:59:59Z');
      // Whatever is due is done before this, which comes later.
      await place.post('spain?event=unterminate', {
        id: 3,
        login_email: 'bea@example.com',
        updated_at: '2027-03-28T21:00:00Z',
      });
      await place.untilFates('resign.scheduled', 'withdraw.succeeded');
      expect(calls(place)).not.toContain('resign-user-batch');
      place.clock.now = Date.parse('2027-03-28T22:00:00Z');
      await place.untilFates('resign.scheduled', 'withdraw.succeeded', 'resign.succeeded');
      expect(place.emulator.users()[0]?.status).toBe('Resigned');
    });
  });
});

describe('a termination of which the event says nothing but the id', () => {
  const event = (type: string, uuid: string) => ({
    uuid,
    event_type: type,
    entity_uuid: '7',
    timestamp: 1_795_161_600,
  });
  const leaving = {
    work_email: ada.email,
    terminated: true,
    terminations: [{ active: false, effective_date: '2026-11-30' }],
  };

  it('is looked up, waits for the day that is found, and is looked up again on it', async () => {
    const answers: Record<string, unknown> = { 'GET /v1/employees/7': leaving };
    const { baseUrl, asked } = await startVendor(answers);
    await inPlace(baseUrl, async (place) => {
      await place.post('payroll', event('employee.terminated', 'e1'));
      await place.untilFates('resign.scheduled');
      place.clock.now = Date.parse('2026-12-01T08:00:00Z');
      await place.untilFates('resign.scheduled', 'resign.succeeded');
      expect(asked.map(({ what, authorization }) => `${what} ${authorization}`)).toEqual(
        Array(2).fill('GET /v1/employees/7 Bearer key'),
      );
      expect(place.emulator.users()[0]?.status).toBe('Resigned');
    });
  });

  it('is not acted on when the person is still active by then', async () => {
    const answers: Record<string, unknown> = { 'GET /v1/employees/7': leaving };
    const { baseUrl } = await startVendor(answers);
    await inPlace(baseUrl, async (place) => {
      await place.post('payroll', event('employee.terminated', 'e1'));
      await place.untilFates('resign.scheduled');
      answers['GET /v1/employees/7'] = { work_email: ada.email, terminated: false, terminations: [] };
      place.clock.now = Date.parse('2026-12-01T08:00:00Z');
      await place.untilFates('resign.scheduled', 'resign.canceled still_active');
      expect(place.emulator.users()[0]?.status).toBe('Activated');
    });
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Emulator } from '../../src/emulator/emulator.ts';
import { createEmulator } from '../../src/emulator/emulator.ts';
import type { FaultsInput } from '../../src/emulator/faults.ts';
import { createFaultBook } from '../../src/emulator/faults.ts';
import type { Caller } from './caller.ts';
import { createCaller } from './caller.ts';

let emulator: Emulator;
let caller: Caller;

beforeEach(async () => {
  emulator = createEmulator();
  emulator.addUsers([{ userId: 'u1' }]);
  await emulator.start();
  caller = createCaller(() => emulator.url);
  await caller.call('GET', 'list-applications');
});

afterEach(() => emulator.close());

const resign = () => caller.call('POST', 'resign-user', { userId: 'u1' });
const status = () => emulator.user('u1')?.status;
type CallFaults = NonNullable<FaultsInput['calls']>;

describe('a fault', () => {
  it.each<[CallFaults[number], object]>([
    [{ kind: 'rateLimit' }, { status: 429, body: { statusCode: 429 } }],
    [{ kind: 'http5xx', status: 503 }, { status: 503 }],
    [{ kind: 'forbidden' }, { status: 200, body: { statusCode: 403 } }],
    [
      { kind: 'envelope', statusCode: 402, apiCode: 4021 },
      { status: 200, body: { statusCode: 402, apiCode: 4021 } },
    ],
    [{ kind: 'html' }, { status: 200, body: {}, text: expect.stringContaining('<!doctype html>') }],
    [{ kind: 'html', status: 502 }, { status: 502 }],
    [{ kind: 'redirect' }, { status: 302 }],
  ])('spoils the answer: %j', async (fault, expected) => {
    emulator.setFaults({ calls: [fault] });
    expect(await resign()).toMatchObject(expected);
    expect(status()).toBe('Activated');
    emulator.setFaults({ calls: [{ ...fault, applied: true } as CallFaults[number]] });
    expect(await resign()).toMatchObject(expected);
    expect(status()).toBe('Resigned');
    expect(emulator.calls().map(({ applied }) => applied)).toEqual([false, false, false, true]);
  });

  it('says how long to wait', async () => {
    emulator.setFaults({ calls: [{ kind: 'rateLimit', retryAfterSeconds: 7 }] });
    expect((await resign()).headers.get('retry-after')).toBe('7');
  });

  it.each([true, false])(
    'breaks the connection in the middle of an answer, with the call applied: %s',
    async (applied) => {
      emulator.setFaults({ calls: [{ kind: 'halfClosed', applied }] });
      await expect(resign()).rejects.toThrow();
      expect(status()).toBe(applied ? 'Resigned' : 'Activated');
      expect(emulator.calls().at(-1)).toMatchObject({
        applied,
        answer: { httpStatus: null },
        answeredAfter: null,
      });
    },
  );

  it.each([true, false])('holds the answer for good, with the call applied: %s', async (applied) => {
    emulator.setFaults({ calls: [{ kind: 'timeout', applied }] });
    const held = expect(resign()).rejects.toThrow();
    while (emulator.calls().length < 3) await new Promise(setImmediate);
    emulator.setFaults({});
    expect(await caller.call('GET', 'get-user?userId=u1')).toMatchObject({
      body: { data: { status: applied ? 'Resigned' : 'Activated' } },
    });
    await emulator.close();
    await held;
    await emulator.start();
  });

  it('delays an answer', async () => {
    emulator.setFaults({
      calls: [
        { kind: 'latency', ms: 60 },
        { kind: 'latency', ms: 60 },
      ],
    });
    const startedAt = performance.now();
    expect(await resign()).toMatchObject({ body: { statusCode: 200 } });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(118);
  });

  it('delays answers also after the emulator was started again', async () => {
    await emulator.close();
    await emulator.start();
    emulator.setFaults({ calls: [{ kind: 'latency', ms: 5 }] });
    expect(await resign()).toMatchObject({ body: { statusCode: 200 } });
  });

  it('strikes only its endpoint, and only so often', async () => {
    emulator.setFaults({ calls: [{ kind: 'forbidden', endpoint: 'resign-user', times: 2 }] });
    expect((await caller.call('GET', 'get-user?userId=u1')).body.statusCode).toBe(200);
    expect((await resign()).body.statusCode).toBe(403);
    expect((await resign()).body.statusCode).toBe(403);
    expect((await resign()).body.statusCode).toBe(200);
  });

  it('strikes by a probability that repeats itself with the same seed', () => {
    const draws = (seed: number) => {
      const book = createFaultBook(seed);
      book.set({ calls: [{ kind: 'forbidden', probability: 0.3 }] });
      return Array.from({ length: 2_000 }, () => book.draw('get-user').fault !== null);
    };
    const [first, again, other] = [draws(7), draws(7), draws(8)];
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    const share = first.filter(Boolean).length / first.length;
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.35);
  });
});

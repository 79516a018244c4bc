import { describe, expect, it } from '@jest/globals';
import { createThrottle, type Throttle } from '../../src/dispatcher/throttle.ts';
import type { Answer } from '../../src/management-api/answer.ts';
import type { Endpoint } from '../../src/management-api/exchange.ts';

const second = 1_000;
const backoff = { minDelayMs: second, maxDelayMs: 60 * second };
const summary = { statusCode: 402, apiCode: null, requestId: null, message: null };
const denied: Answer<null> = { kind: 'denied', mayBeDone: false, summary };
const done: Answer<null> = { kind: 'done', data: null, summary };
const at = (now: number) => ({ now, random: 0.5, person: null });

const openThrottle = (requestsPerSecond = 1_000) => createThrottle({ requestsPerSecond, backoff });

describe('turns', () => {
  /** Asks for so many turns at once, and gives the milliseconds after which each came. */
  async function take(count: number, throttle: Throttle): Promise<number[]> {
    const begun = performance.now();
    const given: number[] = [];
    await Promise.all(
      Array.from({ length: count }, async () => {
        await throttle.turn();
        given.push(performance.now() - begun);
      }),
    );
    return given;
  }

  /** At any time no more have come than the rate allows, give or take a few milliseconds of a timer. */
  function expectRate(given: readonly number[], requestsPerSecond: number): void {
    const burst = requestsPerSecond / 10;
    given.forEach((ms, index) => {
      expect(index + 1).toBeLessThanOrEqual(burst + ((ms + 20) * requestsPerSecond) / second);
    });
  }

  it('never come faster than the rate, beyond a tenth of a second at once', async () => {
    expectRate(await take(60, openThrottle(200)), 200);
  });

  it('that nobody asked for are not saved up for longer than that', async () => {
    const throttle = openThrottle(100);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expectRate(await take(30, throttle), 100);
  });

  it('hold back the third of a second that has only a few', async () => {
    expectRate(await take(4, openThrottle(20)), 20);
  });
});

describe('a permit', () => {
  it('is for 50 at a time while all is well, for everybody who asks', () => {
    const throttle = openThrottle();
    const permits = [throttle.acquire(0), throttle.acquire(0), throttle.acquire(0)];
    for (const { limits } of permits) expect(limits).toEqual({ resign: 50, kick: 50 });
    for (const { release } of permits) release();
  });

  it.each<[Endpoint, { resign: number; kick: number }]>([
    ['resign-user-batch', { resign: 0, kick: 50 }],
    ['get-user', { resign: 0, kick: 50 }],
    ['get-user-batch', { resign: 0, kick: 50 }],
    ['kick-users', { resign: 50, kick: 0 }],
    ['list-applications', { resign: 50, kick: 0 }],
    ['check-session-status', { resign: 50, kick: 50 }],
    ['get-user-loggedin-apps', { resign: 50, kick: 50 }],
  ])('while %s pauses is for what goes without it', (endpoint, limits) => {
    const throttle = openThrottle();
    throttle.report(endpoint, denied, at(0));
    expect(throttle.acquire(0).limits).toEqual(limits);
    expect(throttle.waitMs(endpoint, 0)).toBe(second);
  });

  it('to probe is for one intent, and for one holder until it is released', () => {
    const throttle = openThrottle();
    throttle.report('resign-user-batch', denied, at(0));
    const first = throttle.acquire(second);
    const next = throttle.acquire(second);
    expect([first.limits, next.limits]).toEqual([
      { resign: 1, kick: 50 },
      { resign: 0, kick: 50 },
    ]);
    next.release();
    expect(throttle.acquire(second).limits.resign).toBe(0);
    first.release();
    expect(throttle.acquire(second).limits.resign).toBe(1);
  });

  it('is whole again after a probe that was answered, be it a look at one or at many', () => {
    const throttle = openThrottle();
    throttle.report('get-user-batch', denied, at(0));
    const probe = throttle.acquire(second);
    throttle.report('get-user', done, at(second));
    probe.release();
    expect(throttle.acquire(second).limits.resign).toBe(50);
  });
});

describe('troubles', () => {
  it('name the endpoints that pause or are probed, and why', () => {
    const throttle = openThrottle();
    throttle.report('kick-users', done, at(0));
    throttle.report('get-user-batch', denied, at(0));
    const troubles = [{ endpoint: 'get-user', cause: 'denied', reason: 'denied (402)' }];
    expect([throttle.troubles(0), throttle.troubles(second)]).toEqual([troubles, troubles]);
    throttle.report('get-user', done, at(second));
    expect(throttle.troubles(second)).toEqual([]);
  });
});

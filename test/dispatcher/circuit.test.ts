import { describe, expect, it } from '@jest/globals';
import { type Circuit, createCircuit, type Standing } from '../../src/dispatcher/circuit.ts';
import type { Answer } from '../../src/management-api/answer.ts';

const second = 1_000;
const backoff = { minDelayMs: second, maxDelayMs: 900 * second };
const summary = { statusCode: 200, apiCode: null, requestId: null, message: null };

const done: Answer<null> = { kind: 'done', data: null, summary };
const denied: Answer<null> = { kind: 'denied', mayBeDone: false, summary: { ...summary, statusCode: 402 } };
const forbidden: Answer<null> = { kind: 'forbidden', summary };
const unknown: Answer<null> = { kind: 'unknown', sent: true, summary };
const busy = (retryAfterMs: number | null): Answer<null> => ({ kind: 'busy', retryAfterMs, summary });
const refused = (apiCode: number | null): Answer<null> => ({
  kind: 'refused',
  reason: 'other',
  summary: { ...summary, statusCode: 422, apiCode },
});

/** A circuit and a clock: each answer is reported at the clock's time, about one person or a batch (`null`). */
function openCircuit(random = 0.999) {
  const circuit: Circuit = createCircuit(backoff);
  const clock = { now: 0 };
  return {
    circuit,
    clock,
    state: () => circuit.state(clock.now),
    report: (answer: Answer<null>, person: string | null = null): Standing =>
      circuit.report(answer, { now: clock.now, random, person }),
  };
}

describe('a circuit', () => {
  it('is closed at first, and stays so with clear answers', () => {
    const { circuit, state, report } = openCircuit();
    expect(state()).toBe('closed');
    for (const answer of [done, refused(null), unknown, unknown, done, unknown, unknown]) report(answer);
    expect([state(), circuit.trouble?.reason ?? null, circuit.waitMs(0)]).toEqual(['closed', null, 0]);
  });

  it.each([
    ['a denied answer', [denied], 'denied (402)'],
    ['a busy one', [busy(null)], 'busy'],
    ['three unclear ones in a row', [unknown, unknown, unknown], 'no clear answers'],
  ])('opens by %s, and lets one probe through after a pause', (_what, answers, reason) => {
    const { circuit, clock, state, report } = openCircuit();
    for (const answer of answers) report(answer);
    expect([state(), circuit.trouble?.reason ?? null, circuit.waitMs(0)]).toEqual(['open', reason, second]);
    clock.now = second - 1;
    expect(state()).toBe('open');
    clock.now = second;
    expect([state(), circuit.waitMs(second)]).toEqual(['probe', 0]);
  });

  it.each([
    ['done', done],
    ['refused, which is about a person', refused(null)],
  ])('is closed by a probe that is %s', (_what, answer) => {
    const { circuit, clock, state, report } = openCircuit();
    report(denied);
    clock.now = second;
    report(answer, 'ada');
    expect([state(), circuit.trouble?.reason ?? null]).toEqual(['closed', null]);
  });

  it('waits longer after every probe in vain, up to a minute', () => {
    const { circuit, clock, report } = openCircuit();
    const waits = [];
    for (let probes = 0; probes < 9; probes += 1) {
      report(unknown);
      if (probes < 2) continue;
      waits.push(Math.round(circuit.waitMs(clock.now) / second));
      clock.now += circuit.waitMs(clock.now);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60]);
  });

  it('waits as long as a busy answer asks, but no longer than an hour', () => {
    const { circuit, report } = openCircuit();
    report(busy(30 * second));
    expect(circuit.waitMs(0)).toBe(30 * second);
    report(busy(1e12));
    expect(circuit.waitMs(0)).toBe(3_600 * second);
    report(busy(1));
    expect(circuit.waitMs(0)).toBe(3_600 * second);
  });

  it('does not wait for a clock that was set back to get there again', () => {
    const { circuit, clock, state, report } = openCircuit();
    clock.now = 7_200 * second;
    report(busy(30 * second));
    clock.now -= second;
    expect([state(), circuit.waitMs(clock.now)]).toEqual(['probe', 0]);
    report(busy(10 * second));
    expect([state(), circuit.waitMs(clock.now)]).toEqual(['open', 10 * second]);
    clock.now -= 3_600 * second;
    report(done);
    expect(state()).toBe('closed');
  });

  it('does not close, nor wait longer, by answers of calls that were begun before it opened', () => {
    const { circuit, clock, state, report } = openCircuit();
    report(busy(30 * second));
    for (const answer of [done, refused(null), denied, unknown]) report(answer);
    expect([state(), circuit.waitMs(clock.now)]).toEqual(['open', 30 * second]);
    clock.now = 30 * second;
    report(done);
    expect(state()).toBe('closed');
  });

  it('counts as one opening, however many answers tell of it', () => {
    const { circuit, clock, report } = openCircuit();
    for (let calls = 0; calls < 4; calls += 1) report(denied);
    clock.now = second;
    report(denied);
    expect(Math.round(circuit.waitMs(clock.now) / second)).toBe(2);
  });

  it('says that the endpoint works only when the answer before was clear', () => {
    const { clock, report } = openCircuit();
    expect(report(unknown).endpointWorks).toBe(true);
    expect(report(unknown).endpointWorks).toBe(false);
    report(done);
    expect(report(denied).endpointWorks).toBe(true);
    clock.now = second;
    expect(report(unknown).endpointWorks).toBe(false);
  });
});

describe('a 403', () => {
  it('to a batch says nothing about anybody', () => {
    const { state, report } = openCircuit();
    for (let times = 0; times < 5; times += 1) expect(report(forbidden).forbidden).toBe('retry');
    expect(state()).toBe('closed');
  });

  it('to one person is tried again alone, and is about that person the second time', () => {
    const { state, report } = openCircuit();
    expect(report(forbidden, 'ada').forbidden).toBe('retry');
    expect(report(forbidden, 'ada').forbidden).toBe('person');
    expect(state()).toBe('closed');
  });

  it('is about that person the second time, too, when others were served in between', () => {
    const { report } = openCircuit();
    report(forbidden, 'ada');
    report(done, 'bob');
    report(done);
    expect(report(forbidden, 'ada').forbidden).toBe('person');
  });

  it('is forgotten once that person was served', () => {
    const { report } = openCircuit();
    report(forbidden, 'ada');
    report(done, 'ada');
    expect(report(forbidden, 'ada').forbidden).toBe('retry');
  });

  it('to two people, with nobody served in between, is about us, until somebody is served', () => {
    const { circuit, clock, state, report } = openCircuit();
    report(forbidden, 'ada');
    expect(report(forbidden, 'bob').forbidden).toBe('denied');
    expect([state(), circuit.trouble?.reason ?? null]).toEqual([
      'open',
      'forbidden (403) for different people',
    ]);
    clock.now = second;
    expect(report(forbidden, 'ada').forbidden).toBe('denied');
    clock.now += circuit.waitMs(clock.now);
    report(done, 'bob');
    expect(state()).toBe('closed');
    expect(report(forbidden, 'ada').forbidden).toBe('retry');
  });
});

describe('the same refusal', () => {
  const people = ['ada', 'bob', 'eve', 'joe', 'kim'];

  it('for five people in a row opens it, and is about none of those after them', () => {
    const { circuit, clock, state, report } = openCircuit();
    for (const person of people) expect(report(refused(null), person).refusesEveryone).toBe(false);
    expect([state(), circuit.trouble?.reason ?? null]).toEqual([
      'open',
      'the same refusal (422) for 5 people',
    ]);
    clock.now = second;
    expect(report(refused(null), 'lea').refusesEveryone).toBe(true);
    expect(circuit.waitMs(clock.now)).toBeGreaterThan(second);
    clock.now += circuit.waitMs(clock.now);
    report(done, 'max');
    expect(report(refused(null), 'lea').refusesEveryone).toBe(false);
    expect(state()).toBe('closed');
  });

  it.each([
    ['one of them alone, often', (at: number) => ({ answer: refused(null), person: 'ada', at })],
    ['batches', (at: number) => ({ answer: refused(null), person: null, at })],
    ['another code each time', (at: number) => ({ answer: refused(2_000 + at), person: `p${at}`, at })],
  ])('does not open it for %s', (_what, turn) => {
    const { state, report } = openCircuit();
    for (let at = 0; at < 10; at += 1) report(turn(at).answer, turn(at).person);
    expect(state()).toBe('closed');
  });

  it('does not open it when somebody is served in between', () => {
    const { state, report } = openCircuit();
    for (const person of people.slice(1)) report(refused(2005), person);
    report(done);
    for (const person of people.slice(1)) report(refused(2005), person);
    expect(state()).toBe('closed');
    report(refused(2005), 'ada');
    expect(state()).toBe('open');
  });
});

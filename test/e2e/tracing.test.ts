import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { type CollectedSpan, startCollector } from '../support/otlp/collector.ts';
import { until } from '../support/until.ts';
import { event, type House, inHouse, intentsOf, person } from './house.ts';
import { endProcesses } from './process.ts';

afterEach(endProcesses);

const collector = await startCollector();
afterAll(() => collector.close());

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b9c7c989f97918e1-01`;

const spansOf = (trace: string): CollectedSpan[] => collector.spans().filter((one) => one.traceId === trace);

/** The spans of a trace, once all of these are there. */
async function untilSpans(
  trace: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, CollectedSpan>> {
  return until(
    () => {
      const spans = new Map(spansOf(trace).map((span) => [span.name, span]));
      return names.every((name) => spans.has(name)) && spans;
    },
    `spans: ${names.join(', ')}`,
  );
}

const resignOf = (number: number) =>
  event('user.resign', { userIdType: 'email', userId: person(number).email });

async function deliverTraced(house: House, number: number): Promise<void> {
  const delivery = resignOf(number);
  intentsOf(await house.deliver({ ...delivery, headers: { ...delivery.headers, traceparent } }));
}

describe('a trace', () => {
  const tracing = { endpoint: collector.url, headers: { 'x-api-key': 'key-of-the-collector' } };

  it(
    'is one from the delivery to the outcome, even if the bridge is killed in between',
    inHouse(
      async (house) => {
        house.emulator.addUsers([person(1)]);
        await house.start();
        await house.ask('/pause', { as: 'olaf', body: { scope: 'all' } });
        await deliverTraced(house, 1);
        const before = await untilSpans(traceId, ['receive scripts', 'accept']);
        expect(before.get('receive scripts')?.parentSpanId).toBe('b9c7c989f97918e1');
        expect(before.get('accept')?.parentSpanId).toBe(before.get('receive scripts')?.spanId);
        await house.stop('SIGKILL');

        await house.start();
        await house.ask('/resume', { as: 'olaf', body: { scope: 'all' } });
        const outcomes = await house.untilOutcomes({ 'user.resign.succeeded': 1, 'user.kick.succeeded': 1 });
        const told = outcomes.find(({ type }) => type === 'user.resign.succeeded');
        expect(told?.traceparent).toBe(`00-${traceId}-${before.get('receive scripts')?.spanId}-01`);
        const after = await untilSpans(traceId, [
          ...['act resign', 'genauth get-user', 'genauth resign-user-batch'],
          ...['act kick', 'genauth kick-users', 'publish log'],
        ]);
        const act = after.get('act resign');
        expect(act).toMatchObject({
          parentSpanId: before.get('receive scripts')?.spanId,
          attributes: { 'offboard.settlement': 'succeeded', 'offboard.source': 'scripts' },
        });
        expect(after.get('genauth resign-user-batch')).toMatchObject({
          parentSpanId: act?.spanId,
          attributes: { 'offboard.answer': 'done' },
        });
        expect(after.get('publish log')?.parentSpanId).toBe(before.get('receive scripts')?.spanId);

        const sent = collector.bodies().join('');
        for (const secret of [person(1).email, person(1).userId, person(1).username, 'key-of-the-collector'])
          expect(sent).not.toContain(secret);
      },
      { tracing },
    ),
    40_000,
  );

  it(
    'is linked with the batch that its intent shared with others',
    inHouse(
      async (house) => {
        house.emulator.addUsers([person(1), person(2), person(3)]);
        await house.start();
        await house.ask('/pause', { as: 'olaf', body: { scope: 'all' } });
        for (const number of [1, 2, 3]) await house.deliver(resignOf(number));
        await house.ask('/resume', { as: 'olaf', body: { scope: 'all' } });
        await house.untilOutcomes({ 'user.resign.succeeded': 3 });
        const batch = await until(
          () => collector.spans().find(({ name }) => name === 'batch resign'),
          'the span of the batch',
        );
        const acts = await until(() => {
          const found = collector.spans().filter((one) => one.links.includes(batch.spanId));
          return found.length === 3 && found;
        }, 'a span of each intent');
        expect(new Set(acts.map((one) => one.traceId)).size).toBe(3);
        expect(batch.links.length).toBe(3);
        expect([...batch.links].sort()).toEqual(acts.map((one) => one.parentSpanId).sort());
        const calls = await untilSpans(batch.traceId, ['genauth resign-user-batch']);
        expect(calls.get('genauth resign-user-batch')?.parentSpanId).toBe(batch.spanId);
      },
      { tracing },
    ),
  );

  it(
    'that nobody takes harms nothing, and holds nothing up',
    inHouse(
      async (house) => {
        house.emulator.addUsers([person(1)]);
        await house.start();
        await deliverTraced(house, 1);
        await house.untilOutcomes({ 'user.resign.succeeded': 1, 'user.kick.succeeded': 1 });
        const beganAt = performance.now();
        expect(await house.stop()).toEqual({ code: 0, signal: null });
        expect(performance.now() - beganAt).toBeLessThan(10_000);
        expect(house.bridge.stderr()).toBe('');
      },
      // A port of loopback at which nobody listens.
      { tracing: { endpoint: 'http://127.0.0.1:9' } },
    ),
  );
});

import { afterAll, afterEach, expect, it } from '@jest/globals';
import { sharedBrokers } from '../support/kafka/shared.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopic } from '../support/kafka/topics.ts';
import { startCollector } from '../support/otlp/collector.ts';
import { until } from '../support/until.ts';
import { inHouse, person } from './house.ts';
import { endProcesses } from './process.ts';

afterEach(endProcesses);

const collector = await startCollector();
afterAll(() => collector.close());

const traceId = '0af7651916cd43dd8448eb211c80319c';

describeKafka('a trace from topic to topic', () => {
  it('goes on in our spans, and in the header of the record that we send', async () => {
    const [events, outcomes] = [await createTopic(), await createTopic()];
    const sections = {
      tracing: { endpoint: collector.url },
      sources: { topic: { handler: 'events' } },
      kafka: {
        brokers: [...sharedBrokers()],
        groupId: `group-of-${events.name}`,
        consume: [{ topic: events.name, source: 'topic', from: 'earliest' }],
        outcomes: { topic: outcomes.name },
      },
    };
    await inHouse(async (house) => {
      house.emulator.addUsers([person(1)]);
      await events.send({
        headers: { traceparent: `00-${traceId}-b9c7c989f97918e1-01` },
        value: JSON.stringify({
          type: 'user.kick',
          timestamp: new Date().toISOString(),
          data: { userIdType: 'email', userId: person(1).email },
        }),
      });
      await house.start();
      await until(async () => (await outcomes.size()) > 0, 'an outcome in its topic', { patienceMs: 30_000 });
      const [record] = await outcomes.read();
      const spans = await until(() => {
        const found = new Map(collector.spans().map((span) => [span.name, span]));
        return ['receive topic', 'act kick', 'publish kafka'].every((name) => found.has(name)) && found;
      }, 'the spans of the way');
      const [received, published] = [spans.get('receive topic'), spans.get('publish kafka')];
      expect(received).toMatchObject({ traceId, parentSpanId: 'b9c7c989f97918e1' });
      expect(published).toMatchObject({ traceId, parentSpanId: received?.spanId });
      expect(record?.headers.traceparent).toBe(`00-${traceId}-${published?.spanId}-01`);
      expect(record?.headers.ce_traceparent).toBe(`00-${traceId}-${received?.spanId}-01`);

      const metrics = await (await fetch(`${house.adminUrl}/metrics`)).text();
      const { name } = events;
      expect(metrics).toContain(`offboard_bridge_kafka_consumer_lag{topic="${name}",partition="0"} 0`);
      // Such as Node.js, which warns of a negative timeout of kafkajs.
      expect(house.bridge.stdout()).not.toContain('a library wrote to the console');
    }, sections)();
  }, 60_000);
});

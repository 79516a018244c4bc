import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Kafka, type KafkaMessage } from 'cloudevents';
import { exportEntry } from '../../src/core/audit.ts';
import {
  intentOutcome,
  type Outcome,
  outcomeSchema,
  placeOutcome,
  recordOutcome,
} from '../../src/core/outcome.ts';
import { createKafkaClient } from '../../src/kafka/client.ts';
import { createKafkaPublisher, type KafkaPublisher } from '../../src/publishers/kafka.ts';
import { createRelay } from '../../src/publishers/relay.ts';
import { runCommand } from '../cli/bench.ts';
import { collectLog } from '../ingress/house.ts';
import { ownKafkaAvailability } from '../support/kafka/distribution.ts';
import { useProxiedKafka } from '../support/kafka/proxied.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopicAt, type TestTopic, until } from '../support/kafka/topics.ts';
import { anIntent } from './intent.ts';
import { onTrail } from './trail.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01';

/** The nth outcome of a trail, about one of seven people. */
function outcome(position: number, reason = 'left'): Outcome {
  const intent = { ...anIntent, id: `s-${position}`, person: `p${position % 7}`, reason, traceparent };
  const draft = intentOutcome(intent, { status: 'succeeded', time: 0 });
  return placeOutcome(draft, { id: `s-o${position}`, position, previousHash: '0' });
}

const outcomes = (count: number, from = 1) => Array.from({ length: count }, (_, n) => outcome(from + n));

describeKafka(
  'the Kafka publisher',
  () => {
    const kafka = useProxiedKafka();

    interface Scene {
      readonly topic: TestTopic;
      readonly publisher: KafkaPublisher;
      readonly lines: readonly { readonly message: string; readonly facts: object }[];
    }

    function publishing(test: (scene: Scene) => Promise<void>, deadlineMs = 10_000): () => Promise<void> {
      return async () => {
        const { log, lines } = collectLog();
        const topic = await createTopicAt([kafka.broker.plaintext], 3);
        const client = createKafkaClient({ brokers: [kafka.proxy.address], ssl: false, sasl: null }, log);
        const publisher = createKafkaPublisher({ client, topic: topic.name, log, deadlineMs });
        try {
          await test({ topic, publisher, lines });
        } finally {
          await publisher.close();
        }
      };
    }

    const ids = (records: readonly { headers: Readonly<Record<string, string>> }[]) =>
      records.map(({ headers }) => headers.ce_id);

    it(
      'sends CloudEvents in binary mode, which the CloudEvents SDK reads as they were',
      publishing(async ({ topic, publisher }) => {
        const record = recordOutcome({ type: 'operator.decided', source: 'api', time: 0, actor: 'api:ada' });
        const sent = [outcome(1), placeOutcome(record, { id: 's-o2', position: 2, previousHash: '1' })];
        await publisher.publish(sent);
        const found = [...(await topic.read())].sort((a, b) =>
          (a.headers.ce_id ?? '') < (b.headers.ce_id ?? '') ? -1 : 1,
        );
        expect(found.map(({ key }) => key)).toEqual(['p1', 'api']);
        expect(found.map(({ headers }) => headers.traceparent)).toEqual([traceparent, undefined]);
        for (const [index, { headers, value, key }] of found.entries()) {
          const message: KafkaMessage<string | null> = { headers, key: key ?? '', value, body: value };
          const { partitionkey, ...event } = JSON.parse(JSON.stringify(Kafka.toEvent(message)));
          expect(partitionkey).toBe(key);
          expect(outcomeSchema.parse({ ...event, data: JSON.parse(value ?? '') })).toEqual(sent[index]);
        }
      }),
    );

    it(
      'leaves records by which a cut tail of the trail is found, and an altered end',
      publishing(({ topic, publisher }) =>
        onTrail(async ({ store, grow }) => {
          const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
          const [trail, told] = [join(folder, 'trail.ndjson'), join(folder, 'told.ndjson')];
          const verify = async (lines: readonly string[]) => {
            await writeFile(trail, lines.join('\n'));
            const { code, out } = await runCommand(['audit', 'verify', trail, '--against', told, '--json']);
            return [code, JSON.parse(out).fault];
          };
          try {
            await grow(12);
            await publisher.publish(await store.outcomesAfter(0, 100));
            const records = await topic.read();
            await writeFile(told, records.map(({ value }) => value).join('\n'));
            const lines = (await store.entriesAfter(0, 100)).map((entry) =>
              JSON.stringify(exportEntry(entry)),
            );
            expect(await verify(lines)).toEqual([0, null]);
            const cut = expect.objectContaining({ kind: 'cut', position: 10 });
            expect(await verify(lines.slice(0, 9))).toEqual([1, cut]);
            const end = String(lines[11]).replace('"source":"api"', '"source":"hr"');
            const altered = expect.objectContaining({ kind: 'altered', position: 12 });
            expect(await verify([...lines.slice(0, 11), end])).toEqual([1, altered]);
          } finally {
            await rm(folder, { recursive: true });
          }
        })(),
      ),
    );

    it(
      'keeps the outcomes of one person in one partition and in order, over many sends',
      publishing(async ({ topic, publisher }) => {
        await publisher.publish(outcomes(200));
        await publisher.publish([
          outcome(201, 'x'.repeat(400_000)),
          outcome(202, 'y'.repeat(400_000)),
          ...outcomes(98, 203),
        ]);
        const found = await topic.read();
        expect(found).toHaveLength(300);
        for (let person = 0; person < 7; person += 1) {
          const own = found.filter(({ key }) => key === `p${person}`);
          expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
          const places = own.map(({ value }) => Number(JSON.parse(value ?? '').position));
          expect(places).toEqual([...places].sort((a, b) => a - b));
        }
      }),
    );

    it(
      'repeats the same outcomes after an answer was lost, so that none is missing and repeats have the same id',
      publishing(async ({ topic, publisher }) => {
        await publisher.publish(outcomes(10));
        // Its own three tries, each carried out by the broker, and none of them answered.
        for (let n = 0; n < 3; n += 1) kafka.proxy.loseAnswer('produce');
        const batch = outcomes(10, 11);
        await expect(publisher.publish(batch)).rejects.toThrow();
        expect(publisher.trouble()?.code).toBe('unreachable');
        await publisher.publish(batch);
        await publisher.publish(outcomes(10, 21));
        expect(publisher.trouble()).toBeNull();
        const found = ids(await topic.read());
        expect([...new Set(found)].sort()).toEqual(
          ids(outcomes(30).map(({ id }) => ({ headers: { ce_id: id } }))).sort(),
        );
        expect(found.length).toBeGreaterThan(30);
      }),
    );

    it(
      'gives up at its deadline when no answer comes, and is well again with another producer',
      publishing(async ({ topic, publisher, lines }) => {
        await publisher.publish(outcomes(1));
        kafka.proxy.mute(true);
        await expect(publisher.publish(outcomes(1, 2))).rejects.toThrow('Kafka did not answer in time');
        kafka.proxy.mute(false);
        await publisher.publish(outcomes(1, 2));
        expect(new Set(ids(await topic.read()))).toEqual(new Set(['s-o1', 's-o2']));
        expect(lines.at(-1)?.message).toBe('Kafka did not take outcomes');
      }, 1_500),
    );

    it.each([
      ['notLeader', 6],
      ['notEnoughReplicas', 19],
      ['unknownServerError', -1],
      ['topicAuthorizationFailed', 29],
    ])('loses nothing when a send is answered with %s', (_name, code) =>
      publishing(async ({ topic, publisher }) => {
        kafka.proxy.fail('produce', code);
        await publisher.publish(outcomes(5)).catch(() => publisher.publish(outcomes(5)));
        await publisher.publish(outcomes(5, 6));
        expect(new Set(ids(await topic.read())).size).toBe(10);
      })(),
    );

    it(
      'waits while Kafka is away, and then tells what its cursor has not told yet',
      onTrail(async ({ store, grow }) => {
        const { log } = collectLog();
        const topic = await createTopicAt([kafka.broker.plaintext]);
        const client = createKafkaClient({ brokers: [kafka.proxy.address], ssl: false, sasl: null }, log);
        const publisher = createKafkaPublisher({ client, topic: topic.name, log });
        const backoff = { minDelayMs: 1, maxDelayMs: 1 };
        const relay = createRelay({ store, publisher, backoff, now: Date.now, log });
        await grow(50);
        kafka.proxy.leadTo('127.0.0.1:1');
        kafka.proxy.cut();
        await relay.tick();
        expect(relay.failures()).toBe(1);
        expect(publisher.trouble()?.code).toBe('unreachable');
        kafka.proxy.leadTo(kafka.broker.proxied);
        await until(relay.tick, (told) => told > 0);
        expect((await topic.read()).map(({ value }) => JSON.parse(value ?? '').position)).toEqual(
          Array.from({ length: 50 }, (_, n) => n + 1),
        );
        await publisher.close();
      }),
    );
  },
  ownKafkaAvailability(),
);

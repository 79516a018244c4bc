import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs';
import { type KafkaBroker, kafkaUser, startKafka } from './broker.ts';
import { ownKafkaAvailability } from './distribution.ts';
import { sharedBrokers } from './shared.ts';
import { describeKafka } from './suite.ts';

describeKafka('the shared broker', () => {
  it('gives back what was produced', async () => {
    const kafka = connectTo({ brokers: sharedBrokers() });
    const topic = await createTopic(kafka);
    await produce(kafka, topic, 'hello');
    expect(await consume(kafka, topic, 1)).toEqual(['hello']);
  });
});

describeKafka(
  'a broker of its own',
  () => {
    let broker: KafkaBroker;

    beforeAll(async () => {
      broker = await startKafka();
    }, 120_000);

    afterAll(() => broker.close());

    it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
      'lets a client in by %s with the right password only',
      async (mechanism) => {
        // Two objects made apart: kafkajs remembers the credentials in the object that it was given.
        const right = { mechanism, ...kafkaUser } as SASLOptions;
        const wrong = { ...right, password: 'wrong' } as SASLOptions;
        const brokers = [broker.sasl];
        await expect(listTopics(connectTo({ brokers, sasl: right }))).resolves.toBeDefined();
        await expect(listTopics(connectTo({ brokers, sasl: wrong }))).rejects.toMatchObject({
          name: 'KafkaJSSASLAuthenticationError',
        });
      },
    );

    it('proves itself over TLS to a client that trusts its certificate, and to no other', async () => {
      const brokers = [broker.tls];
      await expect(listTopics(connectTo({ brokers, ssl: { ca: broker.ca } }))).resolves.toBeDefined();
      await expect(listTopics(connectTo({ brokers, ssl: true }))).rejects.toThrow(/self-signed/);
    });

    it('keeps topics, records and address when it is stopped or killed and starts again', async () => {
      const kafka = connectTo({ brokers: [broker.plaintext] });
      const topic = await createTopic(kafka);
      await produce(kafka, topic, 'before');
      await broker.restart();
      await produce(kafka, topic, 'between');
      await broker.kill();
      await expect(listTopics(kafka)).rejects.toThrow(/ECONNREFUSED/);
      await broker.restart();
      await produce(kafka, topic, 'after');
      expect(await consume(kafka, topic, 3)).toEqual(['before', 'between', 'after']);
    });

    it('creates topics with as many partitions as asked', async () => {
      await broker.createTopic('three', 3);
      const admin = connectTo({ brokers: [broker.plaintext] }).admin();
      await admin.connect();
      expect(await admin.fetchTopicOffsets('three')).toHaveLength(3);
      await admin.disconnect();
    });
  },
  ownKafkaAvailability(),
);

function connectTo(config: KafkaConfig): Kafka {
  return new Kafka({ logLevel: logLevel.NOTHING, retry: { retries: 3, initialRetryTime: 50 }, ...config });
}

async function listTopics(kafka: Kafka): Promise<string[]> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}

async function createTopic(kafka: Kafka): Promise<string> {
  const topic = randomUUID();
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
  await admin.disconnect();
  return topic;
}

async function produce(kafka: Kafka, topic: string, value: string): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value }] });
  await producer.disconnect();
}

/** The first `count` values of the topic. */
async function consume(kafka: Kafka, topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: randomUUID(), retry: { retries: 10 } });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: string[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) reject(payload.error);
    });
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
      if (values.push(String(message.value)) === count) resolve();
    };
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  return values;
}

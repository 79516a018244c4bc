import { randomUUID } from 'node:crypto';
import { type Admin, type IHeaders, Kafka, logLevel, type Message } from 'kafkajs';
import { sharedBrokers } from './shared.ts';

/** A client of the test itself, beside the one that is tested. */
export function connectTo(brokers: readonly string[]): Kafka {
  return new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 10, initialRetryTime: 50, maxRetryTime: 500 },
  });
}

export interface TestTopic {
  readonly name: string;
  send(...messages: readonly Message[]): Promise<void>;
  /** How many records are in it. */
  size(): Promise<number>;
  /** Everything that is in it. */
  read(): Promise<readonly TestRecord[]>;
  /** The committed offset of every partition; -1 = none. */
  committed(groupId: string): Promise<readonly number[]>;
}

export interface TestRecord {
  readonly partition: number;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string | null;
}

/** A topic of the shared broker, of a new name unless told. */
export async function createTopic(partitions = 1, name = `test-${randomUUID()}`): Promise<TestTopic> {
  return createTopicAt(sharedBrokers(), partitions, name);
}

/** The same, of any broker. */
export async function createTopicAt(
  brokers: readonly string[],
  partitions = 1,
  name = `test-${randomUUID()}`,
): Promise<TestTopic> {
  const kafka = connectTo(brokers);
  const administer = <T>(work: (admin: Admin) => Promise<T>) => withAdmin(kafka, work);
  // kafkajs can wait for the leaders itself, but gives up when it asks before the broker knows its new topic.
  await administer((admin) =>
    admin.createTopics({ topics: [{ topic: name, numPartitions: partitions }], waitForLeaders: false }),
  );
  await until(
    () => size().catch(() => -1),
    (found) => found === 0,
  );
  async function size(): Promise<number> {
    const offsets = await administer((admin) => admin.fetchTopicOffsets(name));
    return offsets.reduce((sum, { offset }) => sum + Number(offset), 0);
  }
  return {
    name,
    async send(...messages) {
      const producer = kafka.producer();
      await producer.connect();
      await producer.send({ topic: name, messages: [...messages] });
      await producer.disconnect();
    },
    size,
    async read() {
      const total = await size();
      return total === 0 ? [] : readRecords(kafka, name, total);
    },
    async committed(groupId) {
      const [found] = await administer((admin) => admin.fetchOffsets({ groupId, topics: [name] }));
      return (found?.partitions ?? [])
        .sort((a, b) => a.partition - b.partition)
        .map(({ offset }) => Number(offset));
    },
  };
}

async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function readRecords(kafka: Kafka, topic: string, total: number): Promise<TestRecord[]> {
  const consumer = kafka.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const records: TestRecord[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
    consumer
      .run({
        eachBatch: async ({ batch }) => {
          for (const { key, headers = {}, value } of batch.messages) {
            records.push({
              partition: batch.partition,
              key: key?.toString() ?? null,
              headers: textOf(headers),
              value: value?.toString() ?? null,
            });
          }
          if (records.length >= total) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return records;
}

function textOf(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** Waits until something holds; fails with what it was last. */
export async function until<T>(
  read: () => T | Promise<T>,
  holds: (value: T) => boolean,
  ms = 15_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`it is still ${JSON.stringify(value)?.slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

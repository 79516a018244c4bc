import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { events } from '../../handlers/events.ts';
import { actions } from '../../src/core/intent.ts';
import { createKafkaIngress } from '../../src/ingress/kafka.ts';
import { createReceiver } from '../../src/ingress/receive.ts';
import { createKafkaClient } from '../../src/kafka/client.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { startKafka } from '../support/kafka/broker.ts';
import { connectTo, createTopicAt, type TestTopic } from '../support/kafka/topics.ts';
import { atLeast, type Figure, median } from './figure.ts';
import { inFolder } from './store.ts';

const count = 30_000;
const rounds = 3;
const silent = { info() {}, warn() {}, error() {} };

function event(n: number) {
  const data = { userIdType: 'email', userId: `p${n}@example.com`, subject: String(n), reason: 'last day' };
  const value = JSON.stringify({ type: 'user.resign', timestamp: new Date().toISOString(), data });
  return { key: String(n), value };
}

/**
 * Neutral events consumed to durable, as a share of what a bare kafkajs `eachBatch` loop does that inserts the raw
 * values into one SQLite table, one commit per batch. Rounds alternate, so that both meet the same machine.
 */
export async function measureKafka(): Promise<Figure[]> {
  const broker = await startKafka();
  try {
    const topic = await createTopicAt([broker.plaintext], 6);
    for (let next = 0; next < count; next += 2_000) {
      await topic.send(...Array.from({ length: 2_000 }, (_, n) => event(next + n)));
    }
    const perSecond = { bare: [] as number[], ours: [] as number[] };
    // The first round only warms up.
    for (let round = 0; round <= rounds; round += 1) {
      const bareMs = await inFolder((folder) => consumeBare(broker.plaintext, topic, folder));
      const oursMs = await inFolder((folder) => consumeOurs(broker.plaintext, topic, folder));
      if (round === 0) continue;
      perSecond.bare.push((count / bareMs) * 1_000);
      perSecond.ours.push((count / oursMs) * 1_000);
    }
    const value = median(perSecond.ours.map((rate, round) => rate / (perSecond.bare[round] ?? Number.NaN)));
    return [{ name: 'kafka.sqlite', value, target: atLeast(0.5), details: { rounds, count, perSecond } }];
  } finally {
    await broker.close();
  }
}

/** From joining the group, after which the first fetch follows, to the commit of the last batch; in milliseconds. */
async function consumeBare(broker: string, topic: TestTopic, folder: string): Promise<number> {
  const database = new DatabaseSync(join(folder, 'bare.db'));
  database.exec('pragma journal_mode = wal; pragma synchronous = full; create table raw (value blob)');
  const insert = database.prepare('insert into raw (value) values (?)');
  const consumer = connectTo([broker]).consumer({ groupId: randomUUID(), maxWaitTimeInMs: 500 });
  await consumer.connect();
  await consumer.subscribe({ topic: topic.name, fromBeginning: true });
  const stopwatch = createStopwatch();
  consumer.on(consumer.events.GROUP_JOIN, stopwatch.start);
  await consumer.run({
    eachBatch: async ({ batch }) => {
      database.exec('begin');
      for (const { value } of batch.messages) insert.run(value);
      database.exec('commit');
      stopwatch.count(batch.messages.length);
    },
  });
  const ms = await stopwatch.done;
  await consumer.disconnect();
  database.close();
  return ms;
}

/** The same through the door of the bridge. */
async function consumeOurs(broker: string, topic: TestTopic, folder: string): Promise<number> {
  const store = openSqliteStore({ path: join(folder, 'bridge.db') });
  const stopwatch = createStopwatch();
  const receiver = createReceiver({
    store,
    sources: new Map([
      ['topic', { id: 'topic', handler: events, settings: {}, actions, transport: 'kafka' as const }],
    ]),
    backlogLimit: 10 * count,
    policy: { maxEventAgeMs: 7 * 86_400_000, fourEyes: true, graceMs: 0 },
    now: Date.now,
    log: silent,
    onReceipt: () => stopwatch.count(1),
  });
  const client = createKafkaClient({ brokers: [broker], ssl: false, sasl: null }, silent);
  const ingress = createKafkaIngress({
    client: {
      consume: (options, signal) => client.consume({ ...options, onContact: stopwatch.start }, signal),
    },
    receiver,
    groupId: randomUUID(),
    topics: [{ topic: topic.name, source: 'topic', from: 'earliest' }],
    log: silent,
    random: Math.random,
  });
  ingress.start();
  const ms = await stopwatch.done;
  await ingress.stop();
  await store.close();
  return ms;
}

function createStopwatch() {
  const { promise, resolve } = Promise.withResolvers<number>();
  let startedAt: number | null = null;
  let counted = 0;
  return {
    done: promise,
    start() {
      startedAt ??= performance.now();
    },
    count(more: number) {
      counted += more;
      if (counted >= count && startedAt !== null) resolve(performance.now() - startedAt);
    },
  };
}

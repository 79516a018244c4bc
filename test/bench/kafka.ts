import { hash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
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

/** A bare kafkajs `eachBatch` loop that inserts into one SQLite table, one commit per batch. */
interface Loop {
  readonly table: string;
  readonly insert: string;
  row(value: Buffer): SQLInputValue[];
}

const raw: Loop = {
  table: 'create table raw (value blob)',
  insert: 'insert into raw (value) values (?)',
  row: (value) => [value],
};

/** The least that each event needs to become an intent: when it is due, whom it is about, and which event it is. */
const keyed: Loop = {
  table: `create table intents (due_at integer, person text, event text, facts text);
    create index intents_due on intents (due_at)`,
  insert: 'insert into intents (due_at, person, event, facts) values (?, ?, ?, ?)',
  row(value) {
    const { timestamp, data } = JSON.parse(value.toString());
    return [Date.parse(timestamp), digest(data.userId), digest(value), JSON.stringify(data)];
  },
};

const digest = (content: string | Buffer): string => hash('sha256', content, 'base64url');

/**
 * Neutral events consumed to durable, as a share of what a bare loop does with the raw values; and how much of that a
 * loop does that makes the least of intents, and checks and finds nothing: that is as far as a bridge could come on one
 * thread. Rounds alternate, so that all meet the same machine.
 */
export async function measureKafka(): Promise<Figure[]> {
  const broker = await startKafka();
  try {
    const topic = await createTopicAt([broker.plaintext], 6);
    for (let next = 0; next < count; next += 2_000) {
      await topic.send(...Array.from({ length: 2_000 }, (_, n) => event(next + n)));
    }
    const perSecond = { bare: [] as number[], keyed: [] as number[], ours: [] as number[] };
    // The first round only warms up.
    for (let round = 0; round <= rounds; round += 1) {
      const bareMs = await inFolder((folder) => consumeBare(broker.plaintext, topic, { folder, loop: raw }));
      const keyedMs = await inFolder((folder) =>
        consumeBare(broker.plaintext, topic, { folder, loop: keyed }),
      );
      const oursMs = await inFolder((folder) => consumeOurs(broker.plaintext, topic, folder));
      if (round === 0) continue;
      perSecond.bare.push((count / bareMs) * 1_000);
      perSecond.keyed.push((count / keyedMs) * 1_000);
      perSecond.ours.push((count / oursMs) * 1_000);
    }
    const share = (rates: readonly number[]): number =>
      median(rates.map((rate, round) => rate / (perSecond.bare[round] ?? Number.NaN)));
    const details = { rounds, count, perSecond };
    return [
      { name: 'kafka.sqlite', value: share(perSecond.ours), target: atLeast(0.5), details },
      { name: 'kafka.ceiling.sqlite', value: share(perSecond.keyed), target: null, details },
    ];
  } finally {
    await broker.close();
  }
}

/** From joining the group, after which the first fetch follows, to the commit of the last batch; in milliseconds. */
async function consumeBare(
  broker: string,
  topic: TestTopic,
  { folder, loop }: { readonly folder: string; readonly loop: Loop },
): Promise<number> {
  const database = new DatabaseSync(join(folder, 'bare.db'));
  database.exec(`pragma journal_mode = wal; pragma synchronous = full; ${loop.table}`);
  const insert = database.prepare(loop.insert);
  const consumer = connectTo([broker]).consumer({ groupId: randomUUID(), maxWaitTimeInMs: 500 });
  await consumer.connect();
  await consumer.subscribe({ topic: topic.name, fromBeginning: true });
  const stopwatch = createStopwatch();
  consumer.on(consumer.events.GROUP_JOIN, stopwatch.start);
  await consumer.run({
    eachBatch: async ({ batch }) => {
      database.exec('begin');
      for (const { value } of batch.messages) if (value) insert.run(...loop.row(value));
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

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createEmulator, type Emulator } from '../../src/emulator/emulator.ts';
import type { Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { type KafkaBroker, startKafka } from '../support/kafka/broker.ts';
import { ownKafkaAvailability } from '../support/kafka/distribution.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopicAt, type TestRecord, type TestTopic, until } from '../support/kafka/topics.ts';
import { type MortalBridge, prepareBridge } from './bridge-process.ts';

const people = 4_000;

/** The nth event: a CloudEvent in binary mode about one of the people, each of whom has several. */
function event(n: number) {
  const person = n % people;
  return {
    key: `person-${person}`,
    headers: {
      ce_specversion: '1.0',
      ce_id: String(n),
      ce_source: '/hr',
      ce_type: 'user.resign',
      ce_time: new Date().toISOString(),
      'content-type': 'application/json',
    },
    value: JSON.stringify({ userIdType: 'email', userId: `p${person}@example.com` }),
  };
}

async function sendEvents(topic: TestTopic, from: number, to: number): Promise<void> {
  const messages = Array.from({ length: to - from }, (_, n) => event(from + n));
  for (let next = 0; next < messages.length; next += 2_000) {
    await topic.send(...messages.slice(next, next + 2_000));
  }
}

/** The event ids of all intents of a store. */
async function eventsIn(store: Store): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await store.listIntents({
      statuses: null,
      person: null,
      source: null,
      cursor,
      limit: 5_000,
    });
    found.push(...page.items.map(({ eventId }) => eventId));
    cursor = page.next;
  } while (cursor);
  return found;
}

const eventIds = (count: number) => Array.from({ length: count }, (_, n) => `/hr ${n}`).sort();

describeKafka(
  'the bridge between two topics',
  () => {
    let broker: KafkaBroker;
    let emulator: Emulator;

    beforeAll(async () => {
      broker = await startKafka();
      emulator = createEmulator();
      emulator.addUsers(
        Array.from({ length: people }, (_, n) => ({
          userId: String(n).padStart(24, '0'),
          email: `p${n}@example.com`,
        })),
      );
      await emulator.start();
    }, 120_000);

    afterAll(async () => {
      await emulator.close();
      await broker.close();
    });

    interface Stage {
      readonly events: TestTopic;
      readonly outcomes: TestTopic;
      readonly groupId: string;
      /** A bridge with a store of its own. */
      bridge(): Promise<MortalBridge>;
      /** How many events the group has committed. */
      committed(): Promise<number>;
    }

    /** Two topics, and as many bridges as a test asks for; all are gone when it ends. */
    async function onStage(test: (stage: Stage) => Promise<void>): Promise<void> {
      const events = await createTopicAt([broker.plaintext], 6);
      const outcomes = await createTopicAt([broker.plaintext], 3);
      const groupId = `group-of-${events.name}`;
      const bridges: MortalBridge[] = [];
      const kafka = {
        brokers: [broker.plaintext],
        groupId,
        consume: [{ topic: events.name, source: 'topic', from: 'earliest' }],
        outcomes: { topic: outcomes.name },
      };
      async function bridge() {
        const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
        const one = await prepareBridge({ folder, emulator, kafka });
        bridges.push(one);
        return one;
      }
      async function committed() {
        const offsets = await events.committed(groupId);
        return offsets.reduce((sum, offset) => sum + Math.max(0, offset), 0);
      }
      try {
        await test({ events, outcomes, groupId, bridge, committed });
      } finally {
        for (const one of bridges) {
          await one.kill();
          await rm(one.folder, { recursive: true });
        }
      }
    }

    it(
      'takes in each of 20,000 events once, and publishes every outcome, through three crashes and a broken broker',
      () =>
        onStage(async ({ events, outcomes, bridge, committed }) => {
          const count = 20_000;
          const one = await bridge();
          const sending = sendEvents(events, 0, count / 2);
          for (const enough of [1_000, 4_000, 7_000]) {
            one.start();
            await until(committed, (done) => done >= enough, 40_000);
            await one.kill();
          }
          await sending;
          one.start();
          await until(committed, (done) => done >= count / 2, 40_000);
          await broker.kill();
          await broker.restart();
          await sendEvents(events, count / 2, count);
          await until(committed, (done) => done >= count, 40_000);
          await until(outcomes.size, (size) => size >= count, 60_000);
          expect(await one.stop()).toBe(0);

          const store = openSqliteStore({ path: join(one.folder, 'bridge.db') });
          const accepted = await eventsIn(store);
          await store.close();
          expect(accepted.sort()).toEqual(eventIds(count));
          checkOutcomes(await outcomes.read(), count);
        }),
      150_000,
    );

    it(
      'loses nothing when one of two bridges in a group, each with a store of its own, leaves in the middle',
      () =>
        onStage(async ({ events, bridge, committed }) => {
          const count = 6_000;
          const bridges = [await bridge(), await bridge()];
          const [leaver, stayer] = bridges;
          for (const one of bridges) await one.start().logged('Kafka is being consumed');
          const sending = sendEvents(events, 0, count);
          await until(committed, (done) => done >= 1_000);
          expect(await leaver?.stop()).toBe(0);
          await sending;
          await until(committed, (done) => done >= count, 40_000);
          expect(await stayer?.stop()).toBe(0);
          const accepted = new Set<string>();
          for (const one of bridges) {
            const store = openSqliteStore({ path: join(one.folder, 'bridge.db') });
            for (const id of await eventsIn(store)) accepted.add(id);
            await store.close();
          }
          expect([...accepted].sort()).toEqual(eventIds(count));
        }),
      60_000,
    );
  },
  ownKafkaAvailability(),
);

/** Complete; first occurrences in order by person; repeats under the same id only. */
function checkOutcomes(records: readonly TestRecord[], count: number): void {
  const ids = new Map<string, string>();
  const order = new Map<string, { event: number; position: number }[]>();
  for (const { key, headers, value } of records) {
    const { eventId, position } = JSON.parse(value ?? '');
    const id = headers.ce_id ?? '';
    const known = ids.get(id);
    expect(known ?? value).toBe(value);
    if (known) continue;
    ids.set(id, value ?? '');
    const own = order.get(key ?? '') ?? [];
    order.set(key ?? '', own);
    own.push({ event: Number(eventId.split(' ')[1]), position });
  }
  expect(ids.size).toBe(count);
  expect(order.size).toBe(people);
  const all = [...order.values()];
  expect(
    all.filter((own) => own.some((one, n) => n > 0 && one.position < (own[n - 1]?.position ?? 0))),
  ).toEqual([]);
  expect(all.filter((own) => own.some((one, n) => n > 0 && one.event < (own[n - 1]?.event ?? 0)))).toEqual(
    [],
  );
}

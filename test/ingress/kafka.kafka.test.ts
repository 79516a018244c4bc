import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { events } from '../../handlers/events.ts';
import { createKafkaIngress, type KafkaIngress, type TopicBinding } from '../../src/ingress/kafka.ts';
import { createKafkaClient } from '../../src/kafka/client.ts';
import { sharedBrokers } from '../support/kafka/shared.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopic, type TestTopic, until } from '../support/kafka/topics.ts';
import { deliveryOf, type House, inHouse, leaver, sourceOf } from './house.ts';

const sources = [
  sourceOf({ id: 'topic', handler: events, transport: 'kafka' }),
  sourceOf({ id: 'hr', transport: 'kafka' }),
];

interface Consuming {
  readonly house: House;
  readonly groupId?: string;
  readonly topics: readonly TopicBinding[];
}

function ingressOf({ house, groupId = randomUUID(), topics }: Consuming): KafkaIngress {
  const { receiver, log } = house;
  const client = createKafkaClient({ brokers: sharedBrokers(), ssl: false, sasl: null }, log);
  return createKafkaIngress({ client, receiver, groupId, topics, log, random: Math.random });
}

async function consuming(setting: Consuming, test: (ingress: KafkaIngress) => Promise<void>): Promise<void> {
  const ingress = ingressOf(setting);
  ingress.start();
  try {
    await test(ingress);
  } finally {
    await ingress.stop();
  }
}

const bind = ({ name }: TestTopic): TopicBinding => ({ topic: name, source: 'topic', from: 'earliest' });

const neutral = (email: string, type = 'user.resign') =>
  JSON.stringify({ type, timestamp: '2026-11-20T08:00:00Z', data: { userIdType: 'email', userId: email } });

/** The first identifier of every intent, in the order in which they came in. */
async function people({ store }: House): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const query = { statuses: null, person: null, source: null, cursor, limit: 500 };
    const page = await store.listIntents(query);
    found.push(...page.items.map(({ identifiers }) => identifiers[0]?.userId ?? ''));
    cursor = page.next;
  } while (cursor);
  return found.reverse();
}

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `p${n}@example.com`);

describeKafka('the Kafka ingress', () => {
  it(
    'keeps the events of a topic in order, and commits them',
    inHouse(
      async (house) => {
        const topic = await createTopic();
        const groupId = randomUUID();
        await topic.send(...numbered(1_200).map((email) => ({ value: neutral(email) })));
        await consuming({ house, groupId, topics: [bind(topic)] }, async () => {
          await until(
            () => topic.committed(groupId),
            ([offset]) => offset === 1_200,
          );
        });
        expect(await people(house)).toEqual(numbered(1_200));
      },
      { sources, backlogLimit: 100_000 },
    ),
  );

  it(
    'makes a dead letter of what it cannot read, passes over tombstones and foreign types, and goes on',
    inHouse(
      async (house) => {
        const topic = await createTopic();
        const values = [neutral('a@example.com'), '{"type":', null, neutral('b@example.com', 'user.created')];
        await topic.send(...[...values, neutral('c@example.com')].map((value) => ({ key: 'k', value })));
        await consuming({ house, topics: [bind(topic)] }, async () => {
          await until(
            () => house.receipts,
            ({ length }) => length === 5,
          );
        });
        expect(house.receipts.map(([, kind]) => kind).sort()).toEqual([
          'accepted',
          'accepted',
          'dead-letter',
          'ignored',
          'ignored',
        ]);
        expect(await people(house)).toEqual(['a@example.com', 'c@example.com']);
        const letters = await house.store.listDeadLetters({ cursor: null, limit: 10 });
        expect(letters.items).toMatchObject([
          { source: 'topic', eventId: `${topic.name}/0/1`, faults: ['body: is not JSON in UTF-8'] },
        ]);
        expect((await house.outcomes()).map(({ type }) => type)).toContain('delivery.dead_lettered');
      },
      { sources },
    ),
  );

  it(
    'takes the body of any sender that is relayed by a topic, whose word the broker is',
    inHouse(
      async (house) => {
        const topic = await createTopic();
        await topic.send({ value: JSON.stringify({ id: 'e1', people: [leaver('ada@example.com')] }) });
        await consuming({ house, topics: [{ ...bind(topic), source: 'hr' }] }, async () => {
          await until(
            () => people(house),
            ({ length }) => length === 1,
          );
        });
      },
      { sources },
    ),
  );

  it(
    'waits while the store can take no more, commits nothing meanwhile, and then goes on where it was',
    inHouse(
      async (house) => {
        const topic = await createTopic();
        const groupId = randomUUID();
        await house.receiver.receive('hr', deliveryOf({ people: [leaver('first@example.com')] }), {
          trusted: true,
        });
        house.clock.now += 10_000;
        await topic.send(...numbered(3).map((email) => ({ value: neutral(email) })));
        await consuming({ house, groupId, topics: [bind(topic)] }, async () => {
          await until(
            () => house.receipts,
            (receipts) => receipts.filter(([, kind]) => kind === 'busy').length > 3,
          );
          expect(await topic.committed(groupId)).toEqual([-1]);
          await house.settleDue();
          house.clock.now += 10_000;
          await until(
            () => topic.committed(groupId),
            ([offset]) => offset === 3,
          );
        });
        expect(await people(house)).toEqual(['first@example.com', ...numbered(3)]);
      },
      { sources, backlogLimit: 1 },
    ),
  );

  it(
    'begins at the end where it is told to, and from then on passes over nothing, even what came while it was away',
    inHouse(
      async (house) => {
        const topic = await createTopic(2);
        const groupId = randomUUID();
        const setting = { house, groupId, topics: [{ ...bind(topic), from: 'latest' as const }] };
        await topic.send({ value: neutral('before@example.com'), partition: 0 });
        await consuming(setting, async () => {
          await until(
            () => house.lines,
            (lines) => lines.some(({ message }) => message === 'Kafka is being consumed'),
          );
        });
        await topic.send({ value: neutral('between@example.com'), partition: 0 });
        await topic.send({ value: neutral('beside@example.com'), partition: 1 });
        await consuming(setting, async () => {
          await until(
            () => people(house),
            ({ length }) => length === 2,
          );
        });
        expect((await people(house)).sort()).toEqual(['beside@example.com', 'between@example.com']);
      },
      { sources },
    ),
  );

  it(
    'names a topic that does not exist, keeps trying, and consumes it once it does',
    inHouse(
      async (house) => {
        const name = `test-${randomUUID()}`;
        const topics = [{ topic: name, source: 'topic', from: 'earliest' as const }];
        await consuming({ house, topics }, async (ingress) => {
          await until(
            () => ingress.trouble()?.code,
            (code) => code === 'no_such_topic',
          );
          const topic = await createTopic(1, name);
          await topic.send({ value: neutral('ada@example.com') });
          await until(
            () => people(house),
            ({ length }) => length === 1,
          );
          expect(ingress.trouble()).toBeNull();
        });
      },
      { sources },
    ),
  );
});

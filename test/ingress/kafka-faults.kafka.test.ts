import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { events } from '../../handlers/events.ts';
import { createKafkaIngress, type KafkaIngress } from '../../src/ingress/kafka.ts';
import { createKafkaClient } from '../../src/kafka/client.ts';
import { ownKafkaAvailability } from '../support/kafka/distribution.ts';
import { useProxiedKafka } from '../support/kafka/proxied.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopicAt, type TestTopic, until } from '../support/kafka/topics.ts';
import { type House, inHouse, sourceOf } from './house.ts';

/** Of Kafka's protocol. */
const fetchErrors = {
  notLeader: 6,
  topicAuthorizationFailed: 29,
  storageError: 56,
};
const heartbeatErrors = {
  illegalGeneration: 22,
  rebalanceInProgress: 27,
  groupAuthorizationFailed: 30,
};
const unknownMember = 25;

const sources = [sourceOf({ id: 'topic', handler: events, transport: 'kafka' })];
const neutral = (n: number) => ({
  value: JSON.stringify({
    type: 'user.resign',
    timestamp: '2026-11-20T08:00:00Z',
    data: { userIdType: 'email', userId: `p${n}@example.com` },
  }),
});

describeKafka(
  'the Kafka ingress, when Kafka fails it',
  () => {
    const kafka = useProxiedKafka();

    interface Scene {
      readonly house: House;
      readonly topic: TestTopic;
      readonly ingress: KafkaIngress;
      /** Sends one more event, and waits until it was taken in. */
      takesOneMore(): Promise<void>;
    }

    /** A consumer at work behind the proxy, which has taken in its first event. */
    function atWork(test: (scene: Scene) => Promise<void>, stallMs?: number): () => Promise<void> {
      return inHouse(
        async (house) => {
          const { receiver, log } = house;
          const topic = await createTopicAt([kafka.broker.plaintext]);
          const client = createKafkaClient({ brokers: [kafka.proxy.address], ssl: false, sasl: null }, log);
          const ingress = createKafkaIngress({
            client,
            receiver,
            groupId: randomUUID(),
            topics: [{ topic: topic.name, source: 'topic', from: 'earliest' }],
            log,
            random: () => 0,
            ...(stallMs === undefined ? {} : { stallMs }),
          });
          let sent = 0;
          const takesOneMore = async () => {
            sent += 1;
            await topic.send(neutral(sent));
            await until(
              () => accepted(house),
              (count) => count === sent,
            );
          };
          ingress.start();
          try {
            await takesOneMore();
            await test({ house, topic, ingress, takesOneMore });
          } finally {
            await ingress.stop();
          }
        },
        { sources },
      );
    }

    const accepted = ({ receipts }: House) => receipts.filter(([, kind]) => kind === 'accepted').length;

    it.each(Object.entries(fetchErrors))(
      'goes on by itself after a fetch is answered with %s',
      (_name, code) =>
        atWork(async ({ takesOneMore }) => {
          kafka.proxy.fail('fetch', code, 3);
          await takesOneMore();
          await until(kafka.proxy.pending, (left) => left === 0);
          await takesOneMore();
        })(),
    );

    it.each(Object.entries(heartbeatErrors))(
      'goes on by itself after a heartbeat is answered with %s',
      (_name, code) =>
        atWork(async ({ takesOneMore }) => {
          kafka.proxy.fail('heartbeat', code);
          await until(kafka.proxy.pending, (left) => left === 0);
          await takesOneMore();
        })(),
    );

    it(
      'joins again when the group has forgotten it, as soon as the group has forgotten its former self',
      atWork(async ({ takesOneMore }) => {
        kafka.proxy.fail('heartbeat', unknownMember);
        await until(kafka.proxy.pending, (left) => left === 0);
        await takesOneMore();
      }),
      30_000,
    );

    it(
      'goes on by itself after its connections are cut',
      atWork(async ({ takesOneMore }) => {
        kafka.proxy.cut();
        await takesOneMore();
      }),
    );

    it(
      'replaces a consumer that gets no more answers, says so meanwhile, and is well again after',
      atWork(async ({ ingress, house, takesOneMore }) => {
        kafka.proxy.mute(true);
        await until(
          () => ingress.trouble()?.code,
          (code) => code === 'silent',
          20_000,
        );
        kafka.proxy.mute(false);
        await takesOneMore();
        expect(ingress.trouble()).toBeNull();
        expect(ingress.contactAgeMs()).toBeLessThan(5_000);
        expect(house.lines.filter(({ message }) => message === 'Kafka is being consumed')).toHaveLength(2);
      }, 4_000),
      45_000,
    );
  },
  ownKafkaAvailability(),
);

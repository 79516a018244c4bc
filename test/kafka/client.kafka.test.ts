import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createKafkaClient } from '../../src/kafka/client.ts';
import type { KafkaFault, KafkaSettings, SaslSettings } from '../../src/kafka/port.ts';
import { collectLog } from '../ingress/house.ts';
import { type KafkaBroker, kafkaUser, startKafka } from '../support/kafka/broker.ts';
import { ownKafkaAvailability } from '../support/kafka/distribution.ts';
import { chooseFreePorts } from '../support/kafka/free-ports.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopicAt, type TestTopic } from '../support/kafka/topics.ts';

const mechanisms: readonly SaslSettings['mechanism'][] = ['plain', 'scram-sha-256', 'scram-sha-512'];

describeKafka(
  'the Kafka client',
  () => {
    let broker: KafkaBroker;
    let topic: TestTopic;

    beforeAll(async () => {
      broker = await startKafka();
      topic = await createTopicAt([broker.plaintext]);
    }, 120_000);

    afterAll(() => broker.close());

    const clientOf = (settings: Partial<KafkaSettings>) =>
      createKafkaClient(
        { brokers: [broker.plaintext], ssl: false, sasl: null, ...settings },
        collectLog().log,
      );

    /** Sends one record and consumes the topic until that is there. @returns what went wrong */
    async function roundTrip(settings: Partial<KafkaSettings>): Promise<KafkaFault | null> {
      const client = clientOf(settings);
      const producer = client.openProducer();
      const value = randomUUID();
      const failed = await producer.send(topic.name, [{ key: 'k', headers: {}, value }]);
      await producer.close();
      return failed ?? consumeUntil(settings, value);
    }

    async function consumeUntil(settings: Partial<KafkaSettings>, value: string, name = topic.name) {
      const found = new AbortController();
      const groupId = randomUUID();
      return clientOf(settings).consume(
        {
          groupId,
          topics: [{ topic: name, from: 'earliest' }],
          onBatch: async ({ records }) => {
            if (records.some((one) => one.value?.toString() === value)) found.abort();
          },
          onContact: () => {},
        },
        found.signal,
      );
    }

    it.each(mechanisms)('proves who it is by %s', async (mechanism) => {
      const sasl = { mechanism, ...kafkaUser };
      expect(await roundTrip({ brokers: [broker.sasl], sasl })).toBeNull();
      expect(sasl).toEqual({ mechanism, ...kafkaUser });
    });

    it.each(mechanisms)(
      'says by %s that its credentials are refused, to send and to consume',
      async (mechanism) => {
        const settings = { brokers: [broker.sasl], sasl: { mechanism, ...kafkaUser, password: 'wrong' } };
        for (const fault of [await roundTrip(settings), await consumeUntil(settings, '')]) {
          expect(fault?.code).toBe('credentials_refused');
          expect(JSON.stringify(fault)).not.toContain('wrong');
        }
      },
    );

    it('speaks TLS with a broker whose certificate it was told to trust', async () => {
      expect(await roundTrip({ brokers: [broker.tls], ssl: { ca: broker.ca } })).toBeNull();
    });

    it('does not speak with a broker that it cannot trust', async () => {
      const fault = await roundTrip({ brokers: [broker.tls], ssl: true });
      expect(fault).toEqual({
        code: 'unreachable',
        message: `Kafka cannot be reached at ${broker.tls} (DEPTH_ZERO_SELF_SIGNED_CERT)`,
      });
    });

    it('says that a broker cannot be reached, to send and to consume', async () => {
      const [port] = await chooseFreePorts(1);
      const settings = { brokers: [`127.0.0.1:${port}`] };
      const fault = {
        code: 'unreachable',
        message: `Kafka cannot be reached at 127.0.0.1:${port} (ECONNREFUSED)`,
      };
      expect(await roundTrip(settings)).toEqual(fault);
      expect(await consumeUntil(settings, '')).toEqual(fault);
    });

    it('finds out what is there, and who may not come in, and creates nothing', async () => {
      const wanted = [topic.name, 'no-such-topic'];
      const found = {
        fault: null,
        topics: [
          { topic: topic.name, fault: null },
          { topic: 'no-such-topic', fault: expect.objectContaining({ code: 'no_such_topic' }) },
        ],
      };
      expect(await clientOf({}).probe(wanted)).toEqual(found);
      expect(await clientOf({}).probe(wanted)).toEqual(found);
      const sasl = { mechanism: 'plain', ...kafkaUser, password: 'wrong' } as const;
      const refused = await clientOf({ brokers: [broker.sasl], sasl }).probe(wanted);
      expect(refused).toMatchObject({ fault: { code: 'credentials_refused' }, topics: [] });
    });

    it('says that a topic does not exist, and creates none', async () => {
      const producer = clientOf({}).openProducer();
      const fault = await producer.send('no-such-topic', [{ key: 'k', headers: {}, value: 'v' }]);
      await producer.close();
      expect(fault?.code).toBe('no_such_topic');
      expect((await consumeUntil({}, '', 'no-such-topic'))?.code).toBe('no_such_topic');
    });
  },
  ownKafkaAvailability(),
);

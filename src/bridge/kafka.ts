import type { Config } from '../config.ts';
import type { Log } from '../core/log.ts';
import type { Trouble } from '../core/trouble.ts';
import { createKafkaIngress, type KafkaIngress } from '../ingress/kafka.ts';
import type { ConsumerCondition } from '../ingress/metrics.ts';
import type { Receiver } from '../ingress/receive.ts';
import { createKafkaClient } from '../kafka/client.ts';
import { createKafkaPublisher } from '../publishers/kafka.ts';
import type { Publisher } from '../publishers/relay.ts';

/** What Kafka is to the bridge: a way in, a publisher, or both. */
export interface KafkaRooms {
  readonly publishers: readonly Publisher[];
  startConsuming(receiver: Receiver): void;
  stopConsuming(): Promise<void>;
  /** What of it does not work. */
  troubles(): Trouble[];
  /** How the consumer is; `null` when no topic is consumed. */
  consumer(): ConsumerCondition | null;
  close(): Promise<void>;
}

interface KafkaRoomsOptions {
  readonly log: Log;
  readonly random: () => number;
}

/** Connects to nothing yet, and never fails: that Kafka is away is a trouble. */
export function createKafkaRooms(
  config: NonNullable<Config['kafka']>,
  { log, random }: KafkaRoomsOptions,
): KafkaRooms {
  const { groupId, consume: topics, outcomes } = config;
  const client = createKafkaClient(config, log);
  const publisher = outcomes && createKafkaPublisher({ client, topic: outcomes.topic, log });
  let ingress: KafkaIngress | null = null;

  return {
    publishers: publisher ? [publisher] : [],
    startConsuming(receiver) {
      if (topics.length === 0) return;
      ingress = createKafkaIngress({ client, receiver, groupId, topics, log, random });
      ingress.start();
    },
    async stopConsuming() {
      await ingress?.stop();
    },
    troubles() {
      const found = [
        { where: 'topics', fault: ingress?.trouble() },
        { where: 'outcomes', fault: publisher?.trouble() },
      ];
      return found.flatMap(({ where, fault }): Trouble[] =>
        fault ? [{ code: `kafka_${fault.code}`, about: where, message: `${where}: ${fault.message}` }] : [],
      );
    },
    consumer: () => ingress && { contactAgeMs: ingress.contactAgeMs(), lags: ingress.lags() },
    async close() {
      await publisher?.close();
    },
  };
}

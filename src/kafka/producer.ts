import type { Kafka } from 'kafkajs';
import { faultOf } from './fault.ts';
import type { KafkaProducer } from './port.ts';

/** All in-sync replicas. */
const acks = -1;
/** Few: whoever sends repeats the same with another producer. */
const retry = { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 };

/**
 * See `KafkaClient.openProducer`. It is not kafkajs' idempotent producer: after a rejection that one takes the next
 * messages for a repeat of the rejected ones, and the broker drops them without a word.
 */
export function openProducer(kafka: Kafka): KafkaProducer {
  const producer = kafka.producer({ allowAutoTopicCreation: false, maxInFlightRequests: 1, retry });
  let connected: Promise<void> | null = null;
  return {
    async send(topic, messages) {
      try {
        connected ??= producer.connect();
        await connected;
        await producer.send({ topic, acks, messages: messages.map((one) => ({ ...one })) });
        return null;
      } catch (error) {
        return faultOf(error);
      }
    },
    async close() {
      await producer.disconnect().catch(() => {});
    },
  };
}

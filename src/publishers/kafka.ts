import { within } from '../core/deadline.ts';
import type { Log } from '../core/log.ts';
import type { Outcome } from '../core/outcome.ts';
import type { KafkaClient, KafkaFault, KafkaMessage, KafkaProducer } from '../kafka/port.ts';
import type { HopOf, Publisher } from './relay.ts';

export interface KafkaPublisherOptions {
  readonly client: Pick<KafkaClient, 'openProducer'>;
  readonly topic: string;
  readonly log: Log;
  /** How long one publish may take, which must be less than the relay's lease; 30 s unless told. */
  readonly deadlineMs?: number;
}

export interface KafkaPublisher extends Publisher {
  /** What kept the last publish from working; `null` = nothing did. */
  trouble(): KafkaFault | null;
  close(): Promise<void>;
}

/** Half of what a broker takes at once by default, because it counts its own framing too. */
const maxSendBytes = 524_288;
const defaultDeadlineMs = 30_000;
const tooLate: KafkaFault = { code: 'unreachable', message: 'Kafka did not answer in time' };

/**
 * Publishes outcomes as CloudEvents in binary mode, in order, one send at a time. What became of a send that failed is
 * not known, and its producer may still be at it; so that one is thrown away, and another repeats the same outcomes.
 */
export function createKafkaPublisher(options: KafkaPublisherOptions): KafkaPublisher {
  const { client, topic, log, deadlineMs = defaultDeadlineMs } = options;
  let producer: KafkaProducer | null = null;
  let fault: KafkaFault | null = null;

  async function sendAll(
    sender: KafkaProducer,
    messages: readonly KafkaMessage[],
  ): Promise<KafkaFault | null> {
    for (const some of inSends(messages)) {
      const failed = await sender.send(topic, some);
      // After the deadline nobody waits for this any more, and another producer is at the same outcomes.
      if (failed || sender !== producer) return failed ?? tooLate;
    }
    return null;
  }

  return {
    name: 'kafka',
    async publish(outcomes, hopOf = ({ traceparent }) => traceparent) {
      const sender = producer ?? client.openProducer();
      producer = sender;
      const messages = outcomes.map((one) => messageOf(one, hopOf));
      fault = await within(sendAll(sender, messages), deadlineMs, tooLate);
      if (!fault) return;
      producer = null;
      void sender.close();
      log.warn({ topic, code: fault.code, reason: fault.message }, 'Kafka did not take outcomes');
      throw new Error(fault.message);
    },
    trouble: () => fault,
    async close() {
      const last = producer;
      producer = null;
      await last?.close();
    },
  };
}

/** In order, and each of a size that a broker takes. */
function inSends(messages: readonly KafkaMessage[]): KafkaMessage[][] {
  const sends: KafkaMessage[][] = [];
  let room = 0;
  for (const message of messages) {
    const bytes = Buffer.byteLength(message.value);
    if (bytes > room) {
      sends.push([]);
      room = maxSendBytes;
    }
    sends.at(-1)?.push(message);
    room -= bytes;
  }
  return sends;
}

/**
 * An outcome as a record. The key keeps the outcomes of one person in order; what concerns no person goes by its
 * source. Source: github.com/cloudevents/spec, cloudevents/bindings/kafka-protocol-binding.md.
 */
function messageOf(outcome: Outcome, hopOf: HopOf): KafkaMessage {
  const { data, datacontenttype, ...attributes } = outcome;
  const headers: Record<string, string> = { 'content-type': datacontenttype };
  for (const [name, value] of Object.entries(attributes)) if (value) headers[`ce_${name}`] = value;
  // The attribute says in which trace it began; the header, which trace this record is a hop of.
  const hop = hopOf(outcome);
  if (hop !== undefined) headers.traceparent = hop;
  return { key: 'person' in data ? data.person : data.source, headers, value: JSON.stringify(data) };
}

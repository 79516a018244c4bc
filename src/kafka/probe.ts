import type { Kafka } from 'kafkajs';
import { faultOf } from './fault.ts';
import type { KafkaProbe } from './port.ts';

/** See `KafkaClient.probe`. An admin client of kafkajs never lets a broker create a topic that is asked about. */
export async function probe(kafka: Kafka, topics: readonly string[]): Promise<KafkaProbe> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const found: { topic: string; fault: KafkaProbe['fault'] }[] = [];
    for (const topic of topics) {
      const fault = await admin.fetchTopicMetadata({ topics: [topic] }).then(() => null, faultOf);
      found.push({ topic, fault });
    }
    return { fault: null, topics: found };
  } catch (error) {
    return { fault: faultOf(error), topics: [] };
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

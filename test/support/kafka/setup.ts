import { type KafkaBroker, startKafka } from './broker.ts';
import { kafkaAvailability } from './distribution.ts';

declare global {
  /** From the setup to the teardown of the Jest project, which share nothing else. */
  var sharedKafka: KafkaBroker | undefined;
}

/** Runs once, and only if a `*.kafka.test.ts` is among the tests to run: one broker for all of them. */
export default async function startSharedKafka(): Promise<void> {
  if (process.env.KAFKA_BROKERS || !kafkaAvailability().available) return;
  globalThis.sharedKafka = await startKafka();
  process.env.KAFKA_BROKERS = globalThis.sharedKafka.plaintext;
}

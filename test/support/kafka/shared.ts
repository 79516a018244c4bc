/** The addresses of the broker that all Kafka tests share; give topics and groups names of your own. */
export function sharedBrokers(): string[] {
  const brokers = process.env.KAFKA_BROKERS;
  if (!brokers) throw new Error('KAFKA_BROKERS is set by the setup of the Jest project `kafka`');
  return brokers.split(',');
}

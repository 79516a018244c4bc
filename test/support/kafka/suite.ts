import { describe } from '@jest/globals';
import { type Availability, kafkaAvailability } from './distribution.ts';

/**
 * `describe` for tests that need a Kafka: on a machine that cannot have one they are skipped and say why, in CI they
 * fail. Tests that start one of their own pass `ownKafkaAvailability()`.
 */
export function describeKafka(
  title: string,
  body: () => void,
  availability: Availability = kafkaAvailability(),
): void {
  if (availability.available) {
    describe(title, body);
    return;
  }
  const { reason } = availability;
  if (process.env.CI === 'true') throw new Error(reason);
  process.stderr.write(`Skipped: ${title} (${reason})\n`);
  describe.skip(`${title} (${reason})`, body);
}

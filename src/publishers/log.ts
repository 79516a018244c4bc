import type { Log } from '../core/log.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Publisher } from './relay.ts';

/** Writes a line for each outcome; it says what became of an intent, and nothing of whom it is about. */
export function createLogPublisher(log: Log): Publisher {
  return {
    name: 'log',
    async publish(outcomes) {
      for (const outcome of outcomes) log.info(factsOf(outcome), 'outcome');
    },
  };
}

function factsOf({ type, data }: Outcome): object {
  const { source, position } = data;
  if (!('intentId' in data)) return { type, source, position };
  return { type, intentId: data.intentId, source, position, failure: data.failure?.code ?? null };
}

import { z } from 'zod';
import {
  defineHandler,
  type IntentDraft,
  MalformedDelivery,
  readNeutralEvent,
  UnverifiedDelivery,
} from '../src/core/handler.ts';
import { type CloudEvent, contextFaults, readRecord } from './events/cloud-event.ts';

const settings = z.object({});

/**
 * The neutral event in a Kafka record: as a CloudEvent 1.0 in binary or structured mode, or as the plain JSON object.
 * The broker vouches for it, so there is nothing to verify, and nothing that comes in another way is believed.
 * Source: github.com/cloudevents/spec, cloudevents/bindings/kafka-protocol-binding.md.
 */
export const events = defineHandler<z.output<typeof settings>>({
  settings,
  transport: 'kafka',

  verify() {
    throw new UnverifiedDelivery('only a Kafka topic can vouch for this source');
  },

  /** Unique are only both together. A source is a URI reference, so the blank belongs to neither. */
  eventId(delivery) {
    const content = readRecord(delivery);
    if (content.kind === 'plain' || contextFaults(content.event).length > 0) return null;
    return `${content.event.source} ${content.event.id}`;
  },

  normalize(delivery) {
    const content = readRecord(delivery);
    if (content.kind === 'plain') return interpret(content.body);
    const { event } = content;
    const { type, time } = event;
    // Before anything else: the data of another type may be in any format.
    if (readNeutralEvent({ type }).kind === 'foreign') return [];
    return interpret({ type, timestamp: time, data: event.data() }, event);
  },
});

/** @param event the CloudEvent that carries it, if one does */
function interpret(neutral: unknown, event: CloudEvent | null = null): IntentDraft[] {
  const reading = readNeutralEvent(neutral);
  if (reading.kind === 'foreign') return [];
  const faults = event ? contextFaults(event) : [];
  if (reading.kind === 'intent' && faults.length === 0) return [reading.draft];
  const others = reading.kind === 'faults' ? reading.faults : [];
  // What the neutral event calls its timestamp, the sender has given as the time.
  throw new MalformedDelivery(
    ...faults,
    ...others.map((fault) => (event ? fault.replace(/^timestamp:/, 'time:') : fault)),
  );
}

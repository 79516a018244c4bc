import { z } from 'zod';
import {
  type Delivery,
  defineHandler,
  type IntentDraft,
  MalformedDelivery,
  parseJsonBody,
  readNeutralEvent,
  UnverifiedDelivery,
} from '../src/core/handler.ts';

const settings = z.object({});

/** A CloudEvent as it came, nothing of it checked. */
interface CloudEvent {
  readonly specversion: unknown;
  readonly id: unknown;
  readonly source: unknown;
  readonly type: unknown;
  readonly time: unknown;
  /** @throws MalformedDelivery */
  readonly data: () => unknown;
}

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
    const event = readCloudEvent(delivery);
    return event && contextFaults(event).length === 0 ? `${event.source} ${event.id}` : null;
  },

  normalize(delivery) {
    const event = readCloudEvent(delivery);
    if (!event) return interpret(parseJsonBody(delivery));
    const { type, time } = event;
    // Before anything else: the data of another type may be in any format.
    if (readNeutralEvent({ type }).kind === 'foreign') return [];
    return interpret({ type, timestamp: time, data: event.data() }, event);
  },
});

/** `null` when it is no CloudEvent. @throws MalformedDelivery */
function readCloudEvent(delivery: Delivery): CloudEvent | null {
  const { headers } = delivery;
  const mediaType = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (mediaType.startsWith('application/cloudevents')) {
    if (mediaType !== 'application/cloudevents+json') {
      throw new MalformedDelivery('content-type: is a CloudEvent in another format than JSON');
    }
    const event = parseJsonBody(delivery);
    if (!isMapping(event)) throw new MalformedDelivery('body: is not a CloudEvent');
    return structuredEvent(event);
  }
  if (headers.ce_specversion !== undefined) return binaryEvent(delivery);
  const body = parseJsonBody(delivery);
  return isMapping(body) && body.specversion !== undefined ? structuredEvent(body) : null;
}

function structuredEvent(event: Readonly<Record<string, unknown>>): CloudEvent {
  const { specversion, id, source, type, time, data } = event;
  return { specversion, id, source, type, time, data: () => data };
}

function binaryEvent(delivery: Delivery): CloudEvent {
  const { ce_specversion, ce_id, ce_source, ce_type, ce_time } = delivery.headers;
  return {
    specversion: ce_specversion,
    id: ce_id,
    source: ce_source,
    type: ce_type,
    time: ce_time,
    data: () => parseJsonBody(delivery),
  };
}

function contextFaults({ specversion, id, source }: CloudEvent): string[] {
  const faults: string[] = [];
  if (specversion !== '1.0') faults.push('specversion: is not 1.0');
  if (typeof id !== 'string' || id === '') faults.push('id: is required');
  if (typeof source !== 'string' || !/^\S+$/.test(source)) faults.push('source: is not a URI reference');
  return faults;
}

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

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

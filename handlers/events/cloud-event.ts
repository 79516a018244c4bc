import { type Delivery, MalformedDelivery, parseJsonBody } from '../../src/core/handler.ts';

/** A CloudEvent as it came, nothing of it checked. */
export interface CloudEvent {
  readonly specversion: unknown;
  readonly id: unknown;
  readonly source: unknown;
  readonly type: unknown;
  readonly time: unknown;
  /** @throws MalformedDelivery */
  readonly data: () => unknown;
}

/** A record as it came: a CloudEvent, or any other JSON. */
export type KafkaRecordContent =
  | { readonly kind: 'cloud-event'; readonly event: CloudEvent }
  | { readonly kind: 'plain'; readonly body: unknown };

const readBefore = new WeakMap<Delivery, KafkaRecordContent>();

/** Reads a record once, however often it is asked what is in it. @throws MalformedDelivery */
export function readRecord(delivery: Delivery): KafkaRecordContent {
  let content = readBefore.get(delivery);
  if (!content) {
    content = readContent(delivery);
    readBefore.set(delivery, content);
  }
  return content;
}

function readContent(delivery: Delivery): KafkaRecordContent {
  const { headers } = delivery;
  const mediaType = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (mediaType.startsWith('application/cloudevents')) {
    if (mediaType !== 'application/cloudevents+json') {
      throw new MalformedDelivery('content-type: is a CloudEvent in another format than JSON');
    }
    const event = parseJsonBody(delivery);
    if (!isMapping(event)) throw new MalformedDelivery('body: is not a CloudEvent');
    return { kind: 'cloud-event', event: structuredEvent(event) };
  }
  if (headers.ce_specversion !== undefined) return { kind: 'cloud-event', event: binaryEvent(delivery) };
  const body = parseJsonBody(delivery);
  return isMapping(body) && body.specversion !== undefined
    ? { kind: 'cloud-event', event: structuredEvent(body) }
    : { kind: 'plain', body };
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

/** What keeps it from being a CloudEvent 1.0. */
export function contextFaults({ specversion, id, source }: CloudEvent): string[] {
  const faults: string[] = [];
  if (specversion !== '1.0') faults.push('specversion: is not 1.0');
  if (typeof id !== 'string' || id === '') faults.push('id: is required');
  if (typeof source !== 'string' || !/^\S+$/.test(source)) faults.push('source: is not a URI reference');
  return faults;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

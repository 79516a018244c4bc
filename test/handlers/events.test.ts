import { describe, expect, it } from '@jest/globals';
import { CloudEvent, Kafka } from 'cloudevents';
import { events } from '../../handlers/events.ts';
import { type Delivery, MalformedDelivery, UnverifiedDelivery } from '../../src/core/handler.ts';
import { readFixture, testReading, testSettings } from './handler-suite.ts';

const structured = JSON.parse(readFixture('events/structured.json'));
const { data, ...attributes } = structured;
const plain = { type: 'user.resign', timestamp: structured.time, data };
const resign = {
  action: 'resign' as const,
  identifiers: [{ userIdType: 'external_id' as const, userId: '12345' }],
  subject: '1001',
  reason: 'offboarded',
  occurredAt: Date.parse('2026-11-20T08:00:00Z'),
};

const record = (body: string | Buffer, headers: Record<string, string> = {}): Delivery => ({
  method: 'POST',
  query: {},
  headers,
  body: Buffer.from(body),
  position: 'hr.events/0/7',
});

const structuredType = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };
const binaryHeaders = (more: object = {}): Record<string, string> => ({
  'content-type': 'application/json',
  ...Object.fromEntries(
    Object.entries({ ...attributes, ...more }).map(([name, value]) => [`ce_${name}`, `${value}`]),
  ),
});

const normalize = (delivery: Delivery) => events.normalize(delivery, {});
const eventId = (delivery: Delivery) => events.eventId?.(delivery, {});

/** The faults for which a record cannot be read. */
function faultsOf(delivery: Delivery): readonly string[] {
  try {
    normalize(delivery);
  } catch (error) {
    if (error instanceof MalformedDelivery) return error.faults;
  }
  return [];
}

describe('every handler: events', () => {
  testSettings(events);

  describe('structured', () => {
    testReading({
      handler: events,
      settings: {},
      delivery: (body) => record(body, structuredType),
      bodies: {
        genuine: readFixture('events/structured.json'),
        intents: [resign],
        foreign: readFixture('events/foreign.json'),
        unreadable: JSON.stringify({ ...structured, data: { userId: '12345' } }),
      },
    });
  });

  describe('binary', () => {
    testReading({
      handler: events,
      settings: {},
      delivery: (body) =>
        record(body, binaryHeaders(body === '<xml/>' ? { type: 'com.example.someevent' } : {})),
      bodies: {
        genuine: JSON.stringify(data),
        intents: [resign],
        foreign: '<xml/>',
        unreadable: JSON.stringify({ userId: '12345' }),
      },
    });
  });
});

describe('events', () => {
  it('believes nothing that comes in another way than by a topic', () => {
    expect(events.transport).toBe('kafka');
    const now = Date.parse('2026-11-20T08:00:01Z');
    expect(() => events.verify(record(JSON.stringify(plain)), {}, now)).toThrow(UnverifiedDelivery);
  });

  it('reads the plain neutral event, which has no id of its own', () => {
    expect(normalize(record(JSON.stringify(plain)))).toEqual([resign]);
    expect(eventId(record(JSON.stringify(plain)))).toBeNull();
  });

  it('reads a CloudEvent in structured mode also when its sender set no content type', () => {
    expect(normalize(record(JSON.stringify(structured)))).toEqual([resign]);
  });

  it('reads what the CloudEvents SDK sends, in both modes', () => {
    const event = new CloudEvent({ ...attributes, data });
    for (const message of [Kafka.binary(event), Kafka.structured(event)]) {
      const set = Object.entries(message.headers).filter(([, value]) => value !== undefined);
      const headers = Object.fromEntries(set.map(([name, value]) => [name.toLowerCase(), String(value)]));
      const { value } = message;
      const delivery = record(typeof value === 'string' ? value : JSON.stringify(value), headers);
      expect(normalize(delivery)).toEqual([resign]);
      expect(eventId(delivery)).toBe('/hr/offboarding 01JX0000000000000000000001');
    }
  });

  it('goes by source and id together, because neither is unique alone', () => {
    const ids = [{}, { id: '2' }, { source: '/it' }].map((more) =>
      eventId(record('{}', binaryHeaders(more))),
    );
    expect(new Set(ids).size).toBe(3);
    const spaced = { source: '/hr/offboarding 01JX', id: '2' };
    expect(eventId(record(JSON.stringify(data), binaryHeaders(spaced)))).toBeNull();
  });

  it.each([
    ['of another version', { specversion: '0.3' }, 'specversion: is not 1.0'],
    ['without an id', { id: '' }, 'id: is required'],
    ['without a source', { source: '' }, 'source: is not a URI reference'],
    ['without a time', { time: '' }, expect.stringMatching(/^time: is not a time/)],
  ])('calls a CloudEvent malformed that is %s', (_title, more, fault) => {
    expect(faultsOf(record(JSON.stringify(data), binaryHeaders(more)))).toEqual([fault]);
  });

  it('tells every fault at once', () => {
    const faults = faultsOf(record('{"userId":"1"}', binaryHeaders({ specversion: '2', id: '' })));
    expect(faults).toEqual([
      'specversion: is not 1.0',
      'id: is required',
      expect.stringContaining('userIdType'),
    ]);
  });

  it('calls a CloudEvent in a format that it cannot read malformed, though it may not be ours', () => {
    const headers = { 'content-type': 'application/cloudevents+avro' };
    expect(faultsOf(record('x', headers))).toEqual([
      'content-type: is a CloudEvent in another format than JSON',
    ]);
    expect(faultsOf(record('[]', structuredType))).toEqual(['body: is not a CloudEvent']);
  });
});

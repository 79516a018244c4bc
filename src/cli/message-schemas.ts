import { z } from 'zod';
import { neutralEventSchema } from '../core/neutral-event.ts';
import { intentOutcomeData, outcomeSchema, recordOutcomeData } from '../core/outcome.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** In what stays public, draft 7 is what AsyncAPI and most tools read. `input` is what a sender writes. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', title: string): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-07', io, unrepresentable: 'any' });
  return { $schema, title, ...rest };
}

/** What goes in and what comes out, each by the name of its file in `docs/schemas`. */
export function messageSchemas(): Readonly<Record<string, JsonSchema>> {
  return {
    'neutral-event': schemaOf(neutralEventSchema, 'input', 'Neutral event'),
    outcome: schemaOf(outcomeSchema, 'output', 'Outcome, as a CloudEvent in JSON'),
  };
}

/** A header of a CloudEvent in binary mode, for each attribute that the schema of the whole event has. */
function headersOf(properties: JsonSchema, required: readonly string[]): JsonSchema {
  const names = Object.keys(properties).filter((name) => name !== 'data' && name !== 'datacontenttype');
  const headers = names.map((name) => [`ce_${name}`, properties[name]]);
  return {
    type: 'object',
    required: [
      'content-type',
      ...required.filter((name) => names.includes(name)).map((name) => `ce_${name}`),
    ],
    properties: {
      'content-type': { type: 'string', const: 'application/json' },
      ...Object.fromEntries(headers),
      traceparent: { type: 'string', description: 'the trace that this record is a hop of' },
    },
  };
}

/** Without what belongs to a document of its own. */
function inner({ $schema: _, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

const traceHeader = { type: 'string', description: 'W3C trace context; outcomes carry it on' };

/** What a CloudEvent needs around the data of a neutral event. */
function eventHeaders(neutral: JsonSchema): JsonSchema {
  const { type } = Object(neutral.properties);
  return {
    type: 'object',
    required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_time'],
    properties: {
      'content-type': { type: 'string', const: 'application/json' },
      ce_specversion: { type: 'string', const: '1.0' },
      ce_id: {
        type: 'string',
        minLength: 1,
        description: 'with ce_source, what tells a repeat from another event',
      },
      ce_source: { type: 'string', pattern: '^\\S+$' },
      ce_type: type,
      ce_time: { type: 'string', format: 'date-time', description: 'when it happened' },
      traceparent: traceHeader,
    },
  };
}

/** The same as one JSON document. */
function structuredEvent(neutral: JsonSchema): JsonSchema {
  const { type, timestamp, data } = Object(neutral.properties);
  const text = { type: 'string', minLength: 1 };
  return {
    type: 'object',
    required: ['specversion', 'id', 'source', 'type', 'time', 'data'],
    properties: { specversion: { const: '1.0' }, id: text, source: text, type, time: timestamp, data },
  };
}

const keyedBy = (description: string) => ({ kafka: { key: { type: 'string', description } } });

/** AsyncAPI 3 of what the bridge takes from Kafka and gives to it. */
export function asyncApi(): JsonSchema {
  const schemas = messageSchemas();
  const neutral = inner(schemas['neutral-event'] ?? {});
  const outcome = inner(schemas.outcome ?? {});
  const message = (name: string) => ({ $ref: `#/components/messages/${name}` });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Offboard Bridge by Kafka',
      version: '1.0.0',
      description: 'Written by `npm run schema` from the schemas that the program itself checks with.',
    },
    defaultContentType: 'application/json',
    channels: {
      events: {
        address: 'hr.events',
        description: 'A topic of kafka.consume. Records of other types are passed over.',
        messages: {
          binary: message('binaryEvent'),
          structured: message('structuredEvent'),
          plain: message('plainEvent'),
        },
      },
      outcomes: {
        address: 'offboarding.outcomes',
        description:
          'The topic of kafka.outcomes: at least once, in order by person, a repeat under the same id.',
        messages: { intentOutcome: message('intentOutcome'), record: message('record') },
      },
    },
    operations: {
      takeEvents: { action: 'receive', channel: { $ref: '#/channels/events' } },
      publishOutcomes: { action: 'send', channel: { $ref: '#/channels/outcomes' } },
    },
    components: { messages: { ...eventMessages(neutral), ...outcomeMessages(outcome) } },
  };
}

function eventMessages(neutral: JsonSchema): JsonSchema {
  const { data } = Object(neutral.properties);
  const bindings = keyedBy('the person, in whatever way, so that the events of one stay in order');
  return {
    binaryEvent: {
      title: 'Neutral event as a CloudEvent in binary mode',
      headers: eventHeaders(neutral),
      payload: data,
      bindings,
    },
    structuredEvent: {
      title: 'Neutral event as a CloudEvent in structured mode',
      contentType: 'application/cloudevents+json',
      headers: { type: 'object', properties: { traceparent: traceHeader } },
      payload: structuredEvent(neutral),
      bindings,
    },
    plainEvent: { title: 'Neutral event as it is', payload: neutral, bindings },
  };
}

function outcomeMessages(outcome: JsonSchema): JsonSchema {
  const headers = headersOf(Object(outcome.properties), Object(outcome).required);
  const payload = (schema: z.ZodType) => inner(schemaOf(schema, 'output', 'The data of the CloudEvent'));
  return {
    intentOutcome: {
      title: 'What became of an intent',
      headers,
      payload: payload(intentOutcomeData),
      bindings: keyedBy('the person, as in the data'),
    },
    record: {
      title: 'What became of something that is no intent',
      headers,
      payload: payload(recordOutcomeData),
      bindings: keyedBy('the source, as in the data'),
    },
  };
}

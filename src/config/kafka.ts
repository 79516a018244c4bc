import { z } from 'zod';
import type { Handler } from '../core/handler.ts';
import { type Fault, unknownName } from './fault.ts';
import { text } from './value.ts';

/** What Kafka allows; `.` and `..` are names of folders to it. */
const topic = z
  .string()
  .max(249)
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/, { error: 'is not a name of letters, digits and . _ -' });

const broker = z.string().superRefine((address, context) => {
  const port = Number(/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(address)?.[1] ?? 0);
  if (port < 1 || port > 65_535) context.addIssue({ code: 'custom', message: 'is not host:port' });
});

const sasl = z.strictObject({
  mechanism: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .describe('plain sends the password itself, so use it with ssl only'),
  username: text.describe('the user name'),
  password: text.describe('the password'),
});

const binding = z.strictObject({
  topic: topic.describe('the topic'),
  source: text.describe('the source that its records are deliveries of'),
  from: z
    .enum(['earliest', 'latest'])
    .describe('where to begin when the group has never been at this topic; from then on it goes on'),
});

export const kafka = z
  .strictObject({
    brokers: z.array(broker).min(1).max(100).describe('some of the brokers, each as host:port'),
    ssl: z
      .union(
        [z.boolean(), z.strictObject({ ca: text.max(65_536).describe('certificates to trust, in PEM') })],
        {
          error: 'is neither true, false nor a mapping with ca',
        },
      )
      .default(false)
      .describe('true = TLS; a mapping with ca = TLS that trusts only these certificates'),
    sasl: sasl.nullable().default(null).describe('the credentials; null = none'),
    groupId: text.default('offboard-bridge').describe('the consumer group'),
    consume: z.array(binding).max(100).default([]).describe('topics whose records are deliveries'),
    outcomes: z
      .strictObject({ topic: topic.describe('the topic') })
      .nullable()
      .default(null)
      .describe('where outcomes are published; null = nowhere'),
  })
  .superRefine(checkTopics, { when: ({ value }) => isReadable(value) });

interface Topics {
  readonly consume: readonly { readonly topic: string }[];
  readonly outcomes: { readonly topic: string } | null;
}

function isReadable(value: unknown): value is Topics {
  const { consume, outcomes } = Object(value) as Partial<Topics>;
  return Array.isArray(consume) && outcomes !== undefined;
}

function checkTopics({ consume, outcomes }: Topics, context: z.core.$RefinementCtx): void {
  const fault = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message });
  if (consume.length === 0 && !outcomes) fault([], 'has neither topics to consume nor one for outcomes');
  const topics = consume.map((one) => one?.topic);
  for (const [index, name] of topics.entries()) {
    if (topics.indexOf(name) < index) fault(['consume', index, 'topic'], 'is already consumed');
  }
  if (outcomes && topics.includes(outcomes.topic)) {
    fault(['outcomes', 'topic'], 'is also consumed');
  }
}

interface Bindable {
  /** Those that could be read. */
  readonly sources: Readonly<
    Record<string, { readonly id: string; readonly handler: Handler; readonly settings: unknown }>
  >;
  /** The ids of all that are written. */
  readonly written: readonly string[];
}

/**
 * What does not fit between the topics and the sources: each source has one transport, and it must suit its handler.
 * @param consume as it is written, so that this is told beside what is wrong with either
 */
export function bindingFaults(consume: unknown, { sources, written }: Bindable): Fault[] {
  if (!Array.isArray(consume)) return [];
  const bound = consume.map((one): unknown => Object(one).source);
  const unknown = bound.flatMap((source, index) =>
    typeof source !== 'string' || written.includes(source)
      ? []
      : [
          {
            path: ['kafka', 'consume', index, 'source'],
            message: unknownName(source, 'source', written),
          },
        ],
  );
  const unbound = Object.values(sources)
    .filter(({ id, handler }) => handler.transport === 'kafka' && !bound.includes(id))
    .map(({ id }) => ({
      path: ['sources', id, 'handler'],
      message: 'is for topics only; name this source in kafka.consume',
    }));
  const streaming = Object.values(sources)
    .filter(({ id, handler, settings }) => bound.includes(id) && handler.stream?.(settings))
    .map(({ id }) => ({
      path: ['sources', id, 'transport'],
      message: 'is stream, but kafka.consume names it',
    }));
  return [...unknown, ...unbound, ...streaming];
}

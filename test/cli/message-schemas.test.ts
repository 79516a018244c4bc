import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { asyncApi, messageSchemas } from '../../src/cli/message-schemas.ts';
import { placeOutcome, recordOutcome } from '../../src/core/outcome.ts';
import { readFixture } from '../handlers/handler-suite.ts';

const read = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
const text = read('asyncapi.yaml');

describe('the schemas of what goes through Kafka', () => {
  it.each(Object.entries(messageSchemas()))('are what `npm run schema` wrote: %s', (name, schema) => {
    expect(JSON.parse(read(`schemas/${name}.json`))).toEqual(schema);
  });

  it('are what `npm run schema` wrote: AsyncAPI', () => {
    expect(parse(text)).toEqual(asyncApi());
  });

  it('are valid AsyncAPI, with a document that can be walked', async () => {
    const { document, diagnostics } = await new Parser().parse(text);
    expect(diagnostics.filter(({ severity }) => severity === 0)).toEqual([]);
    const operations = document
      ?.operations()
      .all()
      .map((one) => [one.id(), one.action()]);
    expect(operations).toEqual([
      ['takeEvents', 'receive'],
      ['publishOutcomes', 'send'],
    ]);
    expect(
      document
        ?.messages()
        .all()
        .map((one) => one.id())
        .sort(),
    ).toEqual(['binary', 'intentOutcome', 'plain', 'record', 'structured']);
  });

  it('are refused by the AsyncAPI parser when they are broken', async () => {
    const broken = text.replace('action: receive', 'action: hear');
    const { diagnostics } = await new Parser().parse(broken);
    expect(diagnostics.some(({ severity }) => severity === 0)).toBe(true);
  });

  it('describe what is really sent', () => {
    const { components } = Object(asyncApi());
    const accepts = (schema: object, value: unknown): boolean =>
      z.fromJSONSchema(Object(schema)).safeParse(value).success;
    const structured = JSON.parse(readFixture('events/structured.json'));
    const { structuredEvent, binaryEvent, plainEvent, record } = components.messages;
    expect(accepts(structuredEvent.payload, structured)).toBe(true);
    expect(accepts(binaryEvent.payload, structured.data)).toBe(true);
    const plain = { type: structured.type, timestamp: structured.time, data: structured.data };
    expect(accepts(plainEvent.payload, plain)).toBe(true);
    expect(accepts(plainEvent.payload, { ...plain, data: { userIdType: 'mail' } })).toBe(false);
    const draft = recordOutcome({ type: 'operator.decided', source: 'api', time: 0 });
    const { data } = placeOutcome(draft, { id: 'o1', position: 1, previousHash: '0' });
    expect(accepts(record.payload, data)).toBe(true);
    expect(accepts(record.payload, { ...data, position: 'first' })).toBe(false);
  });
});

import { describe, expect, it } from '@jest/globals';
import request, { type Response } from 'supertest';
import { as, deliveryOf, type House, inHouse } from '../house.ts';
import { type Document, fetchDocument, type Operation } from './document.ts';

interface Example {
  readonly id?: string;
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object | undefined;
}

const event = {
  type: 'user.kick',
  timestamp: '2026-11-20T07:59:00Z',
  data: { userIdType: 'email', userId: 'ada@example.com', reason: 'lost laptop' },
};

async function deliver(house: House, content: object | string): Promise<string> {
  const reception = await house.receiver.receive('hr', deliveryOf(content));
  if (reception.kind !== 'receipt') throw new Error(reception.kind);
  const { receipt } = reception;
  if (receipt.kind === 'dead-letter') return receipt.id;
  if (receipt.kind === 'ignored') throw new Error(receipt.kind);
  return String(receipt.intents[0]);
}

/** A held intent, because its event is eight days old. */
const hold = (house: House): Promise<string> =>
  deliver(house, {
    people: [{ action: 'resign', email: 'ada@example.com', occurredAt: house.clock.now - 8 * 86_400_000 }],
  });
const bury = (house: House): Promise<string> => deliver(house, '{"people": "Ada"}');

async function cancel(house: House): Promise<string> {
  const id = await hold(house);
  const decision = { by: 'api:olaf', at: house.clock.now, verdict: 'canceled', reason: null } as const;
  const failure = { code: 'canceled_by_operator', message: 'canceled' } as const;
  await house.store.decide({ intentId: id, decision, admission: { status: 'canceled', failure } });
  return id;
}

/** A set of one held intent. */
async function holdSet(house: House): Promise<string> {
  await hold(house);
  await house.tend();
  const { items } = await house.store.listHeldSets({ cursor: null, limit: 1 });
  return String(items[0]?.id);
}

/** How each operation is used once, with success. A new route must be added here. */
const examples: Readonly<Record<string, (house: House) => Promise<Example>>> = {
  'post /v1/intents': async () => ({ body: event, headers: { 'idempotency-key': 'k1' } }),
  'get /v1/intents': async (house) => {
    await hold(house);
    return { query: 'status=held,scheduled&source=hr&person=email:ADA@example.com&limit=1' };
  },
  'get /v1/intents/{id}': async (house) => ({ id: await hold(house) }),
  'post /v1/intents/{id}/approve': async (house) => ({ id: await hold(house), body: { reason: 'checked' } }),
  'post /v1/intents/{id}/cancel': async (house) => ({ id: await hold(house), body: { reason: 'mistake' } }),
  'post /v1/intents/{id}/retry': async (house) => ({ id: await cancel(house), body: {} }),
  'get /v1/outcomes': async (house) => {
    await hold(house);
    await bury(house);
    return { query: 'after=0&limit=1', headers: { 'last-event-id': '0' } };
  },
  'get /v1/trail': async (house) => {
    await hold(house);
    await bury(house);
    return { query: 'after=0&limit=1' };
  },
  'post /v1/people/{person}/erase': async (house) => {
    await cancel(house);
    return { id: encodeURIComponent('email:ada@example.com'), body: {} };
  },
  'get /v1/held': async (house) => {
    await holdSet(house);
    return { query: 'limit=1' };
  },
  'get /v1/held/{id}': async (house) => ({ id: await holdSet(house) }),
  'post /v1/held/{id}/release': async (house) => ({
    id: await holdSet(house),
    body: { reason: 'planned', count: 1 },
  }),
  'post /v1/held/{id}/cancel': async (house) => ({ id: await holdSet(house), body: {} }),
  'get /v1/dead-letters': async (house) => {
    await bury(house);
    return { query: 'limit=1' };
  },
  'get /v1/dead-letters/{id}/payload': async (house) => ({ id: await bury(house) }),
  'post /v1/dead-letters/{id}/replay': async (house) => ({ id: await bury(house), body: {} }),
  'post /v1/pause': async () => ({ body: { scope: 'all', reason: 'an incident' } }),
  'post /v1/resume': async () => ({ body: { scope: 'all' } }),
  'get /v1/status': async (house) => {
    const pause = { scope: 'hr', by: 'api:olaf', at: house.clock.now, reason: null };
    await house.store.setPause({ ...pause, verdict: 'paused' });
    return {};
  },
  'get /v1/sources': async (house) => {
    await hold(house);
    return {};
  },
};

const keyOf = ({ method, path }: Operation): string => `${method} ${path}`;

function send(house: House, { method, path }: Operation, example: Example, name = 'anna') {
  const target = `${path.replace(/\{\w+\}/, example.id ?? 'x')}?${example.query ?? ''}`;
  const sent = request(house.url)
    [method](target)
    .set({ ...as(name), ...example.headers });
  return example.body ? sent.send(example.body) : sent;
}

/** What an answer does not share with what the document says of it. */
function untruths({ responses }: Operation, { faults }: Document, answer: Response): string[] {
  const documented = responses[answer.status];
  if (!documented) return [`${answer.status} is not documented`];
  const content = documented.content[answer.type];
  return content
    ? faults(content.schema, answer.body)
    : [`${answer.status} ${answer.type} is not documented`];
}

describe('/openapi.json', () => {
  it(
    'knows every operation, and asks for no token',
    inHouse(async (house) => {
      const { operations } = await fetchDocument(house);
      expect(operations.map(keyOf).sort()).toEqual(Object.keys(examples).sort());
    }),
  );

  it.each(Object.keys(examples))('tells the truth about %s', (key) =>
    inHouse(async (house) => {
      const document = await fetchDocument(house);
      const operation = document.operations.find((one) => keyOf(one) === key);
      if (!operation) throw new Error(`${key} is not in the document`);
      const example = (await examples[key]?.(house)) ?? {};
      await house.sequence();

      const sent = operation.requestBody?.content['application/json']?.schema;
      expect(example.body === undefined).toBe(sent === undefined);
      if (sent) expect(document.faults(sent, example.body)).toEqual([]);
      const taken = [
        ...Object.keys(example.headers ?? {}),
        ...new URLSearchParams(example.query).keys(),
        ...(/(?<=\{)\w+/.exec(operation.path) ?? []),
      ];
      const known = operation.parameters.map(({ name }) => name);
      expect(known).toEqual(expect.arrayContaining(taken));
      for (const { name, schema } of operation.parameters) {
        const value = new URLSearchParams(example.query).get(name);
        if (value !== null) expect(document.faults(schema, value)).toEqual([]);
      }

      const answer = await send(house, operation, example);
      expect([answer.status, untruths(operation, document, answer)]).toEqual([
        Number(Object.keys(operation.responses).find((status) => status.startsWith('2'))),
        [],
      ]);
    })(),
  );

  it.each(Object.keys(examples))('knows how %s refuses', (key) =>
    inHouse(async (house) => {
      const document = await fetchDocument(house);
      const operation = document.operations.find((one) => keyOf(one) === key);
      if (!operation) throw new Error(`${key} is not in the document`);
      const answers = [
        await send(house, operation, { query: 'no=such' }),
        await send(house, operation, { id: 'x', body: operation.method === 'post' ? {} : undefined }),
        await request(house.url)[operation.method](operation.path.replace(/\{\w+\}/, 'x')),
        await send(house, operation, {}, 'vera'),
        await send(house, operation, { body: { scope: 'x'.repeat(20_000) } }),
      ];
      for (const answer of answers) {
        expect([answer.status, untruths(operation, document, answer)]).toEqual([answer.status, []]);
      }
      expect(answers[0]?.status).toBe(400);
    })(),
  );

  it(
    'is not there without tokens',
    inHouse(
      async ({ url }) => {
        expect((await request(url).get('/openapi.json')).status).toBe(404);
      },
      { tokens: [] },
    ),
  );
});

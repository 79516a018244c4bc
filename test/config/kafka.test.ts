// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the configuration writes its references
import { describe, expect, it } from '@jest/globals';
import { handlers } from '../../handlers/index.ts';
import { parseConfig } from '../../src/config.ts';
import { acme, faults, minimal, parse } from './fixtures.ts';

const topical = { handler: 'topical' };
const bound = { topic: 'hr.events', source: 'hr', from: 'latest' };
const kafka = { brokers: ['localhost:9092'], consume: [bound] };

const withKafka = (keys: object, sources: object = { hr: topical }): object => ({
  ...minimal,
  sources,
  kafka: { ...kafka, ...keys },
});

describe('the section for Kafka', () => {
  it('gets the documented defaults', () => {
    expect(parse(withKafka({})).kafka).toEqual({
      brokers: ['localhost:9092'],
      ssl: false,
      sasl: null,
      groupId: 'offboard-bridge',
      consume: [bound],
      outcomes: null,
    });
  });

  it('may publish outcomes only', () => {
    const config = parse(withKafka({ consume: [], outcomes: { topic: 'outcomes' } }, {}));
    expect(config.kafka).toMatchObject({ consume: [], outcomes: { topic: 'outcomes' } });
  });

  it('may have credentials, and certificates to trust', () => {
    const sasl = { mechanism: 'scram-sha-512', username: 'bridge', password: '${PASSWORD}' };
    const config = parse(withKafka({ sasl, ssl: { ca: '${CA}' } }), { PASSWORD: 'hush', CA: 'PEM' });
    expect(config.kafka).toMatchObject({ sasl: { ...sasl, password: 'hush' }, ssl: { ca: 'PEM' } });
  });

  it('takes true and false from a variable', () => {
    expect(parse(withKafka({ ssl: '${TLS}' }), { TLS: 'true' }).kafka?.ssl).toBe(true);
  });

  it('must do something', () => {
    expect(faults(withKafka({ consume: [] }, {}))).toEqual([
      'kafka: has neither topics to consume nor one for outcomes',
    ]);
  });

  it.each(['localhost', 'http://localhost:9092', 'localhost:0', 'localhost:65536', ':9092', 'a b:1'])(
    'takes no %s for a broker',
    (broker) => {
      expect(faults(withKafka({ brokers: [broker] }))).toEqual(['kafka.brokers[0]: is not host:port']);
    },
  );

  it.each(['localhost:1', '10.0.0.1:65535', '[::1]:9092', 'kafka-0.kafka.svc.cluster.local:9092'])(
    'takes %s for a broker',
    (broker) => {
      expect(parse(withKafka({ brokers: [broker] })).kafka?.brokers).toEqual([broker]);
    },
  );

  it.each(['', '.', '..', 'hr events', 'x'.repeat(250)])('takes no "%s" for a topic', (topic) => {
    expect(faults(withKafka({ consume: [{ ...bound, topic }] }))).toEqual([
      expect.stringMatching(/^kafka\.consume\[0]\.topic: (is|must) /),
    ]);
  });

  it('asks where to begin, because both answers lose something where they are wrong', () => {
    const { from: _, ...rest } = bound;
    expect(faults(withKafka({ consume: [rest] }))).toEqual(['kafka.consume[0].from: is required']);
  });

  it('consumes no topic twice, nor its own outcomes', () => {
    const sources = { hr: topical, it: topical };
    const document = { consume: [bound, { ...bound, source: 'it' }], outcomes: { topic: 'hr.events' } };
    expect(faults(withKafka(document, sources))).toEqual([
      'kafka.consume[1].topic: is already consumed',
      'kafka.outcomes.topic: is also consumed',
    ]);
  });

  it('names sources that exist', () => {
    const consume = [bound, { topic: 'other', source: 'hrr', from: 'earliest' }];
    expect(faults(withKafka({ consume }))).toEqual([
      'kafka.consume[1].source: is not a known source; did you mean hr?',
    ]);
    expect(faults(withKafka({ consume: [{ ...bound, source: 'constructor' }] }, { hr: acme }))).toEqual([
      'kafka.consume[0].source: is not a known source',
    ]);
  });

  it('must bind a source whose handler believes nothing but a topic', () => {
    const fault = 'sources.hr.handler: is for topics only; name this source in kafka.consume';
    expect(faults({ ...minimal, sources: { hr: topical } })).toEqual([fault]);
    const sources = { hr: topical, it: acme };
    expect(faults(withKafka({ consume: [{ ...bound, source: 'it' }] }, sources))).toEqual([fault]);
  });

  it('may not bind a source that is bound to a stream', () => {
    const text = (transport: string) =>
      JSON.stringify(
        withKafka(
          {},
          {
            hr:
              transport === 'stream'
                ? { handler: 'dingtalk', transport, clientId: 'a', clientSecret: 'b' }
                : { handler: 'dingtalk', token: 'a', aesKey: 'A'.repeat(43), ownerKey: 'b' },
          },
        ),
      );
    const parseAs = (transport: string) => () => parseConfig(text(transport), { env: {}, handlers });
    expect(parseAs('http')).not.toThrow();
    expect(parseAs('stream')).toThrow('sources.hr.transport: is stream, but kafka.consume names it');
  });

  it('may bind a source of any other handler', () => {
    expect(parse(withKafka({}, { hr: acme })).kafka?.consume).toEqual([bound]);
  });
});

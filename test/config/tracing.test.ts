import { describe, expect, it } from '@jest/globals';
import { maskConfig } from '../../src/config.ts';
import { faults, genauth, parse, secret } from './fixtures.ts';

const config = (tracing: unknown) => ({ genauth, leavers: { dryRun: true }, tracing });

describe('tracing', () => {
  it('is off unless it is configured', () => {
    expect(parse(config(null)).tracing).toBeNull();
    expect(parse(config({ endpoint: 'http://otel:4318' })).tracing).toEqual({
      endpoint: 'http://otel:4318',
      headers: {},
      sampleRatio: 1,
      serviceName: 'offboard-bridge',
    });
  });

  it('sends headers by TLS only, and shows their names only', () => {
    const headers = { 'x-api-key': secret };
    expect(faults(config({ endpoint: 'http://otel:4318', headers }))).toEqual([
      expect.stringMatching(/^tracing\.endpoint: is not https/),
    ]);
    const masked = maskConfig(parse(config({ endpoint: 'https://otel:4318', headers })));
    expect(masked).toMatchObject({ tracing: { endpoint: 'https://otel:4318', headers: ['x-api-key'] } });
    expect(JSON.stringify(masked)).not.toContain(secret);
  });

  it.each([
    [{}, 'tracing.endpoint'],
    [{ endpoint: 'otel:4318' }, 'tracing.endpoint'],
    [{ endpoint: 'http://u:p@otel:4318' }, 'tracing.endpoint'],
    [{ endpoint: 'http://otel', sampleRatio: 2 }, 'tracing.sampleRatio'],
    [{ endpoint: 'https://otel', headers: { 'a b': 'c' } }, 'tracing.headers'],
    [{ endpoint: 'https://otel', headers: { a: 'b\r\nc' } }, 'tracing.headers'],
    [{ endpoint: 'https://otel', protocol: 'grpc' }, 'protocol'],
  ])('refuses %j', (tracing, says) => {
    expect(faults(config(tracing)).join('\n')).toContain(says);
  });
});

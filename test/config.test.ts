// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the configuration writes its references
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { ConfigFault, loadConfig } from '../src/config.ts';
import {
  acme,
  faults,
  faultsOf,
  genauth,
  handlers,
  minimal,
  parse,
  parseText,
  secret,
  withSource,
} from './config/fixtures.ts';

describe('the smallest configuration', () => {
  it('gets the documented defaults, with durations in milliseconds', () => {
    expect(parse(minimal)).toEqual({
      server: {
        host: '127.0.0.1',
        port: 8080,
        admin: null,
        trustProxy: false,
        maxBodyBytes: 4_194_304,
        tokens: [],
      },
      store: { url: 'sqlite:./data/bridge.db' },
      genauth: {
        ...genauth,
        auth: 'token',
        userPoolId: null,
        kickAppIds: 'all',
        timeoutMs: 10_000,
        requestsPerSecond: 50,
        concurrency: 4,
        arrayEncoding: 'repeat',
      },
      leavers: {
        dryRun: true,
        endSessions: true,
        confirm: true,
        maxEventAgeMs: 604_800_000,
        fourEyes: true,
        safeguard: {
          limits: [{ maxResigns: 20, maxPercent: null, maxKicks: 100, perMs: 3_600_000 }],
          graceMs: 3_000,
        },
        askAgainAfterMs: 604_800_000,
        protected: [],
      },
      retry: { minDelayMs: 1_000, maxDelayMs: 900_000, giveUpAfterMs: 259_200_000 },
      limits: { backlog: 100_000 },
      retention: { settledMs: 7_776_000_000, outcomesMs: 34_560_000_000, deadLettersMs: 2_592_000_000 },
      sources: {},
      kafka: null,
      slack: null,
      tracing: null,
      log: { level: 'info' },
    });
  });

  it('may have sections that are empty, such as those whose keys are all commented out', () => {
    expect(parse({ ...minimal, server: null, retry: null, sources: null })).toEqual(parse(minimal));
  });

  it('cannot be changed, to its depth', () => {
    const config = parse(withSource(acme));
    expect(() => Object.assign(config.server, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.leavers.safeguard ?? {}, { maxKicks: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.sources, { other: {} })).toThrow(TypeError);
    expect(() => Object.assign(Object(config.sources.hr?.settings).secrets, ['x'])).toThrow(TypeError);
    expect(Object.isFrozen(handlers.acme)).toBe(false);
  });

  it('is told which keys it lacks', () => {
    expect(faultsOf(() => parseText(''))).toEqual([
      'genauth.host: is required',
      'genauth.accessKeyId: is required',
      'genauth.accessKeySecret: is required',
      'leavers.dryRun: must be true (only watch, and settle intents as simulated) or false (really kick and resign)',
    ]);
  });
});

describe('the faults of a configuration', () => {
  it('are told all at once: references, schema, cross-checks and handlers together', () => {
    const document = {
      genauth: { ...genauth, accessKeySecret: '${NOT_SET}', concurrency: 100 },
      leavers: { dryRun: 'perhaps' },
      retry: { minDelay: '1h', maxDelay: '1m', giveUpAfter: 'never' },
      sources: { hr: { handler: 'acme', secrets: ['short'], colour: 'red' } },
      kafka: { brokers: [] },
    };
    const paths = faults(document).map((fault) => fault.slice(0, fault.indexOf(':')));
    expect(paths.sort()).toEqual([
      'genauth.accessKeySecret',
      'genauth.concurrency',
      'kafka',
      'kafka.brokers',
      'leavers.dryRun',
      'retry.giveUpAfter',
      'retry.minDelay',
      'sources.hr.colour',
      'sources.hr.secrets[0]',
    ]);
  });

  it('are told beside those of how sections fit together', () => {
    const consume = [
      { topic: 'a', source: 'nobody', from: 'latest' },
      { topic: 'b', source: 'broken', from: 'latest' },
    ];
    const document = {
      genauth: { ...genauth, concurrency: 100 },
      leavers: { dryRun: true },
      sources: { broken: { ...acme, colour: 'red' }, events: { handler: 'topical' } },
      kafka: { brokers: ['kafka:9092'], consume },
      slack: { botToken: 'none', signingSecret: 's'.repeat(16), allow: { resign: { users: ['U024BE7LH'] } } },
    };
    const paths = faults(document).map((fault) => fault.slice(0, fault.indexOf(':')));
    expect(paths.sort()).toEqual([
      'genauth.concurrency',
      'kafka.consume[0].source',
      'slack.approve.channel',
      'slack.botToken',
      'sources.broken.colour',
      'sources.events.handler',
    ]);
    const odd = { allow: { resign: { users: 7, userGroups: null } }, approve: 'x' };
    for (const slack of [odd, 7, []])
      expect(() => parse({ ...minimal, slack, kafka: { consume: [null, 7] } })).toThrow(ConfigFault);
  });

  it('are all in the message of the error', () => {
    expect(() => parse({ ...minimal, limits: { backlog: 0 } })).toThrow(
      'the configuration has a fault:\n  limits.backlog: must be at least 1',
    );
    expect(() => parse({})).toThrow(
      'the configuration has 4 faults:\n  genauth.host: is required\n  genauth.',
    );
  });

  it('name an unknown key, and the known one that was probably meant', () => {
    const document = {
      ...minimal,
      server: { max_body_bytes: 5, quux: 1 },
      leavers: { dryRun: true, safeguard: { maxResign: 5 } },
      source: {},
    };
    expect(faults(document)).toEqual([
      'server.max_body_bytes: is not a known key; did you mean maxBodyBytes?',
      'server.quux: is not a known key',
      'leavers.safeguard.maxResign: is not a known key; did you mean maxResigns?',
      'source: is not a known key; did you mean sources?',
    ]);
  });

  it('never show a value, which may be a secret', () => {
    const env = { SECRET: secret };
    const place = (value: unknown): object => ({
      server: { port: value, trustProxy: value, tokens: [{ name: value, role: value, token: '${SECRET} ' }] },
      store: { url: value },
      genauth: { host: value, accessKeyId: [value], auth: value, timeout: value, kickAppIds: { a: value } },
      leavers: { dryRun: value, safeguard: value, protected: [{ userIdType: 'email', userId: value }] },
      sources: { hr: { handler: value, dryRun: value }, it: { ...acme, limit: value, tenant: [value] } },
    });
    for (const value of [secret, '${SECRET}', `${secret}\${NOT_SET}`]) {
      const found = faults(place(value), env);
      expect(found.length).toBeGreaterThan(12);
      expect(found.join('\n')).not.toContain(secret);
    }
  });

  it.each([['text'], ['[1, 2]'], ['7']])('say that the whole must be a mapping: %s', (text) => {
    expect(faultsOf(() => parseText(text))).toEqual(['the configuration is not a mapping']);
  });

  it('say that a section must be a mapping', () => {
    expect(faults({ ...minimal, server: [], sources: [] })).toEqual([
      'server: is not a mapping',
      'sources: is not a mapping',
    ]);
  });
});

describe('a configuration file', () => {
  it('is read with the files that it refers to', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    const path = join(folder, 'bridge.yaml');
    writeFileSync(join(folder, 'secret'), 'hush\n');
    writeFileSync(
      path,
      stringify({
        ...minimal,
        genauth: { ...genauth, accessKeySecret: `\${file:${join(folder, 'secret')}}` },
      }),
    );
    expect(loadConfig(path, { env: {}, handlers }).genauth.accessKeySecret).toBe('hush');
    rmSync(folder, { recursive: true });
  });

  it('may be read in another way', () => {
    const files = new Map([['/bridge.yaml', stringify(minimal)]]);
    const readFile = (path: string): string => files.get(path) ?? '';
    expect(loadConfig('/bridge.yaml', { env: {}, handlers, readFile }).leavers.dryRun).toBe(true);
  });

  it('that cannot be read is a fault', () => {
    const path = join(tmpdir(), 'no', 'such', 'bridge.yaml');
    expect(faultsOf(() => loadConfig(path, { env: {}, handlers }))).toEqual([
      `${path} cannot be read (ENOENT)`,
    ]);
    const readFile = (): string => {
      throw new Error('hush');
    };
    expect(faultsOf(() => loadConfig('x', { env: {}, handlers, readFile }))).toEqual(['x cannot be read']);
  });
});

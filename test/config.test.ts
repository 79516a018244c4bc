// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the configuration writes its references
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type Config, ConfigFault, loadConfig, maskConfig, parseConfig } from '../src/config.ts';
import { defineHandler } from '../src/core/handler.ts';

const secret = 'a-secret-of-more-than-32-characters';

const acmeSettings = z
  .object({
    secrets: z.array(z.string().min(8)).min(1),
    identifyBy: z.array(z.enum(['email', 'external_id'])).default(['email']),
    tenant: z.string().min(2).optional(),
    limit: z.int().min(1).default(5),
    strict: z.boolean().default(false),
  })
  .refine(({ secrets }) => new Set(secrets).size === secrets.length, {
    path: ['secrets'],
    error: 'has a secret twice',
  });
const plainSettings = z.object({ key: z.string().transform((text) => Buffer.from(text)) });

const handlers = {
  acme: defineHandler<z.output<typeof acmeSettings>>({
    settings: acmeSettings,
    verify: () => {},
    normalize: () => [],
  }),
  plain: defineHandler<z.output<typeof plainSettings>>({
    settings: plainSettings,
    verify: () => {},
    normalize: () => [],
  }),
};

const genauth = { host: 'https://api.genauth.ai', accessKeyId: 'pool1', accessKeySecret: secret };
const minimal = { genauth, leavers: { dryRun: true } };

type Env = Readonly<Record<string, string | undefined>>;

const parseText = (text: string, env: Env = {}): Config => parseConfig(text, { env, handlers });
const parse = (document: object, env: Env = {}): Config => parseText(stringify(document), env);

function faultsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults;
    throw error;
  }
  return [];
}

const faults = (document: object, env: Env = {}): readonly string[] => faultsOf(() => parse(document, env));
const withSource = (keys: object, id = 'hr'): object => ({ ...minimal, sources: { [id]: keys } });
const acme = { handler: 'acme', secrets: ['secret-1'] };

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
        safeguard: { maxResigns: 20, maxKicks: 100, perMs: 3_600_000, graceMs: 3_000 },
        protected: [],
      },
      retry: { minDelayMs: 1_000, maxDelayMs: 900_000, giveUpAfterMs: 259_200_000 },
      limits: { backlog: 100_000 },
      retention: { settledMs: 7_776_000_000, outcomesMs: 34_560_000_000, deadLettersMs: 2_592_000_000 },
      sources: {},
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
      'leavers.dryRun',
      'retry.giveUpAfter',
      'retry.minDelay',
      'sources.hr.colour',
      'sources.hr.secrets[0]',
    ]);
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

  it.each(['kafka', 'slack'])('say that this release does not have %s yet', (section) => {
    expect(faults({ ...minimal, [section]: null })).toEqual([
      `${section}: this release does not have it yet`,
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

describe('YAML', () => {
  it.each([
    ['a key twice', 'a: 1\nb: 2\na: 3', 'line 3, column 1: has a key that was already given'],
    ['two documents', 'a: 1\n---\nb: 1', 'line 2, column 1: starts a second document; only one is read'],
    ['a tab', 'a:\n\tb: 1', 'line 2, column 1: is indented with a tab'],
    ['a quote that is not closed', 'a: "1', 'line 1, column 6: lacks a quote, a bracket, a comma or a colon'],
    [
      'a tag',
      'a: !env hush',
      'line 1, column 4: has a tag, which is not allowed; a value that starts with ! needs quotes',
    ],
    ['a tag for bytes', 'a: !!binary aHVzaA==', expect.stringMatching(/^line 1, column 4: has a tag/)],
    [
      'an alias without anchor',
      'a: *hush',
      'line 1, column 4: has an alias without its anchor; a value that starts with * needs quotes',
    ],
    [
      'another fault',
      'a: "\\q hush"',
      expect.stringMatching(/^line 1, column \d+: is not YAML \(BAD_DQ_ESCAPE\)$/),
    ],
  ])('with %s is refused with its line, and without what is written there', (_what, text, fault) => {
    const found = faultsOf(() => parseText(text));
    expect(found[0]).toEqual(fault);
    expect(found.join()).not.toContain('hush');
  });

  it('may use anchors, but not to grow without bound', () => {
    const few = `genauth: {host: &h https://api.genauth.ai, accessKeyId: &k k, accessKeySecret: *k}\nleavers: {dryRun: true}`;
    expect(parseText(few).genauth.accessKeySecret).toBe('k');
    const bomb = Array.from({ length: 9 }, (_, level) => {
      const items =
        level === 0 ? 'x,x,x,x,x,x,x,x' : Array.from({ length: 8 }, () => `*a${level - 1}`).join(',');
      return `k${level}: &a${level} [${items}]`;
    });
    const says = ['the configuration has too many aliases, or is nested too deeply'];
    expect(faultsOf(() => parseText(bomb.join('\n')))).toEqual(says);
    expect(faultsOf(() => parseText('['.repeat(100_000)))).toEqual(says);
  });

  it('is not nested too deeply, nor in itself', () => {
    const deep = `a: ${'['.repeat(40)}${']'.repeat(40)}`;
    for (const text of [deep, 'a: &a [*a]']) {
      expect(faultsOf(() => parseText(text))[0]).toMatch(/^a(\[0\])+: is nested too deeply$/);
    }
  });

  it('is at most one mebibyte', () => {
    expect(faultsOf(() => parseText(`#${'x'.repeat(1_048_576)}`))).toEqual([
      'the configuration is larger than 1048576 bytes',
    ]);
  });

  it('does not reach into prototypes', () => {
    expect(faultsOf(() => parseText(`${stringify(minimal)}__proto__: {dryRun: false}`))).toEqual([
      expect.stringMatching(/^dryRun|^__proto__/),
    ]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('a reference', () => {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const keyOf = (written: string, env: Env = {}): string =>
    parse({ ...minimal, genauth: { ...genauth, accessKeyId: written } }, env).genauth.accessKeyId;
  const faultOf = (written: string, env: Env = {}): readonly string[] => faultsOf(() => keyOf(written, env));

  it.each([
    ['a variable', '${NAME}', 'ada'],
    ['a part of the value', 'x-${NAME}-y', 'x-ada-y'],
    ['one of several', '${NAME}${OTHER}', 'ada#: lovelace'],
    ['a variable with a default that is not needed', '${NAME:-bob}', 'ada'],
    ['an unset variable with a default', '${UNSET:-bob}', 'bob'],
    ['an empty variable with a default', '${EMPTY:-a:-b}', 'a:-b'],
    ['plain text when its dollar is doubled', '$${NAME}', '${NAME}'],
    ['no other dollar', '$NAME $ $$ {NAME}', '$NAME $ $$ {NAME}'],
  ])('may be %s', (_what, written, value) => {
    expect(keyOf(written, { NAME: 'ada', OTHER: '#: lovelace', EMPTY: '' })).toBe(value);
  });

  it('brings any text as it is, and is never read as YAML or as another reference', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }), (value) => {
        fc.pre(value.trim() !== '');
        expect(keyOf('${NAME}', { NAME: value })).toBe(value);
      }),
    );
    expect(keyOf('${NAME}', { NAME: '${OTHER}', OTHER: 'x' })).toBe('${OTHER}');
    expect(keyOf('${NAME}', { NAME: '$& $1 $$' })).toBe('$& $1 $$');
  });

  it('may be a file, whose last line ends do not count', () => {
    const path = join(folder, 'secret');
    writeFileSync(path, ' two\nlines \r\n\n');
    expect(keyOf(`\${file:${path}}`)).toBe(' two\nlines ');
  });

  it('to a file that is missing, empty or too large is a fault', () => {
    const path = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const missing = join(folder, 'missing');
    const empty = path('empty', '\n');
    const large = path('large', 'x'.repeat(65_537));
    expect(faultOf(`\${file:${missing}}`)).toEqual([
      `genauth.accessKeyId: the file ${missing} cannot be read (ENOENT)`,
    ]);
    expect(faultOf(`\${file:${empty}}`)).toEqual([`genauth.accessKeyId: the file ${empty} is empty`]);
    expect(faultOf(`\${file:${large}}`)).toEqual([
      `genauth.accessKeyId: the file ${large} is larger than 65536 characters`,
    ]);
  });

  it('to a variable that is not set, or empty, is a fault', () => {
    expect(faultOf('${NAME}')).toEqual(['genauth.accessKeyId: the environment variable NAME is not set']);
    expect(faultOf('${NAME}', { NAME: '' })).toEqual([
      'genauth.accessKeyId: the environment variable NAME is empty',
    ]);
    expect(faultOf('${toString}')).toEqual([
      'genauth.accessKeyId: the environment variable toString is not set',
    ]);
  });

  it('that leaves nothing is a fault, like a value that is empty as it is written', () => {
    expect(faultOf('${NAME:-}')).toEqual(['genauth.accessKeyId: is empty']);
    expect(faultOf('${NAME}', { NAME: '  ' })).toEqual(['genauth.accessKeyId: is empty']);
    expect(faults(withSource({ ...acme, secrets: ['secret-1', ''] }))).toEqual([
      'sources.hr.secrets[1]: is empty',
    ]);
  });

  it.each([
    ['${NAME', /without its closing brace/],
    ['${}', /is no name, name:-default or file:path/],
    ['${1NAME}', /is no name/],
    ['${NAME-x}', /is no name/],
    ['${A:-${B}}', /is no name/],
  ])('that is written wrongly is a fault: %s', (written, says) => {
    expect(faultOf(written, { NAME: 'x', A: 'x', B: 'x' })).toEqual([expect.stringMatching(says)]);
  });

  it('that fails is told once, not also for what the missing value breaks', () => {
    const tokens = [{ name: 'ada', role: 'viewer', token: '${T}' }];
    expect(faults({ ...minimal, server: { port: '${P}', tokens } })).toEqual([
      'server.port: the environment variable P is not set',
      'server.tokens[0].token: the environment variable T is not set',
    ]);
  });

  it('counts as a number, or as true or false, where one is asked for', () => {
    const env = { PORT: '8081', HOPS: '2', FALSE: 'false', LIMIT: '7', TRUE: 'true' };
    const config = parse(
      {
        server: { port: '${PORT}', trustProxy: '${HOPS}', maxBodyBytes: '${NONE:-2048}' },
        genauth,
        leavers: { dryRun: '${FALSE}' },
        sources: { hr: { ...acme, limit: '${LIMIT}', strict: '${TRUE}', dryRun: '${TRUE}' } },
      },
      env,
    );
    expect(config.server).toMatchObject({ port: 8081, trustProxy: 2, maxBodyBytes: 2048 });
    expect(config.leavers.dryRun).toBe(false);
    expect(config.sources.hr).toMatchObject({ dryRun: true, settings: { limit: 7, strict: true } });
    expect(parse({ ...minimal, server: { trustProxy: '${TRUE}' } }, env).server.trustProxy).toBe(true);
  });

  it('stays text where text is asked for', () => {
    expect(keyOf('${NAME}', { NAME: '007' })).toBe('007');
    expect(keyOf('${NAME}', { NAME: 'true' })).toBe('true');
  });

  it.each(['8080.5', '-1', '0x50', '1e3', 'eighty', '99999999999999999'])(
    'to %j is no number, nor is text that is written out or put together',
    (text) => {
      expect(faults({ ...minimal, server: { port: '${PORT}' } }, { PORT: text })).toHaveLength(1);
      expect(faults({ ...minimal, server: { port: '80' } })).toEqual(['server.port: is not a number']);
      expect(faults({ ...minimal, server: { port: '8${N}' } }, { N: '0' })).toEqual([
        'server.port: is not a number',
      ]);
    },
  );

  it('to a value out of range is a fault like any other', () => {
    expect(faults({ ...minimal, server: { port: '${PORT}' } }, { PORT: '65536' })).toEqual([
      'server.port: must be at most 65535',
    ]);
  });
});

describe('the server', () => {
  const ada = { name: 'ada', role: 'operator', token: secret };
  const withTokens = (...tokens: object[]): object => ({ ...minimal, server: { tokens } });

  it('has tokens of people with roles', () => {
    expect(parse(withTokens(ada)).server.tokens).toEqual([ada]);
  });

  it('has no two tokens of one name or one value, whatever else is wrong', () => {
    const bob = { name: 'ada', role: 'boss', token: secret };
    expect(faults(withTokens(ada, bob))).toEqual([
      'server.tokens[1].role: is not one of viewer, operator, approver',
      'server.tokens[1].name: was already given to another token',
      'server.tokens[1].token: is the same as that of another name',
    ]);
  });

  it('has tokens of at least 32 characters that a header can carry', () => {
    expect(
      faults(withTokens({ ...ada, token: 'x'.repeat(31) }, { ...ada, name: 'b', token: `${secret}\n.` })),
    ).toEqual([
      'server.tokens[0].token: must have at least 32 characters',
      'server.tokens[1].token: has characters that an HTTP header cannot carry',
    ]);
  });

  it('may have a listener for operators, on a port of its own', () => {
    const server = (port: number, adminPort: number): object => ({
      ...minimal,
      server: { port, admin: { host: '::1', port: adminPort } },
    });
    expect(parse(server(8080, 9090)).server.admin).toEqual({ host: '::1', port: 9090 });
    expect(faults(server(8080, 8080))).toEqual(['server.admin.port: is the same as server.port']);
    expect(parse(server(0, 0)).server).toMatchObject({ port: 0, admin: { port: 0 } });
  });

  it.each([true, false, 0, 2])('may trust proxies: %j', (trustProxy) => {
    expect(parse({ ...minimal, server: { trustProxy } }).server.trustProxy).toBe(trustProxy);
  });

  it.each(['loopback', -1, 1.5, null])('may not trust proxies as %j', (trustProxy) => {
    expect(faults({ ...minimal, server: { trustProxy } })).toHaveLength(1);
  });
});

describe('the store', () => {
  it.each(['sqlite:./data/bridge.db', 'sqlite:/var/lib/bridge.db', 'sqlite:bridge.db'])(
    'may be %s',
    (url) => {
      expect(parse({ ...minimal, store: { url } }).store.url).toBe(url);
    },
  );

  it.each([
    ['postgres://u:p@h:5432/db', 'names PostgreSQL, which this release does not have yet; use sqlite:<path>'],
    ['postgresql://h/db', 'names PostgreSQL, which this release does not have yet; use sqlite:<path>'],
    ['sqlite:', 'is not sqlite:<path>'],
    ['./bridge.db', 'is not sqlite:<path>'],
    ['sqlite://data/bridge.db', 'has // before its path; write sqlite:./file or sqlite:/path/to/file'],
    ['sqlite::memory:', 'names no file, so that what was acknowledged would be lost'],
  ])('may not be %s', (url, says) => {
    expect(faults({ ...minimal, store: { url } })).toEqual([`store.url: ${says}`]);
  });
});

describe('the management API', () => {
  const withHost = (host: unknown): object => ({ ...minimal, genauth: { ...genauth, host } });

  it.each([
    ['https://api.genauth.ai', 'https://api.genauth.ai'],
    ['https://api.genauth.ai/', 'https://api.genauth.ai'],
    ['https://sso.example.com/genauth/', 'https://sso.example.com/genauth'],
    ['http://127.0.0.1:4100', 'http://127.0.0.1:4100'],
    ['http://localhost:4100', 'http://localhost:4100'],
    ['http://[::1]:4100', 'http://[::1]:4100'],
  ])('may be at %s', (host, read) => {
    expect(parse(withHost(host)).genauth.host).toBe(read);
  });

  it.each([
    ['http://api.genauth.ai', /^genauth.host: is not https: credentials go there/],
    ['http://127.0.0.1.example.com', /is not https/],
    ['http://localhost.example.com', /is not https/],
    ['https://user:password@api.genauth.ai', /has more than scheme, host, port and path/],
    ['https://api.genauth.ai?x=1', /has more than/],
    ['https://api.genauth.ai#x', /has more than/],
    ['api.genauth.ai', /is not a URL such as/],
    ['ftp://api.genauth.ai', /is not a URL such as/],
  ])('may not be at %s', (host, says) => {
    expect(faults(withHost(host))).toEqual([expect.stringMatching(says)]);
  });

  it('is called within limits', () => {
    const limits = { requestsPerSecond: 0.5, concurrency: 65, timeout: '1h', arrayEncoding: 'json' };
    expect(faults({ ...minimal, genauth: { ...genauth, ...limits } })).toEqual([
      'genauth.timeout: is not between 1ms and 10m',
      'genauth.requestsPerSecond: must be at least 1',
      'genauth.concurrency: must be at most 64',
      'genauth.arrayEncoding: is not one of repeat, brackets',
    ]);
  });

  it('signs out of all apps or of those that are named', () => {
    const withApps = (kickAppIds: unknown): object => ({ ...minimal, genauth: { ...genauth, kickAppIds } });
    expect(parse(withApps(['app1', 'app2'])).genauth.kickAppIds).toEqual(['app1', 'app2']);
    expect(faults(withApps('app1'))).toEqual(['genauth.kickAppIds: is neither all nor a list of app ids']);
    expect(faults(withApps(['app1', 7]))).toEqual([
      'genauth.kickAppIds[1]: is not text; a number or a date as text needs quotes',
    ]);
    expect(faults(withApps([]))).toEqual(['genauth.kickAppIds: must have at least 1 entries']);
  });
});

describe('what is done to leavers', () => {
  const withLeavers = (keys: object): object => ({ genauth, leavers: { dryRun: false, ...keys } });

  it('may be safeguarded in part by defaults, or not at all', () => {
    expect(parse(withLeavers({ safeguard: { maxResigns: 0, grace: '0s' } })).leavers.safeguard).toEqual({
      maxResigns: 0,
      maxKicks: 100,
      perMs: 3_600_000,
      graceMs: 0,
    });
    expect(parse(withLeavers({ safeguard: 'off' })).leavers.safeguard).toBeNull();
    expect(faults(withLeavers({ safeguard: false }))).toEqual([
      'leavers.safeguard: is neither off nor a mapping',
    ]);
    expect(faults(withLeavers({ safeguard: { per: 'x', grace: '2d' } }))).toEqual([
      'leavers.safeguard.per: is not a duration such as 100ms, 10s, 15m, 1h, 90d',
      'leavers.safeguard.grace: is not between 0ms and 1d',
    ]);
  });

  it('is held for protected people, who are named by valid identifiers', () => {
    const phone = { userIdType: 'phone', userId: '+86 138 0013 8000' };
    expect(parse(withLeavers({ protected: [phone] })).leavers.protected).toEqual([
      { userIdType: 'phone', userId: '13800138000' },
    ]);
    expect(faults(withLeavers({ protected: [phone, { userIdType: 'email', userId: 'ada' }] }))).toEqual([
      'leavers.protected[1].userId: email is not an email address',
    ]);
  });
});

describe('durations', () => {
  it.each([10, '10', '1.5h', null])('are not written as %j', (timeout) => {
    expect(faults({ ...minimal, genauth: { ...genauth, timeout } })).toEqual([
      'genauth.timeout: is not a duration such as 100ms, 10s, 15m, 1h, 90d',
    ]);
  });

  it('fit together, and each rule is checked as soon as its own keys are read', () => {
    expect(faults({ ...minimal, retry: { minDelay: '2s', maxDelay: '1s', giveUpAfter: '1s' } })).toEqual([
      'retry.minDelay: is longer than retry.maxDelay',
      'retry.maxDelay: is not shorter than retry.giveUpAfter',
    ]);
    expect(faults({ ...minimal, retention: { settled: '2d', outcomes: '1d', deadLetters: 'x' } })).toEqual([
      'retention.deadLetters: is not a duration such as 100ms, 10s, 15m, 1h, 90d',
      'retention.outcomes: is shorter than retention.settled',
    ]);
  });
});

describe('a source', () => {
  it('has the keys of the engine beside the settings of its handler', () => {
    const keys = { ...acme, tenant: 'acme-inc', actions: ['kick'], dryRun: true, expectEvery: '1d' };
    expect(parse(withSource(keys)).sources.hr).toEqual({
      id: 'hr',
      kind: 'acme',
      handler: handlers.acme,
      settings: { secrets: ['secret-1'], identifyBy: ['email'], tenant: 'acme-inc', limit: 5, strict: false },
      actions: ['kick'],
      dryRun: true,
      expectEveryMs: 86_400_000,
    });
  });

  it('may say with null that an optional key is not used, whatever its handler has', () => {
    const unused = { tenant: null, dryRun: null, expectEvery: null };
    expect(parse(withSource({ ...acme, ...unused })).sources.hr).toMatchObject({
      dryRun: null,
      expectEveryMs: null,
    });
    expect(parse(withSource({ handler: 'plain', key: 'k', ...unused })).sources.hr).toMatchObject({
      settings: { key: Buffer.from('k') },
      actions: ['kick', 'resign', 'withdraw'],
    });
  });

  it('may not name a tenant that its handler cannot compare', () => {
    expect(faults(withSource({ handler: 'plain', key: 'k', tenant: 't1' }))).toEqual([
      'sources.hr.tenant: cannot be checked: deliveries of this handler name no tenant',
    ]);
  });

  it('is told every fault of its own settings, refinements included', () => {
    expect(faults(withSource({ handler: 'acme', secret: 'x', identifyBy: ['name'], actions: [] }))).toEqual([
      'sources.hr.secret: is not a known key of this handler; did you mean secrets?',
      'sources.hr.actions: must have at least 1 entries',
      expect.stringMatching(/^sources\.hr\.secrets: is required$/),
      'sources.hr.identifyBy[0]: is not one of email, external_id',
    ]);
    expect(faults(withSource({ handler: 'acme', secrets: ['secret-1', 'secret-1'] }))).toEqual([
      'sources.hr.secrets: has a secret twice',
    ]);
  });

  it('is told of whatever a handler may ask for', () => {
    const settings = z.strictObject({
      either: z.union([z.string(), z.number()]),
      email: z.email(),
      ratio: z.number().gt(0).lt(1),
      more: z.number().gt(0).lt(1),
      list: z.array(z.string()).max(1),
      code: z.string().max(3),
      map: z.map(z.string(), z.string()),
      inner: z.looseObject({ x: z.strictObject({}) }),
      closed: z.record(z.enum(['a', 'b']), z.number()),
    });
    const odd = defineHandler({ settings, verify: () => {}, normalize: () => [] });
    const source = {
      handler: 'odd',
      email: 'x',
      ratio: 0,
      more: 1,
      list: ['a', 'b'],
      code: 'abcd',
      map: 1,
      inner: { x: { y: 1 } },
      closed: { a: 1, b: 2, c: 3 },
    };
    const read = (): Config => parseConfig(stringify(withSource(source)), { env: {}, handlers: { odd } });
    expect(faultsOf(read)).toEqual([
      'sources.hr.either: is required',
      'sources.hr.email: Invalid email address',
      'sources.hr.ratio: must be more than 0',
      'sources.hr.more: must be less than 1',
      'sources.hr.list: must have at most 1 entries',
      'sources.hr.code: must have at most 3 characters',
      'sources.hr.map: is not map',
      'sources.hr.inner.x.y: is not a known key',
      'sources.hr.closed.c: is not a known key',
    ]);
  });

  it('needs a handler that exists', () => {
    expect(faults(withSource({ secrets: [] }))).toEqual([
      'sources.hr.handler: is required (known: acme, plain)',
    ]);
    expect(faults(withSource({ handler: 'acne', dryRun: 'x' }))).toEqual([
      'sources.hr.handler: is not a known handler; did you mean acme? (known: acme, plain)',
      'sources.hr.dryRun: is not true or false',
    ]);
    expect(faults(withSource({ handler: 'constructor' }))).toEqual([
      'sources.hr.handler: is not a known handler (known: acme, plain)',
    ]);
    expect(faults({ ...minimal, sources: { hr: null } })).toEqual([
      'sources.hr: is not a mapping with a handler',
    ]);
  });

  it.each(['hr', 'a', 'hr-2', 'constructor', 'x'.repeat(63)])('may have the id %s', (id) => {
    expect(parse(withSource(acme, id)).sources[id]?.id).toBe(id);
  });

  it.each(['HR', '2hr', '-hr', 'h_r', 'h.r', 'h r', 'x'.repeat(64), '__proto__'])(
    'may not have the id %s',
    (id) => {
      const text = `${stringify(minimal)}sources: { ${JSON.stringify(id)}: ${JSON.stringify(acme)} }`;
      expect(faultsOf(() => parseText(text))).toEqual([
        `sources.${id}: is not an id: a small letter, then at most 62 of a-z, 0-9 and -`,
      ]);
    },
  );

  it.each(['slack', 'api', 'cli', 'all', 'kick', 'resign'])(
    'may not have the id %s, which is taken',
    (id) => {
      expect(faults(withSource(acme, id))).toEqual([`sources.${id}: is an id that is taken; choose another`]);
    },
  );

  it('is not found under a name that every object has', () => {
    expect(parse(withSource(acme)).sources.constructor).toBeUndefined();
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

describe('the configuration in a log', () => {
  const masked = maskConfig(
    parse({
      server: { tokens: [{ name: 'ada', role: 'viewer', token: secret }] },
      genauth,
      leavers: { dryRun: true, protected: [{ userIdType: 'email', userId: 'owner@example.com' }] },
      sources: {
        hr: { ...acme, secrets: [secret], tenant: 'acme-inc' },
        it: { handler: 'plain', key: secret },
      },
    }),
  );

  it('has no secret and no personal data', () => {
    expect(JSON.stringify(masked)).not.toContain(secret);
    expect(JSON.stringify(masked)).not.toContain('owner@example.com');
  });

  it('still says what one needs to know', () => {
    expect(masked).toMatchObject({
      server: { port: 8080, tokens: [{ name: 'ada', role: 'viewer', token: '***' }] },
      genauth: { host: 'https://api.genauth.ai', accessKeyId: 'pool1', accessKeySecret: '***' },
      leavers: { dryRun: true, protected: [{ userIdType: 'email', userId: '***' }] },
      sources: {
        hr: {
          handler: 'acme',
          settings: { secrets: ['***'], identifyBy: ['email'], tenant: 'acme-inc', limit: 5, strict: false },
        },
        it: { handler: 'plain', settings: { key: '***' } },
      },
    });
  });

  it('hides what sounds like a secret, at any depth, and what is no plain data', () => {
    const settings = z.looseObject({});
    const odd = defineHandler({ settings, verify: () => {}, normalize: () => [] });
    const source = {
      handler: 'odd',
      credentials: { user: 'u', list: ['p'], many: 3, on: true, none: null },
      apiUrl: 'https://user:hush@example.com/path?x=a@b',
      nested: [{ webhookToken: 't' }],
    };
    const looseShape = z.object({
      credentials: z.unknown(),
      apiUrl: z.string(),
      nested: z.unknown(),
      since: z
        .string()
        .default('2026')
        .transform((text) => new Date(text)),
    });
    const config = parseConfig(stringify(withSource(source)), {
      env: {},
      handlers: { odd: { ...odd, settings: looseShape } },
    });
    expect(maskConfig(config)).toMatchObject({
      sources: {
        hr: {
          settings: {
            credentials: { user: '***', list: ['***'], many: '***', on: true, none: null },
            apiUrl: 'https://***@example.com/path?x=a@b',
            nested: [{ webhookToken: '***' }],
            since: '***',
          },
        },
      },
    });
  });
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the configuration writes its references
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { acme, type Env, faults, faultsOf, genauth, minimal, parse, withSource } from './fixtures.ts';

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

  it('that leaves nothing is a fault, also where the setting may be empty as it is written', () => {
    expect(faultOf('${NAME:-}')).toEqual(['genauth.accessKeyId: is empty']);
    expect(faultOf('${NAME}', { NAME: '  ' })).toEqual(['genauth.accessKeyId: is empty']);
    const prefixed = (prefix: string) => withSource({ handler: 'plain', key: 'x', prefix });
    expect(faults(prefixed(''))).toEqual([]);
    expect(faults(prefixed('${NAME:-}'))).toEqual(['sources.hr.prefix: is empty']);
    expect(faults(prefixed('${NAME}'), { NAME: '' })).toEqual([
      'sources.hr.prefix: the environment variable NAME is empty',
    ]);
  });

  it('is not needed for a value to be refused as empty where it may not be', () => {
    expect(faultOf('')).toEqual(['genauth.accessKeyId: is empty']);
    expect(faultOf('  ')).toEqual(['genauth.accessKeyId: is empty']);
    expect(faults(withSource({ ...acme, secrets: ['secret-1', ''] }))).toEqual([
      'sources.hr.secrets[1]: must have at least 8 characters',
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

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { handlers } from '../../handlers/index.ts';
import { type Config, configJsonSchema, parseConfig } from '../../src/config.ts';
import { pem } from '../support/tls.ts';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const example = read('bridge.example.yaml');
const generated = configJsonSchema(handlers);
const definitions = Object(generated.definitions);

interface Node {
  readonly $ref?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly additionalProperties?: Node | boolean;
}

/** Every key that a schema knows, as `server.tokens[].name`; the id of a source is `*`. */
function keysOf(given: Node, path = ''): [string, Node][] {
  const node: Node = given.$ref ? definitions[given.$ref.replace('#/definitions/', '')] : given;
  const own = Object.entries(node.properties ?? {}).flatMap(([key, inner]): [string, Node][] => {
    const here = path ? `${path}.${key}` : key;
    return [[here, inner], ...keysOf(inner, here)];
  });
  const more =
    typeof node.additionalProperties === 'object' ? keysOf(node.additionalProperties, `${path}.*`) : [];
  const items = node.items ? keysOf(node.items, `${path}[]`) : [];
  return [...own, ...more, ...items, ...(node.anyOf ?? []).flatMap((one) => keysOf(one, path))];
}

/** Every key that is written in a document, in the same way. */
function keysIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keysIn(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = path === 'sources' ? 'sources.*' : path ? `${path}.${key}` : key;
    return [here, ...keysIn(inner, here)];
  });
}

/** The environment that the example asks for; each text is long enough, and base64. */
function exampleEnv(): Record<string, string> {
  const names = [...example.matchAll(/^[^#]*\$\{([A-Z_]+)\}/gm)].map(([, name = '']) => name);
  return Object.fromEntries(
    names.map((name) => {
      const value = Buffer.from(name.padEnd(48, '.')).toString('base64');
      if (name.endsWith('_AES_KEY')) return [name, value.slice(0, 43)];
      return [name, name === 'SLACK_BOT_TOKEN' ? `xoxb-${value}` : value];
    }),
  );
}

describe('the JSON Schema of the configuration', () => {
  it('is what `npm run schema` wrote', () => {
    expect(JSON.parse(read('config.schema.json'))).toEqual(generated);
  });

  it('knows the settings of every handler, told apart by its word', () => {
    const { properties } = generated as Node;
    const sources = Object(properties?.sources).additionalProperties.anyOf;
    const kinds = Object.keys(handlers);
    expect(sources.map((one: object) => Object(one).properties.handler.const)).toEqual(kinds);
    for (const [index, kind] of kinds.entries()) {
      expect(Object.keys(sources[index].properties)).toEqual(
        expect.arrayContaining(Object.keys(handlers[kind]?.settings.shape ?? {})),
      );
    }
  });

  it('writes what every source has once', () => {
    const { properties } = generated as Node;
    const shared = ['actions', 'dryRun', 'expectEvery', 'safeguard'];
    expect(Object.keys(definitions)).toEqual(shared);
    for (const source of Object(properties?.sources).additionalProperties.anyOf) {
      const references = shared.map((key) => Object(source).properties[key].$ref);
      expect(references).toEqual(shared.map((key) => `#/definitions/${key}`));
    }
  });

  it('refuses unknown keys and requires what has no default', () => {
    expect(generated).toMatchObject({
      additionalProperties: false,
      required: ['genauth', 'leavers'],
      properties: {
        genauth: { additionalProperties: false, required: ['host', 'accessKeyId', 'accessKeySecret'] },
        leavers: { additionalProperties: false, required: ['dryRun'] },
        retry: { additionalProperties: false, properties: { maxDelay: { default: '15m' } } },
      },
    });
  });

  it('lets a reference stand wherever something more special than text is asked for', () => {
    const reference = { type: 'string', pattern: '\\$\\{' };
    expect(generated).toMatchObject({
      properties: {
        server: {
          properties: { port: { default: 8080, anyOf: [{ type: 'integer', minimum: 0 }, reference] } },
        },
        leavers: { properties: { dryRun: { anyOf: [{ type: 'boolean' }, reference] } } },
        genauth: { properties: { auth: { anyOf: [{ enum: ['token', 'signature'] }, reference] } } },
        sources: { propertyNames: { type: 'string', pattern: expect.stringMatching(/^\^/) } },
      },
    });
  });

  it('lets any source say that it has no tenant, and describes what a handler cannot', () => {
    const withTenant = z.object({ tenant: z.string(), day: z.string().transform((text) => new Date(text)) });
    const handler = { settings: withTenant, verify: () => {}, normalize: () => [] };
    const schema = configJsonSchema({
      odd: handler,
      plain: { ...handler, settings: z.object({ x: z.any() }) },
    });
    expect(schema).toMatchObject({
      properties: {
        sources: {
          additionalProperties: {
            anyOf: [
              { properties: { tenant: { type: ['string', 'null'] } } },
              { properties: { tenant: { type: 'null' } } },
            ],
          },
        },
      },
    });
  });

  it('describes every key of the engine', () => {
    const undescribed = keysOf(generated as Node)
      .filter(
        ([path, node]) =>
          !path.startsWith('sources.') && !path.startsWith('leavers.protected[]') && !node.description,
      )
      .map(([path]) => path);
    expect(undescribed).toEqual([]);
  });
});

describe('the example of a configuration', () => {
  const readFile = (path: string) => pem.client[path.endsWith('.key') ? 'privateKey' : 'certificate'];
  const parse = (): Config => parseConfig(example, { env: exampleEnv(), handlers, readFile });

  it('is valid, and only watches', () => {
    expect(parse().leavers.dryRun).toBe(true);
    const kinds = new Set(Object.values(parse().sources).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(Object.keys(handlers).sort());
  });

  it('has every key that there is', () => {
    // One safeguard is shown as a single limit, and one as several: both at once is a fault.
    const nameOf = (path: string): string => path.replace(/^.*\.(?=safeguard\.)/, '');
    const written = keysIn(parseYaml(example)).map(nameOf);
    const keys = new Set(keysOf(generated as Node).map(([path]) => nameOf(path)));
    expect([...keys].filter((path) => !written.includes(path))).toEqual([]);
  });

  it('shows the defaults as they are', () => {
    const { genauth, ...shown } = parse();
    const text = `genauth: {host: "${genauth.host}", accessKeyId: x, accessKeySecret: x}\nleavers: {dryRun: true}`;
    const defaults = parseConfig(text, { env: {}, handlers });
    expect({ ...genauth, accessKeyId: 'x', accessKeySecret: 'x' }).toEqual(defaults.genauth);
    expect(shown).toMatchObject({
      store: defaults.store,
      retry: defaults.retry,
      limits: defaults.limits,
      retention: defaults.retention,
      leavers: { ...defaults.leavers, protected: expect.anything() },
      server: { ...defaults.server, tokens: expect.anything(), admin: expect.anything() },
    });
  });

  it('has a comment on every key', () => {
    const lines = example.split('\n');
    const bare = lines.filter((line, index) => {
      const isKey = /^\s*(- )?[\w-]+:/.test(line);
      return isKey && !/^\s*#/.test(lines[index - 1] ?? '');
    });
    expect(bare).toEqual([]);
  });

  it('names its schema for editors, in its first line', () => {
    expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=./config.schema.json');
  });
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { handlers } from '../../handlers/index.ts';
import { ConfigFault, parseConfig } from '../../src/config.ts';
import { pem } from '../support/tls.ts';

const folder = new URL('../../docs/sources/', import.meta.url);
const guide = new URL('../../handlers/README.md', import.meta.url);
const reconcile = new URL('../../docs/reconcile.md', import.meta.url);
const read = (url: URL): string => readFileSync(url, 'utf8');

/** Those whose pages are sections of the guide. */
const inGuide = ['standard-webhooks', 'events'];
const words = Object.keys(handlers).filter((word) => !inGuide.includes(word));

interface Example {
  readonly page: string;
  readonly yaml: string;
}

const pages = [guide, reconcile, ...readdirSync(folder).map((name) => new URL(name, folder))];
const examples: Example[] = pages.flatMap((url) =>
  [...read(url).matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => ({
    page: url.pathname.split('/').slice(-2).join('/'),
    yaml,
  })),
);

/** What is wrong with an example, in a file that has what every bridge needs. A secret of 43 characters suits them all. */
function faultsOf(yaml: string): readonly string[] {
  const example: Readonly<Record<string, unknown>> = parse(yaml);
  const { sources = example, kafka } = example;
  const file = {
    genauth: { host: 'https://api.genauth.ai', accessKeyId: 'x', accessKeySecret: 'x' },
    leavers: { dryRun: true },
    sources,
    ...(kafka !== undefined && { kafka }),
  };
  const names = [...yaml.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
  const env = Object.fromEntries(names.map((name) => [name, 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C']));
  const readFile = (path: string): string =>
    path.endsWith('.key') ? pem.client.privateKey : pem.client.certificate;
  try {
    parseConfig(JSON.stringify(file), { env, handlers, readFile });
    return [];
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults;
    throw error;
  }
}

describe('the pages of the sources', () => {
  it.each(words)('say every setting of %s', (word) => {
    const page = new URL(`${word}.md`, folder);
    expect(existsSync(page)).toBe(true);
    const told = read(page) + read(new URL('README.md', folder));
    const unsaid = Object.keys(handlers[word]?.settings.shape ?? {}).filter(
      (key) => !new RegExp(`(^ +|\`|[{,] ?)${key}[\`:.]`, 'm').test(told),
    );
    expect(unsaid).toEqual([]);
  });

  it('have an example of every handler', () => {
    for (const word of Object.keys(handlers)) {
      expect(examples.some(({ yaml }) => yaml.includes(`handler: ${word}`))).toBe(true);
    }
  });

  it.each(examples)('have examples that are in order as they stand: $page', ({ yaml }) => {
    expect(faultsOf(yaml)).toEqual([]);
  });
});

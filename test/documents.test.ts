import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { handlers } from '../handlers/index.ts';
import { run } from '../src/cli/program.ts';
import { exitCodes } from '../src/cli/shell.ts';
import { parseConfig } from '../src/config.ts';
import { troubleCodes } from '../src/core/trouble.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const folders = ['.', 'docs', 'handlers', 'charts', 'test'];
const pages = folders.flatMap((folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: folder !== '.', encoding: 'utf8' })
        .filter((name) => name.endsWith('.md'))
        .map((name) => join(root, folder, name))
    : [],
);

/** Links and pictures of a page that lead to somewhere in the project. */
function linksOf(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^```.*?^```/gms, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to).filter((to) => !/^[a-z]+:/.test(to));
}

/** As the usual renderers make them of headings. */
function anchorsOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

const { properties } = JSON.parse(readFileSync(join(root, 'config.schema.json'), 'utf8'));

/** The examples of a configuration on a page: some of its sections, or sources alone. */
function configurationsOf(page: string): object[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^( *)```yaml\n(.*?)^ *```/gms)];
  return blocks.flatMap(([, margin = '', block = '']) => {
    const value: object = parse(block.replaceAll(new RegExp(`^${margin}`, 'gm'), ''));
    if (Object.values(value).every((one) => one?.handler)) return [{ sources: value }];
    return Object.keys(value).every((key) => key in properties) ? [value] : [];
  });
}

/** What is required, for examples of other things. */
const required = {
  genauth: { host: 'https://api.genauth.ai', accessKeyId: 'key', accessKeySecret: 'secret' },
  leavers: { dryRun: true },
  sources: {},
};

/** A value for each variable that a text names, of the form that some are checked for. */
function valuesOf(text: string): Record<string, string> {
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
  const fill = (name: string) => `${name === 'SLACK_BOT_TOKEN' ? 'xoxb-' : ''}${'0'.repeat(42)}A`;
  return Object.fromEntries(names.map((name) => [name, fill(name)]));
}

/** The source that a page shows first. */
function sourceOf(page: string) {
  const [example] = configurationsOf(page);
  const text = stringify({ ...required, ...example });
  const [source] = Object.values(parseConfig(text, { env: valuesOf(text), handlers, readFile }).sources);
  if (!source) throw new Error(`${page} shows no source`);
  return source;
}

const certificates = new URL('support/tls/', import.meta.url);
const readFile = (path: string): string =>
  readFileSync(new URL(path.endsWith('.key') ? 'client.key' : 'client.pem', certificates), 'utf8');

describe('the documents', () => {
  it.each(pages.map((page) => relative(root, page)))('lead to what is there: %s', (name) => {
    const page = join(root, name);
    const broken = linksOf(page).filter((to) => {
      const [path = '', anchor] = to.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  const examples = pages.flatMap((page) =>
    configurationsOf(page).map((example): [string, object] => [relative(root, page), example]),
  );

  it.each(examples)('show configurations that the bridge takes: %s', (_name, example) => {
    const text = stringify({ ...required, ...example });
    expect(() => parseConfig(text, { env: valuesOf(text), handlers, readFile })).not.toThrow();
  });

  it('show some of each kind', () => {
    expect(examples.length).toBeGreaterThan(20);
    expect(bodies.length).toBeGreaterThan(5);
  });

  const bodies = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/offboard-bridge try[^\n]*\n+```json\n(.*?)^```/gms)].map(
      ([, body = '']): [string, string] => [relative(root, page), body],
    ),
  );

  it.each(bodies)(
    'show bodies that are among the fixtures, and that their source reads: %s',
    (name, body) => {
      const { kind, settings, handler } = sourceOf(join(root, name));
      const folder = join(root, 'test/handlers/fixtures', kind);
      const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
      const known: unknown[] = files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
      expect(known).toContainEqual(JSON.parse(body));
      const delivery = { method: 'POST', query: {}, headers: {}, body: Buffer.from(body) };
      expect(handler.normalize(delivery, settings)).toContainEqual(
        expect.objectContaining({ action: 'resign' }),
      );
    },
  );

  it('list every code of /v1/status', () => {
    const page = readFileSync(join(root, 'docs/operating.md'), 'utf8');
    expect(troubleCodes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });

  it('list every command and every exit code', async () => {
    const page = readFileSync(join(root, 'docs/commands.md'), 'utf8');
    const codes = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(exitCodes).sort());
    let help = '';
    const out = { write: (text: string) => (help += text) } as unknown as NodeJS.WritableStream;
    await run(['--help'], { env: {}, stdin: process.stdin, stdout: out, stderr: out });
    const commands = [...help.matchAll(/^ {2}([a-z][a-z-]*)[^\n]* {2}/gm)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(20);
    for (const name of commands) if (name !== 'help') expect(page).toMatch(new RegExp(`\`${name}[ \`]`));
    for (const code of codes) expect(help).toMatch(new RegExp(`[:;]\\s${code} `));
  });
});

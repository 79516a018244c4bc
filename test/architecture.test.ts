import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../', import.meta.url));

interface Import {
  /** From the root of the project: `src/core/intent.ts`. */
  readonly from: string;
  /** A file of the project in the same way, or a package: `zod`, `node:fs`. */
  readonly to: string;
  readonly isType: boolean;
}

const statement = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;

/** A clause whose names are types one by one is still carried out when the program runs, and so counts as a value. */
function importsOf(from: string, text: string): Import[] {
  return [...text.matchAll(statement)].map(([, type, named, loaded]) => {
    const target = named ?? loaded ?? '';
    const to = target.startsWith('.') ? normalize(join(dirname(from), target)) : packageOf(target);
    return { from, to, isType: type !== undefined };
  });
}

/** `pkg/sub` is of `pkg`, `@scope/pkg/sub` of `@scope/pkg`; Node's own modules go by their whole name. */
function packageOf(target: string): string {
  if (target.startsWith('node:')) return target;
  return target.split('/', target.startsWith('@') ? 2 : 1).join('/');
}

/** `src/core/intent.ts` and `src/core.ts` are of the room `core`; everything in `handlers/` is of `handlers`. */
function roomOf(file: string): string {
  const [top = '', next = ''] = file.split('/');
  return top === 'src' ? next.replace(/\.ts$/, '') : top;
}

const isFile = (target: string): boolean => target.endsWith('.ts');

type Reach = 'values' | 'types';

interface Room {
  /** The other rooms that it may know, and whether only their types. */
  readonly rooms: Readonly<Record<string, Reach>>;
  /** The packages, and Node's modules where that matters, that it may use. */
  readonly packages: Readonly<Record<string, Reach>>;
}

const rules: Readonly<Record<string, Room>> = {
  core: { rooms: {}, packages: { zod: 'values', 'node:crypto': 'values' } },
  handlers: {
    rooms: { core: 'values' },
    // `node:vm` ends expressions of JSONata that take too long.
    packages: { 'fast-xml-parser': 'values', jsonata: 'values', 'node:vm': 'values', zod: 'values' },
  },
  config: { rooms: { core: 'values' }, packages: { yaml: 'values', zod: 'values' } },
  store: { rooms: { core: 'values' }, packages: { 'node:sqlite': 'values', pg: 'values' } },
  'management-api': { rooms: { core: 'values' }, packages: { 'node-fetch': 'values', zod: 'values' } },
  ingress: {
    rooms: { core: 'values', store: 'types', kafka: 'types' },
    packages: {
      '@larksuiteoapi/node-sdk': 'values',
      '@slack/bolt': 'values',
      'dingtalk-stream': 'values',
      express: 'values',
      'node-fetch': 'values',
      'prom-client': 'values',
      'proxy-addr': 'values',
      zod: 'values',
    },
  },
  dispatcher: {
    rooms: { core: 'values', store: 'types', 'management-api': 'types' },
    packages: { 'node-fetch': 'values' },
  },
  reconcile: { rooms: { core: 'values', 'management-api': 'types' }, packages: { zod: 'values' } },
  publishers: { rooms: { core: 'values', store: 'types', kafka: 'types' }, packages: {} },
  kafka: { rooms: { core: 'types' }, packages: { kafkajs: 'values' } },
  tracing: {
    rooms: { core: 'values' },
    packages: {
      '@opentelemetry/api': 'values',
      '@opentelemetry/exporter-trace-otlp-http': 'values',
      '@opentelemetry/resources': 'values',
      '@opentelemetry/sdk-trace': 'values',
    },
  },
  emulator: { rooms: { core: 'values' }, packages: { zod: 'values' } },
  bridge: {
    rooms: {
      core: 'values',
      config: 'types',
      store: 'values',
      'management-api': 'values',
      ingress: 'values',
      dispatcher: 'values',
      publishers: 'values',
      reconcile: 'values',
      kafka: 'values',
      tracing: 'values',
    },
    packages: { express: 'types', zod: 'values' },
  },
  cli: {
    rooms: { core: 'values', config: 'values', bridge: 'values', emulator: 'values', handlers: 'values' },
    packages: { commander: 'values', 'csv-parse': 'values', pino: 'values', zod: 'values' },
  },
  main: {
    rooms: { core: 'values', config: 'values', bridge: 'values', cli: 'values', handlers: 'values' },
    packages: {},
  },
};

/** Of Node's modules, those whose place matters; the rooms that may use no other are `sealed`. */
const placedModules = ['node:sqlite'];
const sealedRooms = ['core', 'handlers'];

/** What speaks against an import, or `null`. */
function borderFault({ from, to, isType }: Import): string | null {
  const own = roomOf(from);
  const room = rules[own];
  if (!room) return `${from} is in no room that has rules`;
  if (isFile(to) && roomOf(to) === own) return null;
  const isFree = to.startsWith('node:') && !placedModules.includes(to) && !sealedRooms.includes(own);
  const reach = isFree ? 'values' : isFile(to) ? room.rooms[roomOf(to)] : room.packages[to];
  if (reach === undefined) return `${from} may not import ${to}`;
  if (reach === 'types' && !isType) return `${from} may import ${to} as types only`;
  if (own === 'handlers' && to !== 'src/core/handler.ts' && isFile(to)) {
    return `${from} may import core/handler.ts only, not ${to}`;
  }
  return null;
}

const borderFaults = (imports: readonly Import[]): string[] =>
  imports.map(borderFault).filter((fault) => fault !== null);

/** Every circle of imports, types included, as `a → b → a`. */
function circles(imports: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  function follow(file: string, trail: readonly string[]): void {
    const start = trail.indexOf(file);
    if (start !== -1) found.push([...trail.slice(start), file].join(' → '));
    if (start !== -1 || done.has(file)) return;
    for (const target of targets.get(file) ?? []) follow(target, [...trail, file]);
    done.add(file);
  }
  for (const file of targets.keys()) follow(file, []);
  return found;
}

/** What a file has that only some may have, as `file: line`. */
function placesOf(pattern: RegExp, isAllowed: (file: string) => boolean): string[] {
  return files
    .filter((file) => !isAllowed(file))
    .flatMap((file) => (texts.get(file) ?? '').split('\n').map((line) => `${file}: ${line.trim()}`))
    .filter((line) => pattern.test(line));
}

const files = ['src', 'handlers'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(isFile)
    .map((file) => join(folder, file)),
);
const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
const imports = files.flatMap((file) => importsOf(file, texts.get(file) ?? ''));
const ofRoom = (room: string): Import[] => imports.filter(({ from }) => roomOf(from) === room);

describe('the borders of the rooms', () => {
  it.each(Object.keys(rules))('are kept by %s', (room) => {
    expect(borderFaults(ofRoom(room))).toEqual([]);
  });

  it('are drawn for every file, and every room is there', () => {
    expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(rules).sort());
  });

  it('let every room but main and the CLI be used without the handlers', () => {
    const rooms = Object.entries(rules).filter(([, { rooms }]) => 'handlers' in rooms);
    expect(rooms.map(([room]) => room)).toEqual(['cli', 'main']);
  });

  it('give every package a home of its own, apart from zod', () => {
    const homes = new Map<string, string[]>();
    for (const { from, to, isType } of imports) {
      if (isFile(to) || isType || to.startsWith('node:') || to === 'zod') continue;
      homes.set(to, [...new Set([...(homes.get(to) ?? []), roomOf(from)])]);
    }
    // Wherever a URL is called: GenAuth's, and a vendor's.
    homes.set('node-fetch', (homes.get('node-fetch') ?? []).slice(0, 1));
    expect([...homes].filter(([, rooms]) => rooms.length > 1)).toEqual([]);
    expect([...homes.keys()]).toEqual(expect.arrayContaining(['express', 'yaml', 'node-fetch']));
  });

  it('are not run around in circles', () => {
    expect(circles(imports)).toEqual([]);
  });

  it('lead to files that exist', () => {
    const missing = imports.filter(({ to }) => isFile(to) && !files.includes(to));
    expect(missing).toEqual([]);
  });
});

describe('what is off', () => {
  it('is not even loaded: the room of tracing is only imported when it is wanted', () => {
    const loads = placesOf(/tracing\/tracer\.ts'/, (file) => roomOf(file) === 'tracing');
    expect(loads).toEqual([expect.stringContaining("await import('../tracing/tracer.ts')")]);
  });
});

describe('the surroundings of the process', () => {
  it('are read where it starts, and handed on from there', () => {
    expect(placesOf(/\bprocess\.(env|argv)\b/, (file) => ['main', 'cli'].includes(roomOf(file)))).toEqual([]);
  });

  it('give the rules of core and of the handlers no clock and no chance', () => {
    const isElsewhere = (file: string): boolean => !sealedRooms.includes(roomOf(file));
    expect(placesOf(/\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|performance\.now\(/, isElsewhere)).toEqual(
      [],
    );
  });
});

describe('the check itself', () => {
  const value = (from: string, to: string): Import => ({ from, to, isType: false });

  it('reads every way to import', () => {
    const text = [
      "import './a.ts';",
      "import { b } from '../b.ts';",
      "import type { C } from '../store/c.ts';",
      'import {',
      '  type D,',
      "} from './d.ts';",
      "export { e } from './e.ts';",
      "export type { F } from './f.ts';",
      "export * from '@scope/g/deep';",
      "const h = await import('node:fs');",
      "// import { no } from 'comment';",
    ].join('\n');
    expect(importsOf('src/ingress/x.ts', text).map(({ to, isType }) => [to, isType])).toEqual([
      ['src/ingress/a.ts', false],
      ['src/b.ts', false],
      ['src/store/c.ts', true],
      ['src/ingress/d.ts', false],
      ['src/ingress/e.ts', false],
      ['src/ingress/f.ts', true],
      ['@scope/g', false],
      ['node:fs', false],
    ]);
  });

  it.each([
    ['src/core/intent.ts', 'src/store/contract.ts', 'may not import'],
    ['src/core/intent.ts', 'node:fs', 'may not import'],
    ['src/core/intent.ts', 'express', 'may not import'],
    ['handlers/acme.ts', 'src/core/intent.ts', 'may import core/handler.ts only'],
    ['handlers/acme.ts', 'src/store/contract.ts', 'may not import'],
    ['handlers/acme.ts', 'node:fs', 'may not import'],
    ['src/bridge.ts', 'handlers/index.ts', 'may not import'],
    ['src/ingress/http.ts', 'src/store/sqlite.ts', 'as types only'],
    ['src/ingress/http.ts', 'src/dispatcher/tick.ts', 'may not import'],
    ['src/dispatcher/tick.ts', 'src/management-api/client.ts', 'as types only'],
    ['src/publishers/relay.ts', 'express', 'may not import'],
    ['src/dispatcher/tick.ts', 'node:sqlite', 'may not import'],
    ['src/ingress/http.ts', 'yaml', 'may not import'],
    ['src/stray.ts', 'zod', 'is in no room'],
  ])('finds that %s imports %s', (from, to, says) => {
    expect(borderFaults([value(from, to)])).toEqual([expect.stringContaining(says)]);
  });

  it.each([
    ['src/ingress/http.ts', 'src/ingress/receive.ts', false],
    ['src/ingress/http.ts', 'src/store/contract.ts', true],
    ['src/ingress/http.ts', 'node:http', false],
    ['src/cli/serve.ts', 'handlers/index.ts', false],
    ['handlers/acme.ts', 'src/core/handler.ts', false],
  ])('lets %s import %s', (from, to, isType) => {
    expect(borderFaults([{ from, to, isType }])).toEqual([]);
  });

  it('finds a circle, however long', () => {
    expect(circles([value('a', 'b'), value('b', 'c'), value('c', 'a'), value('c', 'd')])).toEqual([
      'a → b → c → a',
    ]);
    expect(circles([value('a', 'b'), value('a', 'c'), value('b', 'd'), value('c', 'd')])).toEqual([]);
  });
});

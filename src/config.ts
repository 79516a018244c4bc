import { readFileSync } from 'node:fs';
import { check } from './config/check.ts';
import { ConfigFault, type Fault, formatFault } from './config/fault.ts';
import { deepFreeze, isPlainObject } from './config/frozen.ts';
import { errorCode, interpolate } from './config/interpolate.ts';
import { bindingFaults } from './config/kafka.ts';
import { fileSchema } from './config/schema.ts';
import type { Config, Handlers } from './config/shape.ts';
import { readYaml } from './config/source.ts';
import { readSources } from './config/sources.ts';
import { formatPath } from './core/faults.ts';

export { ConfigFault } from './config/fault.ts';
export { configJsonSchema } from './config/json-schema.ts';
export { maskConfig } from './config/mask.ts';
export type { Config, Handlers } from './config/shape.ts';
export { writeYaml } from './config/source.ts';

export interface LoadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly handlers: Handlers;
  /** Reads a file as text; the file system's, unless given. */
  readonly readFile?: (path: string) => string;
}

/** Reads and checks the configuration file. @throws ConfigFault with everything that is wrong with it */
export function loadConfig(path: string, options: LoadOptions): Config {
  return parseConfig(readConfigFile(path, options.readFile ?? readText), options);
}

/**
 * Checks a configuration that is already in hand. Files that it refers to are read.
 * @throws ConfigFault with everything that is wrong with it
 */
export function parseConfig(yamlText: string, options: LoadOptions): Config {
  const { env, handlers, readFile = readText } = options;
  const { tree, faults: unresolved, wholly } = interpolate(readYaml(yamlText), { env, readFile, isVerbatim });
  const sections = sectionsOf(tree);
  const engine = check(fileSchema, { value: sections, path: [], wholly });
  const { sources, faults: sourceFaults } = readSources(
    { value: sections.sources, path: ['sources'], wholly },
    handlers,
  );
  const faults = [...engine.faults, ...sourceFaults];
  const written = Object.keys(Object(sections.sources));
  faults.push(...bindingFaults(Object(sections.kafka).consume ?? [], { sources, written }));
  if (engine.value === null || faults.length + unresolved.length > 0) {
    throw new ConfigFault([...unresolved, ...withoutEchoes(faults, unresolved)].map(formatFault));
  }
  return deepFreeze({ ...engine.value, sources }, new Set(Object.values(handlers)));
}

/** A delivery that is shown as an example is the sender's text, in which `${first}` and an empty field mean nothing to us. */
function isVerbatim(path: string): boolean {
  return /^sources\.[^.[]+\.example\.body\b/.test(path);
}

/**
 * The sections that can be checked. One without a value, such as one whose keys are all commented out, counts as left
 * out; the two that have required keys are there in any case, so that each of those keys is named.
 */
function sectionsOf(tree: unknown): Readonly<Record<string, unknown>> {
  if (tree !== null && !isPlainObject(tree)) throw new ConfigFault(['the configuration is not a mapping']);
  const written = Object.entries(tree ?? {}).filter(([, section]) => section !== null);
  return { genauth: {}, leavers: {}, ...Object.fromEntries(written) };
}

/** What a value without its secret is refused for says nothing more than that the secret is missing. */
function withoutEchoes(faults: readonly Fault[], unresolved: readonly Fault[]): readonly Fault[] {
  const paths = new Set(unresolved.map(({ path }) => formatPath(path)));
  return faults.filter(({ path }) => !paths.has(formatPath(path)));
}

function readConfigFile(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch (error) {
    throw new ConfigFault([`${path} cannot be read${errorCode(error)}`]);
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

import type { Handler } from '../core/handler.ts';
import { check, type Part } from './check.ts';
import { type Fault, unknownName } from './fault.ts';
import { isPlainObject } from './frozen.ts';
import { sourceSchema } from './schema.ts';
import type { Handlers, SourceConfig } from './shape.ts';

export const sourceIdPattern = /^[a-z][a-z0-9-]{0,62}$/;

/** Ways in that are no configured source, and the scopes of a pause. */
const takenIds = ['slack', 'api', 'cli', 'all', 'kick', 'resign'];

interface Reading {
  readonly sources: Readonly<Record<string, SourceConfig>>;
  readonly faults: readonly Fault[];
}

/** Reads every source of a mapping: the engine's own keys, and the rest as its handler's settings. */
export function readSources(part: Part, handlers: Handlers): Reading {
  const faults: Fault[] = [];
  // Without a prototype, so that no id, such as `constructor`, finds what is not a source.
  const sources: Record<string, SourceConfig> = Object.create(null);
  for (const [id, value] of Object.entries(isPlainObject(part.value) ? part.value : {})) {
    const path = [...part.path, id];
    const message = idFault(id);
    if (message !== null) faults.push({ path, message });
    const read = readSource({ ...part, value, path }, handlers);
    if (Array.isArray(read)) faults.push(...read);
    else sources[id] = { id, ...read };
  }
  return { sources, faults };
}

function idFault(id: string): string | null {
  if (takenIds.includes(id)) return 'is an id that is taken; choose another';
  return sourceIdPattern.test(id) ? null : 'is not an id: a small letter, then at most 62 of a-z, 0-9 and -';
}

function readSource(part: Part, handlers: Handlers): Omit<SourceConfig, 'id'> | Fault[] {
  if (!isPlainObject(part.value)) return [{ path: part.path, message: 'is not a mapping with a handler' }];
  const { handler: kind, ...keys } = part.value;
  const handler = typeof kind === 'string' && Object.hasOwn(handlers, kind) ? handlers[kind] : undefined;
  const { engine, own, faults } = divideKeys(keys, handler, part.path);
  const engineKeys = check(sourceSchema, { ...part, value: engine });
  if (!handler || typeof kind !== 'string') {
    const fault = { path: [...part.path, 'handler'], message: handlerFault(kind, handlers) };
    return [fault, ...engineKeys.faults];
  }
  const settings = check(handler.settings, { ...part, value: own });
  faults.push(...engineKeys.faults, ...settings.faults);
  if (faults.length > 0 || engineKeys.value === null) return faults;
  return { kind, handler, settings: settings.value, ...engineKeys.value };
}

function handlerFault(kind: unknown, handlers: Handlers): string {
  const known = Object.keys(handlers);
  const message = kind === undefined ? 'is required' : unknownName(String(kind), 'handler', known);
  return `${message} (known: ${known.join(', ')})`;
}

interface DividedKeys {
  readonly engine: Readonly<Record<string, unknown>>;
  readonly own: Readonly<Record<string, unknown>>;
  readonly faults: Fault[];
}

/** Tells the engine's keys from the handler's; with an unknown handler, no key can be said to be wrong. */
function divideKeys(
  keys: Readonly<Record<string, unknown>>,
  handler: Handler | undefined,
  path: readonly PropertyKey[],
): DividedKeys {
  const engineKeys = Object.keys(sourceSchema.in.shape);
  const ownKeys = Object.keys(handler?.settings.shape ?? {});
  const engine: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  const faults: Fault[] = [];
  for (const [key, value] of Object.entries(keys)) {
    if (engineKeys.includes(key)) engine[key] = value;
    else if (key === 'tenant' && value === null) continue;
    else if (ownKeys.includes(key)) own[key] = value;
    else if (handler)
      faults.push({ path: [...path, key], message: strangeKey(key, [...engineKeys, ...ownKeys]) });
  }
  return { engine, own, faults };
}

function strangeKey(key: string, known: readonly string[]): string {
  if (key === 'tenant') return 'cannot be checked: deliveries of this handler name no tenant';
  return unknownName(key, 'key of this handler', ['handler', ...known]);
}

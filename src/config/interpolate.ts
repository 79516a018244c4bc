import { formatPath } from '../core/faults.ts';
import type { Fault } from './fault.ts';

const maxDepth = 32;
const maxFileCharacters = 65_536;

export interface ReferenceTargets {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
  /** Whether what is at a path, as `formatPath` writes it, stays as it is written; nothing does, unless given. */
  readonly isVerbatim?: (path: string) => boolean;
}

export interface Interpolation {
  /** A copy of the document with its references replaced; a value that could not be is left as it was. */
  readonly tree: unknown;
  readonly faults: readonly Fault[];
  /** Paths of the values that were nothing but one reference, as `formatPath` writes them. */
  readonly wholly: ReadonlySet<string>;
}

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;
const oneReference = /^\$\{[^}]*\}$/;
const advice = 'a doubled $ before the brace makes it plain text';
const variable = /^([A-Za-z_]\w*)(?::-(.*))?$/s;

/**
 * Replaces `${NAME}`, `${NAME:-default}` and `${file:PATH}` in every text value; `$${` stands for the text `${`.
 * It works on values that are already parsed, so that a secret with `#` or `: ` in it stays what it is.
 */
export function interpolate(document: unknown, targets: ReferenceTargets): Interpolation {
  const faults: Fault[] = [];
  const wholly = new Set<string>();

  function walk(value: unknown, path: readonly PropertyKey[]): unknown {
    if (typeof value === 'string') return expand(value, path);
    if (typeof value !== 'object' || value === null) return value;
    if (path.length >= maxDepth) {
      faults.push({ path, message: 'is nested too deeply' });
      return null;
    }
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
  }

  function expand(text: string, path: readonly PropertyKey[]): string {
    // What is written as "" is for the setting to judge: a prefix may be empty, a secret may not.
    if (text === '' || targets.isVerbatim?.(formatPath(path))) return text;
    const wrong: string[] = [];
    const expanded = text.replace(reference, (all, inside: string, end: string) => {
      if (all === '$${') return '${';
      const resolved =
        end === ''
          ? { fault: `has a reference without its closing brace; ${advice}` }
          : resolve(inside, targets);
      if ('value' in resolved) return resolved.value;
      wrong.push(resolved.fault);
      return all;
    });
    if (expanded.trim() === '') wrong.push('is empty');
    if (oneReference.test(text)) wholly.add(formatPath(path));
    faults.push(...wrong.map((message) => ({ path, message })));
    return wrong.length === 0 ? expanded : text;
  }

  return { tree: walk(document, []), faults, wholly };
}

type Resolved = { readonly value: string } | { readonly fault: string };

function resolve(inside: string, { env, readFile }: ReferenceTargets): Resolved {
  if (inside.startsWith('file:')) return resolveFile(inside.slice('file:'.length), readFile);
  const [, name, fallback] = variable.exec(inside) ?? [];
  if (name === undefined || fallback?.includes('${')) {
    return {
      fault: `has a reference that is no name, name:-default or file:path; ${advice}`,
    };
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value) return { value };
  if (fallback !== undefined) return { value: fallback };
  return { fault: `the environment variable ${name} is ${value === undefined ? 'not set' : 'empty'}` };
}

function resolveFile(path: string, readFile: ReferenceTargets['readFile']): Resolved {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return { fault: `the file ${path} cannot be read${errorCode(error)}` };
  }
  if (text.length > maxFileCharacters) {
    return { fault: `the file ${path} is larger than ${maxFileCharacters} characters` };
  }
  const value = text.replace(/[\r\n]+$/, '');
  return value.trim() === '' ? { fault: `the file ${path} is empty` } : { value };
}

/** The system's word for what went wrong, such as ` (ENOENT)`; its message could quote anything. */
export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? ` (${String(error.code)})` : '';
}

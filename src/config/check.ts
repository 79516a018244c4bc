import { z } from 'zod';
import { formatPath } from '../core/faults.ts';
import { type Fault, unknownName } from './fault.ts';

/** A part of the document, and what is known of its values. */
export interface Part {
  readonly value: unknown;
  readonly path: readonly PropertyKey[];
  /** Paths of the values that were nothing but one reference, as `formatPath` writes them. */
  readonly wholly: ReadonlySet<string>;
}

export type Checked<T> =
  | { readonly value: T; readonly faults: readonly [] }
  | { readonly value: null; readonly faults: readonly Fault[] };

/**
 * Checks a part of the document against its schema. A number or `true`/`false` that a reference brought as text
 * counts as what it says, where the schema asks for it; written out in quotes it stays text, and is a fault.
 */
export function check<T>(schema: z.ZodType<T>, part: Part): Checked<T> {
  const first = schema.safeParse(part.value, { error: say });
  const read = first.success ? first : schema.safeParse(convert(part, first.error.issues), { error: say });
  if (read.success) return { value: read.data, faults: [] };
  return { value: null, faults: read.error.issues.flatMap((issue) => faultsOf(issue, part.path)) };
}

/** A copy of the part's value in which referenced text is what the schema expected in its place. */
function convert({ value, path, wholly }: Part, issues: readonly z.core.$ZodIssue[]): unknown {
  return expectations(issues, []).reduce(
    (tree, { at, expected }) =>
      wholly.has(formatPath([...path, ...at]))
        ? changeAt(tree, at, (text) => convertText(text, expected))
        : tree,
    value,
  );
}

interface Expectation {
  readonly at: readonly PropertyKey[];
  readonly expected: string;
}

function expectations(issues: readonly z.core.$ZodIssue[], base: readonly PropertyKey[]): Expectation[] {
  return issues.flatMap((issue) => {
    const at = [...base, ...issue.path];
    if (issue.code === 'invalid_union') return issue.errors.flatMap((branch) => expectations(branch, at));
    return issue.code === 'invalid_type' ? [{ at, expected: issue.expected }] : [];
  });
}

function convertText(text: unknown, expected: string): unknown {
  if (typeof text !== 'string') return text;
  if (expected === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return /^(number|int)$/.test(expected) && /^\d{1,15}$/.test(text) ? Number(text) : text;
}

function changeAt(tree: unknown, at: readonly PropertyKey[], change: (leaf: unknown) => unknown): unknown {
  const [key, ...rest] = at;
  if (key === undefined) return change(tree);
  if (Array.isArray(tree))
    return tree.map((item, index) => (index === key ? changeAt(item, rest, change) : item));
  if (typeof tree !== 'object' || tree === null) return tree;
  return Object.fromEntries(
    Object.entries(tree).map(([name, item]) => [name, name === key ? changeAt(item, rest, change) : item]),
  );
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text; a number or a date as text needs quotes',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** Our words for zod's issues; without the value, which may be a secret. `undefined` leaves zod's own. */
function say(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `is not ${nouns[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return issue.input === undefined ? 'is required' : `is not one of ${issue.values.join(', ')}`;
    case 'invalid_union':
      return issue.input === undefined ? 'is required' : undefined;
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'is empty';
      return sizeFault(
        issue.origin,
        `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`,
      );
    case 'too_big':
      return sizeFault(
        issue.origin,
        `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`,
      );
    case 'unrecognized_keys':
      // The known keys, for `faultsOf`: the issue that comes out does not have them, and only text gets through.
      return issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape).join(' ') : '';
    default:
      return undefined;
  }
}

function sizeFault(origin: string, bound: string): string {
  if (origin === 'string') return `must have ${bound} characters`;
  return origin === 'array' ? `must have ${bound} entries` : `must be ${bound}`;
}

function faultsOf(issue: z.core.$ZodIssue, base: readonly PropertyKey[]): Fault[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(' ');
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownName(key, 'key', known) }));
  }
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((branch) => branch.length > 0 && branch.every(isInside));
    if (meant) return meant.flatMap((inner) => faultsOf(inner, path));
  }
  return [{ path, message: issue.message }];
}

/** Of a union, the alternative whose faults lie inside the value is the one that was meant. */
function isInside(issue: z.core.$ZodIssue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys';
}

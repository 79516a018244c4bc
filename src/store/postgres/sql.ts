import type { QueryConfig } from 'pg';

export type Parameters = Readonly<Record<string, unknown>>;

interface Compiled {
  readonly name: string;
  readonly text: string;
  readonly names: readonly string[];
}

const compiled = new Map<string, Compiled>();

/** A statement with `:name` parameters, as the driver takes it; prepared once on every connection. */
export function statement(sql: string, parameters: Parameters): QueryConfig {
  let known = compiled.get(sql);
  if (!known) {
    known = compile(sql, `s${compiled.size}`);
    compiled.set(sql, known);
  }
  const { name, text, names } = known;
  return { name, text, values: names.map((one) => storable(parameters[one])) };
}

function compile(sql: string, name: string): Compiled {
  const names: string[] = [];
  const text = sql.replace(/(?<!:):([a-z]\w*)/gi, (_, parameter: string) => {
    if (!names.includes(parameter)) names.push(parameter);
    return `$${names.indexOf(parameter) + 1}`;
  });
  return { name, text, names };
}

/** PostgreSQL keeps every character but one, which is shown by its picture. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\u2400');
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  return Array.isArray(value) ? value.map(storable) : value;
}

/** Rows as one array for each column, as `unnest` takes them. */
export function pivot<T extends object>(
  rows: readonly T[],
  names: readonly (keyof T & string)[],
): Parameters {
  return Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
}

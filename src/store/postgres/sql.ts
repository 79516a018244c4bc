import type { QueryConfig } from 'pg';
import { type ElementType, encodeArray, isElementType } from './arrays.ts';

export type Parameters = Readonly<Record<string, unknown>>;

interface Compiled {
  readonly name: string;
  readonly text: string;
  readonly parameters: readonly Parameter[];
}

interface Parameter {
  readonly name: string;
  /** `null` when it is no array, or one that is left to the driver. */
  readonly elements: ElementType | null;
}

const compiled = new Map<string, Compiled>();

/** A statement with `:name` parameters, as the driver takes it; prepared once on every connection. Arrays name their type. */
export function statement(sql: string, parameters: Parameters): QueryConfig {
  let known = compiled.get(sql);
  if (!known) {
    known = compile(sql, `s${compiled.size}`);
    compiled.set(sql, known);
  }
  const { name, text } = known;
  return { name, text, values: known.parameters.map((one) => storable(parameters[one.name], one)) };
}

function compile(sql: string, statementName: string): Compiled {
  const parameters: Parameter[] = [];
  const text = sql.replace(
    /(?<!:):([a-z]\w*)(?:::(\w+)\[\])?/gi,
    (_, name: string, type: string | undefined) => {
      let place = parameters.findIndex((one) => one.name === name);
      if (place === -1) {
        place = parameters.length;
        parameters.push({ name, elements: type !== undefined && isElementType(type) ? type : null });
      }
      return type === undefined ? `$${place + 1}` : `$${place + 1}::${type}[]`;
    },
  );
  return { name: statementName, text, parameters };
}

/** PostgreSQL keeps every character but one, which is shown by its picture. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\u2400');
}

function storable(value: unknown, { elements }: Parameter): unknown {
  if (typeof value === 'string') return storableText(value);
  if (!Array.isArray(value)) return value;
  const storables = value.map((one) => (typeof one === 'string' ? storableText(one) : one));
  return elements ? encodeArray(elements, storables) : storables;
}

/** Rows as one array for each column, as `unnest` takes them. */
export function pivot<T extends object>(
  rows: readonly T[],
  names: readonly (keyof T & string)[],
): Parameters {
  return Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
}

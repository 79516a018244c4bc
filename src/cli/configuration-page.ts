import { durationPattern } from '../core/duration.ts';

/** What is read of a JSON Schema of draft 7. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly additionalProperties?: Node | boolean;
}

interface Row {
  readonly key: string;
  readonly node: Node;
  readonly required: boolean;
}

const anySource = 'sources.<id>';

const preface = `# Configuration

One YAML file, given by \`--config FILE\` or \`OFFBOARD_CONFIG\`. \`offboard-bridge check --config FILE\` lists all of its
faults at once; an unknown key is one of them. What must fit together within one source shows once each of its keys is
right; and where the file is no YAML, the first fault hides the rest. [\`bridge.example.yaml\`](../bridge.example.yaml) is
a file to begin with, and [\`config.schema.json\`](../config.schema.json) is for your editor. This page is made from that
schema.

Inside a value, \`\${NAME}\` is the environment variable, \`\${NAME:-default}\` the same with a default, and
\`\${file:/run/secrets/x}\` the content of a file. A variable that is not set, and a secret that is empty, is a fault.
Inside \`{ }\` and \`[ ]\` a reference needs quotes, because YAML has braces of its own: \`secrets: ["\${NAME}"]\`.
Durations are a whole number with its unit: \`100ms\`, \`10s\`, \`15m\`, \`1h\`, \`90d\`.
`;

/** The reference of the configuration in Markdown, from its JSON Schema: a section for each key of the file. */
export function configurationPage(schema: object): string {
  const sections = rowsOf(withDefinitions(schema)).map(({ key, node, required }) => {
    const head = `## ${key}\n\n${plain(node.description)}${required ? ' (required)' : ''}\n`;
    return key === 'sources' ? head + sourcesSection(node) : `${head}\n${table(withInner(node, key))}`;
  });
  return [preface, ...sections].join('\n');
}

/** The schema with its definitions in the place of what refers to them. */
function withDefinitions(schema: { readonly definitions?: Readonly<Record<string, Node>> }): Node {
  return JSON.parse(JSON.stringify(schema), (_key, value) => {
    const [, name] = /^#\/definitions\/(.+)$/.exec(value?.$ref) ?? [];
    return name === undefined ? value : schema.definitions?.[name];
  });
}

/** What all sources have in common once, and then what each handler takes beside it. */
function sourcesSection({ additionalProperties }: Node): string {
  const kinds = typeof additionalProperties === 'object' ? (additionalProperties.anyOf ?? []) : [];
  const [first = [], ...others] = kinds.map(rowsOf);
  const shared = first.filter((row) => others.every((rows) => rows.some((other) => isSame(row, other))));
  const names = kinds.map((kind) => code(kindOf(kind)));
  return [
    '',
    `\`${anySource}.handler\` is required: ${names.join(', ')}. Every source may have:`,
    '',
    table(shared.map((row) => at(anySource, row))),
    ...kinds.map((kind) => handlerSection(kind, new Set(shared.map(({ key }) => key)))),
  ].join('\n');
}

function handlerSection(kind: Node, shared: ReadonlySet<string>): string {
  const own = rowsOf(kind).filter(
    ({ key, node }) => key !== 'handler' && node.type !== 'null' && !shared.has(key),
  );
  const rows = own.flatMap((row) => [at(anySource, row), ...withInner(row.node, `${anySource}.${row.key}`)]);
  return `### handler: ${kindOf(kind)}\n\n${rows.length > 0 ? table(rows) : 'It has no settings of its own.\n'}`;
}

function kindOf({ properties }: Node): string {
  return String(properties?.handler?.const);
}

function isSame(one: Row, other: Row): boolean {
  return one.key === other.key && JSON.stringify(one.node) === JSON.stringify(other.node);
}

function at(prefix: string, row: Row): Row {
  return { ...row, key: `${prefix}.${row.key}` };
}

function rowsOf({ properties = {}, required = [] }: Node): Row[] {
  return Object.entries(properties).map(([key, node]) => ({ key, node, required: required.includes(key) }));
}

/** The keys inside, however deep, by their whole path. */
function withInner(node: Node, path: string): Row[] {
  const own = rowsOf(node).flatMap((row) => [at(path, row), ...withInner(row.node, `${path}.${row.key}`)]);
  const items = node.items ? withInner(node.items, `${path}[]`) : [];
  const values = node.additionalProperties;
  const named = typeof values === 'object' ? withInner(values, `${path}.<name>`) : [];
  return [...own, ...items, ...named, ...(node.anyOf ?? []).flatMap((one) => withInner(one, path))];
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ key, node, required }) =>
    [code(key), valueText(node), required ? 'required' : defaultText(node), plain(node.description)]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return [
    '| Key | Value | Default | Meaning |',
    '|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
    '',
  ].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

/** A description, where Markdown must not take its angle brackets for HTML. */
function plain(description = ''): string {
  return description.replaceAll('<', '&lt;');
}

function defaultText({ default: value }: Node): string {
  if (value === undefined) return '';
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
    ? code(Array.isArray(value) ? '[]' : '{}')
    : code(typeof value === 'string' ? value || '""' : JSON.stringify(value));
}

/** In words, what may stand there. That a reference may stand there too is said once, above. */
function valueText(node: Node): string {
  if (node.anyOf) return [...new Set(alternatives(node).map(valueText))].join(' or ');
  if (node.const !== undefined) return code(String(node.const));
  if (node.enum) return node.enum.map((value) => code(String(value))).join(', ');
  if (node.type === 'array') return `list of ${node.items ? valueText(node.items) : 'values'}`;
  if (node.type === 'object') return 'section';
  if (node.type === 'null') return code('null');
  if (node.type === 'boolean') return '`true` or `false`';
  if (node.pattern === durationPattern.source) return 'duration';
  if (node.type === 'integer' || node.type === 'number') return numberText(node);
  return 'text';
}

function alternatives(node: Node): Node[] {
  return node.anyOf ? node.anyOf.flatMap(alternatives) : isReference(node) ? [] : [node];
}

function isReference({ pattern }: Node): boolean {
  return pattern === '\\$\\{';
}

function numberText({ minimum, maximum }: Node): string {
  if (minimum === undefined || maximum === undefined) return 'number';
  return `${minimum} to ${maximum}`;
}

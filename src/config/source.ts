import { type Document, type ErrorCode, LineCounter, parseDocument, stringify, visit } from 'yaml';
import { ConfigFault } from './fault.ts';

const maxBytes = 1_048_576;
const maxAliases = 100;

/** Our own words for what goes wrong most: the parser's quote the file, and so would show secrets. */
const says: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: 'has an alias without its anchor; a value that starts with * needs quotes',
  BAD_INDENT: 'is indented in a way that fits no key above it',
  BAD_SCALAR_START: 'has a value that starts with a reserved character; it needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'has a mapping inside a value; a value with ": " in it needs quotes',
  DUPLICATE_KEY: 'has a key that was already given',
  MISSING_CHAR: 'lacks a quote, a bracket, a comma or a colon',
  MULTIPLE_DOCS: 'starts a second document; only one is read',
  NON_STRING_KEY: 'has a key that is not text',
  TAB_AS_INDENT: 'is indented with a tab',
  TAG_RESOLVE_FAILED: 'has a tag, which is not allowed; a value that starts with ! needs quotes',
};

/** After these the parser still knows where it is; after any other it takes what is right for wrong. */
const harmless: readonly ErrorCode[] = [
  'BAD_ALIAS',
  'DUPLICATE_KEY',
  'MULTIPLE_DOCS',
  'NON_STRING_KEY',
  'TAG_RESOLVE_FAILED',
];

/**
 * Reads YAML 1.2 as plain data: one document, no tags but those of the core schema, few aliases, no key twice.
 * @throws ConfigFault with the line of each fault of syntax, up to the first that hides what comes after it
 */
export function readYaml(text: string): unknown {
  if (Buffer.byteLength(text) > maxBytes)
    throw new ConfigFault([`the configuration is larger than ${maxBytes} bytes`]);
  const lineCounter = new LineCounter();
  const document = readSafely(() =>
    parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      resolveKnownTags: false,
      schema: 'core',
      stringKeys: true,
      uniqueKeys: true,
      version: '1.2',
    }),
  );
  const problems = [...document.errors, ...document.warnings, ...danglingAliases(document)];
  if (problems.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) throw exhausting();
  problems.sort((a, b) => a.pos[0] - b.pos[0]);
  const hiding = problems.findIndex(({ code }) => !harmless.includes(code));
  const faults = (hiding === -1 ? problems : problems.slice(0, hiding + 1)).map(({ code, pos: [offset] }) => {
    const { line, col } = lineCounter.linePos(offset);
    return `line ${line}, column ${col}: ${faultAt(text, offset) ?? says[code] ?? `is not YAML (${code})`}`;
  });
  if (faults.length > 0) throw new ConfigFault([...new Set(faults)]);
  return readSafely((): unknown => document.toJS({ maxAliasCount: maxAliases }));
}

/** What the parser cannot know: in `{ }` and `[ ]` the brace of a reference is one of YAML's own. */
function faultAt(text: string, offset: number): string | null {
  if (text.slice(offset - 1, offset + 1) !== '${') return null;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how the configuration writes its references
  return 'has a reference inside { } or [ ], where it needs quotes: "${NAME}"';
}

interface Problem {
  readonly code: ErrorCode;
  readonly pos: readonly [number, ...number[]];
}

/** The parser itself finds these only later, and without their lines. */
function danglingAliases(document: Document): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Alias(_key, node) {
      if (!node.resolve(document)) problems.push({ code: 'BAD_ALIAS', pos: [node.range?.[0] ?? 0] });
    },
  });
  return problems;
}

/** The parser throws, instead of telling faults, when a document is made to exhaust it. */
function readSafely<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw exhausting();
  }
}

function exhausting(): ConfigFault {
  return new ConfigFault(['the configuration has too many aliases, or is nested too deeply']);
}

/** Plain data as YAML, for documents that people read. */
export function writeYaml(data: unknown): string {
  return stringify(data, { lineWidth: 0, aliasDuplicateObjects: false });
}

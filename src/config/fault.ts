import { formatPath } from '../core/faults.ts';

/** One thing that is wrong, and where. */
export interface Fault {
  readonly path: readonly PropertyKey[];
  /** For people, as the rest of a sentence about the key; never holds a value, which may be a secret. */
  readonly message: string;
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigFault extends Error {
  override readonly name = 'ConfigFault';
  /** Each as `sources.hr.secrets[0]: …`. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
    super(`the configuration has ${count}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

export function formatFault({ path, message }: Fault): string {
  return path.length === 0 ? message : `${formatPath(path)}: ${message}`;
}

/** What to say of a name that is not known, with the known one that it comes nearest to. */
export function unknownName(name: string, what: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return `is not a known ${what}${nearest === null ? '' : `; did you mean ${nearest}?`}`;
}

function nearestName(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let fewest = (name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3))) + 1;
  for (const candidate of known) {
    const edits = countEdits(plain(name), plain(candidate));
    if (edits < Math.min(fewest, candidate.length)) [best, fewest] = [candidate, edits];
  }
  return best;
}

/** `max_body_bytes` and `maxBodyBytes` are the same slip of the hand. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '').slice(0, 64);
}

/** Levenshtein's distance. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const [left = 0, above = 0, diagonal = 0] = [next[j], row[j + 1], row[j]];
      next.push(Math.min(left + 1, above + 1, diagonal + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

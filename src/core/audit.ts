import { canonicalJson, firstPreviousHash, type Outcome, outcomeHash } from './outcome.ts';

/** What a trail turned out to be, up to the first entry that does not fit. */
export interface AuditReport {
  readonly count: number;
  /** The first position; later than 1 when older entries were pruned, or not exported. `null` = no entries. */
  readonly first: number | null;
  readonly last: number | null;
  /** The hash of the last entry, which the next one must name. */
  readonly head: string | null;
  /** The first thing that is wrong, or `null`. */
  readonly fault: AuditFault | null;
}

export interface AuditFault {
  readonly kind: 'altered' | 'removed' | 'inserted' | 'cut';
  readonly position: number;
  readonly says: string;
}

/** What was published elsewhere of an entry: the data of its CloudEvent. */
export type Witness = Outcome['data'];

export interface Audit {
  /** Takes the next entry of the trail. @returns false from the first fault on */
  add(outcome: Outcome): boolean;
  end(): AuditReport;
}

/**
 * Follows a trail entry by entry: each must name the place after the one before it, and that one's hash. An entry that
 * nothing follows, a cut tail and a trail that was wholly written anew show only against witnesses: what a publisher
 * told others at the time.
 * @param witnesses by position; repeats were put aside
 */
export function createAudit(witnesses: ReadonlyMap<number, Witness> = new Map()): Audit {
  let count = 0;
  let first: number | null = null;
  let last: number | null = null;
  let head: string | null = null;
  let fault: AuditFault | null = null;

  function judge({ data }: Outcome): AuditFault | null {
    const { position, previousHash } = data;
    const expected = last === null ? position : last + 1;
    if (position < expected)
      return { kind: 'inserted', position, says: `stands after ${last}, where ${expected} must` };
    if (position > expected)
      return { kind: 'removed', position: expected, says: `${expected} to ${position - 1} are missing` };
    if (position === 1 && previousHash !== firstPreviousHash)
      return { kind: 'altered', position, says: 'is the first, and names one before it' };
    if (head !== null && previousHash !== head)
      return { kind: 'altered', position: position - 1, says: `is not what ${position} says that it was` };
    const witness = witnesses.get(position);
    if (witness && canonicalJson(witness) !== canonicalJson(data))
      return { kind: 'altered', position, says: 'is not what was published' };
    return null;
  }

  function findCut(): AuditFault | null {
    const told = [...witnesses.keys()].filter((position) => position > (last ?? 0));
    if (told.length === 0) return null;
    const position = (last ?? 0) + 1;
    return { kind: 'cut', position, says: `the trail ends before it; ${Math.max(...told)} was published` };
  }

  return {
    add(outcome) {
      fault ??= judge(outcome);
      if (fault) return false;
      count += 1;
      last = outcome.data.position;
      first ??= last;
      head = outcomeHash(outcome);
      return true;
    },
    end: () => ({ count, first, last, head, fault: fault ?? findCut() }),
  };
}

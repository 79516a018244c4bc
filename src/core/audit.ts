import { canonicalJson, firstPreviousHash, type Outcome, readPruning } from './outcome.ts';
import { eraseData, isErased, outcomeHash, type TrailEntry } from './seal.ts';

/** What a trail turned out to be, up to the first entry that does not fit. */
export interface AuditReport {
  readonly count: number;
  /** The first position; later than 1 when older entries were pruned. `null` = no entries. */
  readonly first: number | null;
  readonly last: number | null;
  /** The hash of the last entry, which the next one must name. */
  readonly head: string | null;
  /** How many entries have lost their personal part. */
  readonly erased: number;
  /** Where a checkpoint says that what was before the first entry was pruned; `null` = nothing was. */
  readonly prunedBy: number | null;
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
  add(entry: TrailEntry): boolean;
  end(): AuditReport;
}

/** The place and the hash just before the first entry that is kept. */
interface Start {
  readonly position: number;
  readonly hash: string;
}

/**
 * Follows a trail entry by entry: each must name the place after the one before it, and that one's hash. One that
 * begins late must hold a checkpoint that says so. An entry that nothing follows, a cut tail and a trail that was
 * wholly written anew show only against witnesses: what a publisher told others at the time.
 * @param witnesses by position; repeats were put aside
 */
export function createAudit(witnesses: ReadonlyMap<number, Witness> = new Map()): Audit {
  let count = 0;
  let erased = 0;
  let start: Start | null = null;
  let last: number | null = null;
  let head: string | null = null;
  let fault: AuditFault | null = null;
  const prunings: (Start & { readonly by: number })[] = [];

  function judge({ outcome: { data } }: TrailEntry): AuditFault | null {
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
    if (witness && !agrees(witness, data))
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
    add(entry) {
      fault ??= judge(entry);
      if (fault) return false;
      const { outcome, seal } = entry;
      const { position, previousHash } = outcome.data;
      const pruning = readPruning(outcome);
      if (pruning) prunings.push({ ...pruning, by: position });
      if (seal && 'digest' in seal) erased += 1;
      count += 1;
      last = position;
      start ??= { position: position - 1, hash: previousHash };
      head = outcomeHash(outcome, seal);
      return true;
    },
    end() {
      const first = start && start.position + 1;
      const proof = start && prunings.find(({ position }) => position === start?.position);
      const found = fault ?? (start && judgeStart(start, prunings)) ?? findCut();
      return { count, first, last, head, erased, prunedBy: proof?.by ?? null, fault: found };
    },
  };
}

/** A trail that begins late needs a checkpoint that says that the entry before it was the last to be pruned. */
function judgeStart(start: Start, prunings: readonly Start[]): AuditFault | null {
  if (start.position === 0) return null;
  const proof = prunings.find(({ position }) => position === start.position);
  if (proof?.hash === start.hash) return null;
  if (proof) {
    const position = start.position + 1;
    return { kind: 'altered', position, says: 'is not what followed those that were pruned' };
  }
  const before = prunings.map(({ position }) => position).filter((position) => position < start.position);
  const position = Math.max(0, ...before) + 1;
  const says = `${position} to ${start.position} are missing, and no checkpoint says that they were pruned`;
  return { kind: 'removed', position, says };
}

/** Whether two tell the same of an entry; where the personal part of one was erased, the rest of it counts. */
export function agrees(one: Witness, other: Witness): boolean {
  if (canonicalJson(one) === canonicalJson(other)) return true;
  return (
    (isErased(one) || isErased(other)) && canonicalJson(eraseData(one)) === canonicalJson(eraseData(other))
  );
}

/**
 * An entry as an export has it: the CloudEvent with one extension attribute, the salt or, where it was erased, the
 * digest of its personal part.
 */
export function exportEntry({ outcome, seal }: TrailEntry): object {
  if (seal === null) return outcome;
  return 'salt' in seal ? { ...outcome, auditsalt: seal.salt } : { ...outcome, auditdigest: seal.digest };
}

/** Reads what `exportEntry` wrote. */
export function importEntry(
  exported: Outcome & { readonly auditsalt?: unknown; readonly auditdigest?: unknown },
): TrailEntry {
  const { auditsalt, auditdigest, ...outcome } = exported;
  if (typeof auditsalt === 'string') return { outcome, seal: { salt: auditsalt } };
  return { outcome, seal: typeof auditdigest === 'string' ? { digest: auditdigest } : null };
}

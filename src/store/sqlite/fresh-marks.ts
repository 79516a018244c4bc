/**
 * The marks of new intents that are in memory only; see `marks.ts`. What a transaction adds or moves is undone when it is
 * rolled back.
 */
export interface FreshMarks {
  /** The intents with that mark. */
  find(mark: string): readonly number[];
  add(mark: string, intent: number): void;
  /** How many there are. */
  count(): number;
  /**
   * The marks that begin with a character, in their order, each followed by an intent that has it; they are forgotten with
   * the commit.
   */
  take(first: number): readonly (string | number)[];
  commit(): void;
  rollback(): void;
}

/** Marks are digests in base64url: all characters that one can begin with, in the order of the file. */
export const firstCharacters: readonly number[] = [
  ...'-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz',
].map((one) => one.charCodeAt(0));

const none: readonly number[] = [];

/** Most marks have one intent, which needs no array. */
type Intents = number | readonly number[];

const listOf = (intents: Intents | undefined): readonly number[] =>
  intents === undefined ? none : typeof intents === 'number' ? [intents] : intents;

export function createFreshMarks(): FreshMarks {
  const byFirst = new Map(firstCharacters.map((first) => [first, new Map<string, Intents>()]));
  let total = 0;
  /** Of this transaction; the mark at a place is that of the intent at the same. */
  let added = { marks: [] as string[], intents: [] as number[] };
  let taken: Map<string, Intents>[] = [];

  function like(mark: string): Map<string, Intents> {
    const marks = byFirst.get(mark.charCodeAt(0));
    if (!marks) throw new TypeError('it is no digest');
    return marks;
  }

  function remove(mark: string, intent: number): void {
    const marks = like(mark);
    const others = listOf(marks.get(mark)).filter((one) => one !== intent);
    if (others.length > 0) marks.set(mark, others);
    else marks.delete(mark);
  }

  function endTransaction(): void {
    added = { marks: [], intents: [] };
    taken = [];
  }

  return {
    find: (mark) => listOf(byFirst.get(mark.charCodeAt(0))?.get(mark)),
    add(mark, intent) {
      const marks = like(mark);
      const others = marks.get(mark);
      if (others !== undefined && listOf(others).includes(intent)) return;
      marks.set(mark, others === undefined ? intent : [...listOf(others), intent]);
      added.marks.push(mark);
      added.intents.push(intent);
      total += 1;
    },
    count: () => total,
    take(first) {
      const marks = byFirst.get(first) ?? new Map<string, Intents>();
      taken.push(marks);
      const marked: (string | number)[] = [];
      for (const mark of [...marks.keys()].sort()) {
        for (const intent of listOf(marks.get(mark))) marked.push(mark, intent);
      }
      return marked;
    },
    commit() {
      for (const marks of taken) {
        for (const intents of marks.values()) total -= listOf(intents).length;
        marks.clear();
      }
      endTransaction();
    },
    rollback() {
      added.marks.forEach((mark, place) => {
        remove(mark, added.intents[place] ?? 0);
      });
      total -= added.marks.length;
      endTransaction();
    },
  };
}

/**
 * The marks of new intents that are in memory only; see `marks.ts`. What a transaction adds or moves is undone when it is
 * rolled back.
 */
export interface FreshMarks {
  /** The intents with that mark. */
  find(mark: string): readonly number[];
  /** @param intent a number that is at least that of any that was added before */
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

/** Most marks have one intent, which needs no array; more are in the order of their numbers. */
type Intents = number | number[];

const listOf = (intents: Intents | undefined): readonly number[] =>
  typeof intents === 'number' ? [intents] : (intents ?? []);

export function createFreshMarks(): FreshMarks {
  const byFirst = new Map(firstCharacters.map((first) => [first, new Map<string, Intents>()]));
  let total = 0;
  /** By this transaction; a mark is there once for each intent that it was added to. */
  let added: string[] = [];
  let taken: Map<string, Intents>[] = [];

  function like(mark: string): Map<string, Intents> {
    const marks = byFirst.get(mark.charCodeAt(0));
    if (!marks) throw new TypeError('it is no digest');
    return marks;
  }

  /** Takes the newest intent from a mark. */
  function remove(mark: string): void {
    const marks = like(mark);
    const intents = marks.get(mark);
    if (typeof intents === 'number' || intents?.length === 1) marks.delete(mark);
    else intents?.pop();
  }

  function endTransaction(): void {
    added = [];
    taken = [];
  }

  return {
    find: (mark) => listOf(byFirst.get(mark.charCodeAt(0))?.get(mark)),
    add(mark, intent) {
      const marks = like(mark);
      const others = marks.get(mark);
      if (others === undefined) marks.set(mark, intent);
      else if (typeof others !== 'number') {
        if (others.at(-1) === intent) return;
        others.push(intent);
      } else if (others !== intent) marks.set(mark, [others, intent]);
      else return;
      added.push(mark);
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
      for (const mark of added) remove(mark);
      total -= added.length;
      endTransaction();
    },
  };
}

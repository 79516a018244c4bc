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
  /** Takes out the marks that begin with a character: in their order, each followed by an intent that has it. */
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

type Marks = Map<string, Intents>;

export function createFreshMarks(): FreshMarks {
  const byFirst = new Map<number, Marks>();
  let total = 0;
  /** What the transaction did: marks that it added to, and all of a first character that it took. */
  let done: (string | { readonly first: number; readonly marks: Marks })[] = [];

  function like(first: number): Marks {
    let marks = byFirst.get(first);
    if (!marks) {
      marks = new Map();
      byFirst.set(first, marks);
    }
    return marks;
  }

  function undoAdd(mark: string): void {
    const marks = like(mark.charCodeAt(0));
    const intents = marks.get(mark);
    if (typeof intents === 'number' || intents?.length === 1) marks.delete(mark);
    else intents?.pop();
    total -= 1;
  }

  return {
    find: (mark) => listOf(byFirst.get(mark.charCodeAt(0))?.get(mark)),
    add(mark, intent) {
      const marks = like(mark.charCodeAt(0));
      const others = marks.get(mark);
      if (others === undefined) marks.set(mark, intent);
      else if (typeof others !== 'number') {
        if (others.at(-1) === intent) return;
        others.push(intent);
      } else if (others !== intent) marks.set(mark, [others, intent]);
      else return;
      done.push(mark);
      total += 1;
    },
    count: () => total,
    take(first) {
      const marks = like(first);
      byFirst.delete(first);
      done.push({ first, marks });
      const marked: (string | number)[] = [];
      for (const mark of [...marks.keys()].sort()) {
        for (const intent of listOf(marks.get(mark))) marked.push(mark, intent);
      }
      total -= marked.length / 2;
      return marked;
    },
    commit() {
      done = [];
    },
    rollback() {
      for (const one of done.reverse()) {
        if (typeof one === 'string') undoAdd(one);
        else {
          byFirst.set(one.first, one.marks);
          for (const intents of one.marks.values()) total += listOf(intents).length;
        }
      }
      done = [];
    },
  };
}

import { StoreUnavailable } from './contract.ts';

export interface GroupCommitOptions<Work, Result> {
  /** Does all of it in one transaction; when it rejects, nothing of it was done. */
  readonly runAll: (works: readonly Work[]) => readonly Result[] | Promise<readonly Result[]>;
  /** The most pieces of work that share a commit, so that none waits long for the others. */
  readonly maxGroup: number;
}

/**
 * Lets all work that arrives in adjoining turns of the event loop, or while a commit is under way, share the next one,
 * and answers each after it. When a group fails, its halves are tried, and theirs, so that one never fails another.
 * Work must therefore be repeatable: it changes the database and nothing else.
 */
export interface GroupCommit<Work, Result> {
  commit(work: Work): Promise<Result>;
  /** Runs what is waiting; later work is refused with `StoreUnavailable`. */
  close(): Promise<void>;
}

interface Waiting<Work, Result> {
  readonly work: Work;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export function createGroupCommit<Work, Result>(
  options: GroupCommitOptions<Work, Result>,
): GroupCommit<Work, Result> {
  const { runAll, maxGroup } = options;
  const waiting: Waiting<Work, Result>[] = [];
  let running: Promise<void> | null = null;
  let closed = false;

  async function run(group: readonly Waiting<Work, Result>[]): Promise<void> {
    try {
      const results = await runAll(group.map(({ work }) => work));
      group.forEach(({ resolve }, index) => {
        resolve(results[index] as Result);
      });
    } catch (error) {
      if (group.length === 1 || error instanceof StoreUnavailable)
        for (const { reject } of group) reject(error);
      else for (const half of halvesOf(group)) await run(half);
    }
  }

  async function runWaiting(): Promise<void> {
    while (waiting.length > 0) {
      await gather();
      await run(waiting.splice(0, maxGroup));
    }
    running = null;
  }

  /** Waits while every turn of the event loop brings more: what comes now need not wait for a commit of its own. */
  async function gather(): Promise<void> {
    let before: number;
    do {
      before = waiting.length;
      await new Promise((resolve) => setImmediate(resolve));
    } while (waiting.length > before && waiting.length < maxGroup);
  }

  return {
    commit(work) {
      if (closed) return Promise.reject(new StoreUnavailable('the store is closed'));
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ work, resolve, reject });
        running ??= runWaiting();
      });
    },
    async close() {
      closed = true;
      await running;
    },
  };
}

function halvesOf<T>(group: readonly T[]): readonly T[][] {
  const middle = Math.ceil(group.length / 2);
  return [group.slice(0, middle), group.slice(middle)];
}

/** What keeps the store, and what is kept beside intents. */
export interface Upkeep {
  /**
   * Keeps a note under a key until it expires, in the place of an earlier one: what is needed to go on after a restart,
   * such as where a message is, or when a source last sent something. Notes that have expired are cleared away
   * meanwhile.
   */
  keepNote(note: Note, now: number): Promise<void>;

  /** The text of a note that has not expired. */
  findNote(key: string, now: number): Promise<string | null>;

  /**
   * Deletes what is older than its retention, at most `limit` rows of each kind. Outcomes go from the oldest on, once
   * every publisher has told them; a checkpoint in the trail then says where it begins. @returns how many rows
   */
  prune(before: RetentionLimits, limit: number, now: number): Promise<number>;

  /** Writes to disk, to see whether it can; rejects when it cannot. */
  probe(): Promise<void>;

  /** Finishes what was asked of it; closing twice is closing once. */
  close(): Promise<void>;
}

/** See `Store.keepNote`. */
export interface Note {
  readonly key: string;
  readonly text: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

export interface RetentionLimits {
  readonly settled: number;
  readonly outcomes: number;
  readonly deadLetters: number;
}

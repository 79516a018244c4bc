/**
 * The classes of the advisory locks, held to the end of the transaction unless said otherwise. The numbers are arbitrary,
 * so that nobody else in the database is likely to use them.
 */
export const locks = {
  migration: 1_868_849_201,
  /** Deliveries with a key in common are taken in one after the other: their event, and the marks of their people. */
  delivery: 1_868_849_202,
  /** A person of whom an intent is being claimed. */
  person: 1_868_849_203,
  /** A user of whom a resign is about to be sent. */
  user: 1_868_849_207,
  /** Counting against the safeguard; one for each action. */
  safeguard: 1_868_849_204,
  /** Putting what is held into sets. */
  held: 1_868_849_205,
  /** Shared, and by the session: a bridge runs here. */
  running: 1_868_849_206,
} as const;

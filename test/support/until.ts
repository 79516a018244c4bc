import { setTimeout as delay } from 'node:timers/promises';

type Nothing = false | null | undefined;

interface Patience {
  readonly patienceMs?: number;
  readonly intervalMs?: number;
}

/** Looks again and again until there is something to see. @throws when there is nothing in time */
export async function until<T>(
  look: () => T | Promise<T>,
  what = `${look}`,
  { patienceMs = 15_000, intervalMs = 5 }: Patience = {},
): Promise<Exclude<T, Nothing>> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== null && seen !== undefined) return seen as Exclude<T, Nothing>;
    if (performance.now() > deadline) throw new Error(`it did not come to this: ${what}`);
    await delay(intervalMs);
  }
}

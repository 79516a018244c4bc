import { type BackoffPolicy, backoffMs } from '../core/backoff.ts';
import type { Answer } from '../management-api/answer.ts';

/** So many unclear answers in a row, without one that is clear, open the circuit. */
const maxUnknownInRow = 3;
/** So many people in a row who are refused alone with the same code open it too: then it is not about them. */
const maxRefusedInRow = 5;
/** The circuit probes at least this often, in milliseconds, however long an outage lasts. */
const maxProbeDelayMs = 60_000;
/** The longest pause, in milliseconds, that an answer may ask for: a typing error there must not stop us for years. */
const maxPauseMs = 3_600_000;

/**
 * What the recent answers of one endpoint say about the next.
 *
 * closed → (denied, busy, or too many unclear answers) → open until a time → half-open: one probe with one intent →
 * closed, or open again for longer.
 */
export interface Circuit {
  /** `open` = nothing may go, `probe` = one intent may, `closed` = all may. */
  state(now: number): 'closed' | 'probe' | 'open';
  /** How long nothing may go, in milliseconds; 0 = it is not open. */
  waitMs(now: number): number;
  /** Why it is not closed, in a word and for people; `null` when it is. */
  readonly trouble: { readonly cause: CircuitCause; readonly reason: string } | null;
  report(answer: Answer<unknown>, facts: CircuitFacts): Standing;
}

export interface CircuitFacts {
  readonly now: number;
  readonly random: number;
  /** The person whom the call was about, when it was about one alone. */
  readonly person: string | null;
}

/** Why a circuit is not closed, in one word; `refused` and `forbidden` are such answers for different people. */
export type CircuitCause = 'denied' | 'forbidden' | 'refused' | 'busy' | 'unclear';

/** What an answer is worth, by those before it. */
export interface Standing {
  /** The call before this one succeeded. */
  readonly endpointWorks: boolean;
  /** What a 403 to this person alone means: try again alone, it is our rights, or it is this person. */
  readonly forbidden: 'retry' | 'denied' | 'person';
  /** So many people were refused the same way before this answer that a refusal is not about its person. */
  readonly refusesEveryone: boolean;
}

/** The pause that a busy answer asks for, within reason. Milliseconds. */
export function pauseMs(retryAfterMs: number): number {
  return Math.min(retryAfterMs, maxPauseMs);
}

/** A time in which nothing is asked. Epoch milliseconds. */
export interface Pause {
  readonly since: number;
  readonly until: number;
}

/**
 * How much of a pause is left, in milliseconds. A clock that was set back to before it began ends it: nobody waits for
 * the clock to get there again.
 */
export function leftMs({ since, until }: Pause, now: number): number {
  return now < since ? 0 : Math.max(0, until - now);
}

export function createCircuit(backoff: BackoffPolicy): Circuit {
  const policy = {
    ...backoff,
    maxDelayMs: Math.max(backoff.minDelayMs, Math.min(backoff.maxDelayMs, maxProbeDelayMs)),
  };
  let unknownInRow = 0;
  let openings = 0;
  let pause: Pause | null = null;
  let trouble: Circuit['trouble'] = null;
  const people = createPeople();

  const waitMs = (now: number): number => (pause === null ? 0 : leftMs(pause, now));
  const isOpen = (now: number): boolean => waitMs(now) > 0;

  /** Answers of calls that were begun before it opened can make the pause longer, and nothing else. */
  function open(why: NonNullable<Circuit['trouble']>, facts: CircuitFacts, afterMs: number | null): void {
    if (isOpen(facts.now) && afterMs === null) return;
    openings += 1;
    const delay = afterMs === null ? backoffMs(openings, policy, facts.random) : pauseMs(afterMs);
    const longest = Math.max(waitMs(facts.now), delay);
    pause = { since: facts.now, until: facts.now + longest };
    trouble = why;
  }

  function close({ now }: CircuitFacts): void {
    if (isOpen(now)) return;
    unknownInRow = 0;
    openings = 0;
    pause = null;
    trouble = null;
  }

  return {
    state(now) {
      if (pause === null) return 'closed';
      return isOpen(now) ? 'open' : 'probe';
    },
    waitMs,
    get trouble() {
      return trouble;
    },
    report(answer, facts) {
      const endpointWorks = unknownInRow === 0 && pause === null;
      const { refusesEveryone } = people;
      let meaning: Standing['forbidden'] = 'retry';
      switch (answer.kind) {
        case 'done':
          close(facts);
          people.served(facts.person);
          break;
        case 'refused': {
          const code = `${answer.summary.apiCode ?? answer.summary.statusCode}`;
          people.refused(code, facts.person);
          if (people.refusesEveryone) {
            const reason = `the same refusal (${code}) for ${maxRefusedInRow} people`;
            open({ cause: 'refused', reason }, facts, null);
          } else close(facts);
          break;
        }
        case 'forbidden':
          meaning = people.forbidden(facts.person);
          if (meaning === 'denied') {
            open({ cause: 'forbidden', reason: 'forbidden (403) for different people' }, facts, null);
          }
          break;
        case 'denied': {
          const code = answer.summary.apiCode ?? answer.summary.statusCode ?? 'no envelope';
          open({ cause: 'denied', reason: `denied (${code})` }, facts, null);
          break;
        }
        case 'busy':
          open({ cause: 'busy', reason: 'busy' }, facts, answer.retryAfterMs);
          break;
        case 'unknown':
          unknownInRow += 1;
          if (unknownInRow >= maxUnknownInRow || pause !== null) {
            open({ cause: 'unclear', reason: 'no clear answers' }, facts, null);
          }
          break;
      }
      return { endpointWorks, forbidden: meaning, refusesEveryone };
    },
  };
}

/** Who was refused, alone; a success of anybody says that the endpoint is not to blame. */
interface People {
  /** So many had the same refusal in a row that it cannot be about them. */
  readonly refusesEveryone: boolean;
  refused(code: string, person: string | null): void;
  forbidden(person: string | null): Standing['forbidden'];
  served(person: string | null): void;
}

function createPeople(): People {
  let lastCode = '';
  const refusedInRow = new Set<string>();
  const forbiddenInRow = new Set<string>();
  /** Those who were forbidden once, for all we know by themselves; the next time it is about them. */
  const suspects = new Set<string>();

  return {
    get refusesEveryone() {
      return refusedInRow.size >= maxRefusedInRow;
    },
    refused(code, person) {
      if (code !== lastCode) refusedInRow.clear();
      lastCode = code;
      if (person !== null && refusedInRow.size < maxRefusedInRow) refusedInRow.add(person);
    },
    forbidden(person) {
      if (person === null) return 'retry';
      if (forbiddenInRow.size < 2) forbiddenInRow.add(person);
      if (forbiddenInRow.size > 1) {
        suspects.clear();
        return 'denied';
      }
      if (suspects.delete(person)) return 'person';
      suspects.add(person);
      return 'retry';
    },
    served(person) {
      refusedInRow.clear();
      forbiddenInRow.clear();
      if (person !== null) suspects.delete(person);
    },
  };
}

import { type BackoffPolicy, backoffMs } from '../core/backoff.ts';
import type { Answer } from '../management-api/answer.ts';

/** So many unclear answers in a row, without one that is clear, open the circuit. */
const maxUnknownInRow = 3;
/** So many people in a row who are refused alone with the same code open it too: then it is not about them. */
const maxRefusedInRow = 5;
/** The circuit probes at least this often, in milliseconds, however long an outage lasts. */
const maxProbeDelayMs = 60_000;

/**
 * What the recent answers of one endpoint say about the next.
 *
 * closed → (denied, busy, or too many unclear answers) → open until a time → half-open: one probe with one intent →
 * closed, or open again for longer.
 */
export interface Circuit {
  /** `open` = nothing may go, `probe` = one intent may, `closed` = all may. */
  state(now: number): 'closed' | 'probe' | 'open';
  /** Why it is not closed, for the status; `null` when it is. */
  readonly reason: string | null;
  report(answer: Answer<unknown>, facts: CircuitFacts): Standing;
}

export interface CircuitFacts {
  readonly now: number;
  readonly random: number;
  /** The person whom the call was about, when it was about one alone. */
  readonly person: string | null;
}

/** What an answer is worth, by those before it. */
export interface Standing {
  /** The call before this one succeeded. */
  readonly endpointWorks: boolean;
  /** What a 403 to this person alone means: try again alone, it is our rights, or it is this person. */
  readonly forbidden: 'retry' | 'denied' | 'person';
}

export function createCircuit(backoff: BackoffPolicy): Circuit {
  const policy = {
    ...backoff,
    maxDelayMs: Math.max(backoff.minDelayMs, Math.min(backoff.maxDelayMs, maxProbeDelayMs)),
  };
  let unknownInRow = 0;
  let openings = 0;
  let openUntil: number | null = null;
  let reason: string | null = null;
  const people = createPeople();

  function open(why: string, facts: CircuitFacts, afterMs: number | null): void {
    openings += 1;
    const delay = afterMs ?? backoffMs(openings, policy, facts.random);
    openUntil = Math.max(openUntil ?? 0, facts.now + delay);
    reason = why;
  }

  function close(): void {
    unknownInRow = 0;
    openings = 0;
    openUntil = null;
    reason = null;
  }

  return {
    state(now) {
      if (openUntil === null) return 'closed';
      return now < openUntil ? 'open' : 'probe';
    },
    get reason() {
      return reason;
    },
    report(answer, facts) {
      const endpointWorks = unknownInRow === 0 && openUntil === null;
      let meaning: Standing['forbidden'] = 'retry';
      switch (answer.kind) {
        case 'done':
          close();
          people.forget();
          break;
        case 'refused': {
          close();
          const code = `${answer.summary.apiCode ?? answer.summary.statusCode}`;
          if (people.refused(code, facts.person)) {
            open(`the same refusal (${code}) for ${maxRefusedInRow} people`, facts, null);
          }
          break;
        }
        case 'forbidden':
          meaning = people.forbidden(facts.person);
          if (meaning === 'denied') open('forbidden (403) for different people', facts, null);
          break;
        case 'denied':
          open(
            `denied (${answer.summary.apiCode ?? answer.summary.statusCode ?? 'no envelope'})`,
            facts,
            null,
          );
          break;
        case 'busy':
          open('busy', facts, answer.retryAfterMs);
          break;
        case 'unknown':
          unknownInRow += 1;
          if (unknownInRow >= maxUnknownInRow || openUntil !== null) open('no clear answers', facts, null);
          break;
      }
      return { endpointWorks, forbidden: meaning };
    },
  };
}

/** Who was refused, alone, since the last success. */
interface People {
  /** @returns whether so many had the same refusal in a row that it cannot be about them */
  refused(code: string, person: string | null): boolean;
  forbidden(person: string | null): Standing['forbidden'];
  forget(): void;
}

function createPeople(): People {
  let lastCode = '';
  const refusedPeople = new Set<string>();
  const forbiddenPeople = new Set<string>();
  return {
    refused(code, person) {
      if (code !== lastCode) refusedPeople.clear();
      lastCode = code;
      if (person !== null) refusedPeople.add(person);
      return refusedPeople.size >= maxRefusedInRow;
    },
    forbidden(person) {
      if (person === null) return 'retry';
      const seenBefore = forbiddenPeople.has(person);
      forbiddenPeople.add(person);
      if (forbiddenPeople.size > 1) return 'denied';
      return seenBefore ? 'person' : 'retry';
    },
    forget() {
      refusedPeople.clear();
      forbiddenPeople.clear();
    },
  };
}

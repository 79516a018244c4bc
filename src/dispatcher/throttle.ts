import type { BackoffPolicy } from '../core/backoff.ts';
import type { Act } from '../core/intent.ts';
import type { Answer } from '../management-api/answer.ts';
import type { Endpoint } from '../management-api/exchange.ts';
import type { Store } from '../store/contract.ts';
import {
  type Circuit,
  type CircuitCause,
  type CircuitFacts,
  createCircuit,
  type Standing,
} from './circuit.ts';
import { createTurns } from './turns.ts';
import { maxBatch } from './verdict.ts';

/** The endpoints without which an action cannot go on. A kick that cannot be looked at afterwards is still a kick. */
const needed: Readonly<Record<Act, readonly Endpoint[]>> = {
  kick: ['kick-users', 'list-applications'],
  resign: ['get-user', 'resign-user-batch'],
};

/** Both looks share a circuit: a probe looks at one user, and must be able to open the way for batches again. */
function circuitOf(endpoint: Endpoint): Endpoint {
  return endpoint === 'get-user-batch' ? 'get-user' : endpoint;
}

/** Keeps the calls within what GenAuth allows: requests per second, and a circuit per endpoint. */
export interface Throttle {
  /** What may be claimed now. A lane that probes is given to one holder at a time. */
  acquire(now: number): Permit;
  /** Resolves when one more request may be sent. */
  turn(): Promise<void>;
  /** How long nothing may be sent to that endpoint, in milliseconds; 0 = it may. */
  waitMs(endpoint: Endpoint, now: number): number;
  report(endpoint: Endpoint, answer: Answer<unknown>, facts: CircuitFacts): Standing;
  /** The endpoints that are not served, and why. */
  troubles(now: number): readonly CallsTrouble[];
}

export interface CallsTrouble {
  readonly endpoint: Endpoint;
  readonly cause: CircuitCause;
  /** For people. */
  readonly reason: string;
}

export interface Permit {
  /** How many intents a batch may hold; 0 = none now. */
  readonly limits: Readonly<Record<Act, number>>;
  release(): void;
}

export interface ThrottleOptions {
  /** The rate of all processes on the store together. */
  readonly requestsPerSecond: number;
  /** Without it, this process has all of the rate. */
  readonly leaseTurns?: Store['leaseTurns'];
  readonly backoff: BackoffPolicy;
}

export function createThrottle({ requestsPerSecond, leaseTurns, backoff }: ThrottleOptions): Throttle {
  const circuits = new Map<Endpoint, Circuit>();
  const probing = new Set<Act>();
  const turn = createTurns(requestsPerSecond, leaseTurns);

  function circuit(endpoint: Endpoint): Circuit {
    const key = circuitOf(endpoint);
    let found = circuits.get(key);
    if (!found) {
      found = createCircuit(backoff);
      circuits.set(key, found);
    }
    return found;
  }

  function limit(action: Act, now: number, held: Act[]): number {
    const states = needed[action].map((endpoint) => circuit(endpoint).state(now));
    if (states.includes('open') || probing.has(action)) return 0;
    if (!states.includes('probe')) return maxBatch;
    probing.add(action);
    held.push(action);
    return 1;
  }

  return {
    acquire(now) {
      const held: Act[] = [];
      const limits = { kick: limit('kick', now, held), resign: limit('resign', now, held) };
      return {
        limits,
        release() {
          for (const action of held) probing.delete(action);
        },
      };
    },
    turn,
    waitMs: (endpoint, now) => circuit(endpoint).waitMs(now),
    report: (endpoint, answer, facts) => circuit(endpoint).report(answer, facts),
    troubles: (now) =>
      [...circuits].flatMap(([endpoint, { trouble, state }]) =>
        trouble === null || state(now) === 'closed' ? [] : [{ endpoint, ...trouble }],
      ),
  };
}

import { z } from 'zod';
import { endpointNames } from './endpoints.ts';

const where = {
  /** Which endpoint it strikes; every one when absent. */
  endpoint: z.enum(endpointNames).optional(),
  /** How many calls it strikes before it is over. */
  times: z.int().positive().optional(),
  probability: z.number().min(0).max(1).optional(),
};

const spoilt = {
  ...where,
  /** Whether the call is carried out although its answer is spoilt. */
  applied: z.boolean().default(false),
};

const ms = z.number().min(0).max(600_000);
const apiStatus = z.int().min(100).max(999);
const httpStatus = z.int().min(200).max(599);

/** One thing that goes wrong with calls. */
const callFault = z.discriminatedUnion('kind', [
  z.strictObject({ ...where, kind: z.literal('latency'), ms }),
  z.strictObject({
    ...spoilt,
    kind: z.literal('rateLimit'),
    retryAfterSeconds: z.int().nonnegative().optional(),
  }),
  z.strictObject({ ...spoilt, kind: z.literal('http5xx'), status: httpStatus.min(500).default(500) }),
  z.strictObject({ ...spoilt, kind: z.literal('forbidden') }),
  z.strictObject({
    ...spoilt,
    kind: z.literal('envelope'),
    statusCode: apiStatus,
    apiCode: z.int().positive().optional(),
    data: z.json().optional(),
  }),
  z.strictObject({ ...spoilt, kind: z.literal('html'), status: httpStatus.default(200) }),
  z.strictObject({ ...spoilt, kind: z.literal('redirect'), location: z.string().default('/elsewhere') }),
  z.strictObject({ ...spoilt, kind: z.literal('timeout') }),
  z.strictObject({ ...spoilt, kind: z.literal('halfClosed') }),
]);
type CallFault = z.output<typeof callFault>;

/** Everything that is set to go wrong; setting it anew replaces all of it. */
export const faultsSchema = z.strictObject({
  /** Latencies add up; of the others the first that strikes is taken. */
  calls: z
    .array(callFault)
    .max(1_000)
    .default(() => []),
  /** What a resign batch does with an unknown id: nobody is resigned, those before it are, or all others are. */
  batchUnknown: z.enum(['refuse', 'partial', 'skip']).default('refuse'),
  /** What a look at several users does with an unknown id. */
  lookUnknown: z.enum(['omit', 'refuse']).default('omit'),
  /** By `user_id`: users with whom any resign is refused as a whole. */
  poisonedUserIds: z.array(z.string()).default(() => []),
});
export type FaultsInput = z.input<typeof faultsSchema>;
type Faults = z.output<typeof faultsSchema>;

export interface FaultBook {
  readonly current: Faults;
  set(input: FaultsInput): void;
  /** What strikes this call. */
  draw(endpoint: string): Strike;
}

export interface Strike {
  readonly latencyMs: number;
  readonly fault: Exclude<CallFault, { kind: 'latency' }> | null;
}

/** @param seed of the random numbers behind the probabilities; the same seed gives the same ones */
export function createFaultBook(seed: number): FaultBook {
  let current = faultsSchema.parse({});
  let left: number[] = [];
  const random = createRandom(seed);

  function strikes(fault: CallFault, index: number, endpoint: string): boolean {
    if (fault.endpoint !== undefined && fault.endpoint !== endpoint) return false;
    if (left[index] === 0) return false;
    if (fault.probability !== undefined && random() >= fault.probability) return false;
    if (left[index] !== undefined) left[index] -= 1;
    return true;
  }

  return {
    get current() {
      return current;
    },
    set(input) {
      current = faultsSchema.parse(input);
      left = current.calls.map(({ times }) => times ?? Number.POSITIVE_INFINITY);
    },
    draw(endpoint) {
      let latencyMs = 0;
      let taken: Strike['fault'] = null;
      for (const [index, fault] of current.calls.entries()) {
        if (fault.kind === 'latency') latencyMs += strikes(fault, index, endpoint) ? fault.ms : 0;
        else if (!taken && strikes(fault, index, endpoint)) taken = fault;
      }
      return { latencyMs, fault: taken };
    },
  };
}

/** Mulberry32: small, fast, and the same everywhere. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One call, as it arrived and as it was answered. */
export interface EmulatedCall {
  /** From 1, by arrival. */
  readonly seq: number;
  /** When it arrived; epoch milliseconds. */
  readonly at: number;
  /** The last part of the path. */
  readonly endpoint: string;
  readonly method: string;
  /** The parameters of the query, or the body; without secrets. */
  readonly input: unknown;
  /** `httpStatus` is `null` while, or when, no whole answer was sent. */
  readonly answer: {
    readonly httpStatus: number | null;
    readonly statusCode: number | null;
    readonly apiCode: number | null;
  };
  /** The newest `seq` at the moment of the answer: a call with a higher one was made in knowledge of it. */
  readonly answeredAfter: number | null;
  /** Whether an act was carried out, at least in part, whatever was answered. */
  readonly applied: boolean;
  /** The statuses that a look showed, by user id; only when its answer was sent whole. */
  readonly looks?: Readonly<Record<string, string>>;
}

/** The memory of calls; past its size the oldest are forgotten. */
export interface CallLog {
  add(call: Pick<EmulatedCall, 'at' | 'endpoint' | 'method' | 'input'>): number;
  /** Completes a call; one that is already forgotten is left alone. */
  complete(seq: number, facts: Pick<EmulatedCall, 'answer' | 'applied' | 'looks'>): void;
  all(): readonly EmulatedCall[];
  clear(): void;
}

const noAnswer = { httpStatus: null, statusCode: null, apiCode: null };

export function createCallLog(maxCalls: number): CallLog {
  let calls: EmulatedCall[] = [];
  let newest = 0;

  return {
    add(call) {
      newest += 1;
      calls.push({ seq: newest, ...call, answer: noAnswer, answeredAfter: null, applied: false });
      if (calls.length >= 2 * maxCalls) calls = calls.slice(-maxCalls);
      return newest;
    },
    complete(seq, facts) {
      const index = calls.length - 1 - (newest - seq);
      const call = calls[index];
      if (!call) return;
      const answeredAfter = facts.answer.httpStatus === null ? null : newest;
      calls[index] = { ...call, ...facts, answeredAfter };
    },
    all: () => calls.slice(-maxCalls),
    clear() {
      calls = [];
    },
  };
}

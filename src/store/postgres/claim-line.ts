import type { Batch, ClaimRequest } from '../contract.ts';

type Claim<Request extends ClaimRequest> = (request: Request) => Promise<Batch | null>;

/**
 * Lets one claim of this process look at a time. All at once they would find the same and get in each other's way, each
 * for the price of several round trips. One that finds nothing answers for those that wait behind it.
 */
export function createClaimLine<Request extends ClaimRequest>(claim: Claim<Request>): Claim<Request> {
  let line: Promise<unknown> = Promise.resolve();
  let asked = 0;
  /** Claims up to this number need not look. */
  let nothingFor = 0;

  async function look(request: Request, number: number): Promise<Batch | null> {
    if (number <= nothingFor) return null;
    const waiting = asked;
    const batch = await claim(request);
    if (!batch && looksForAll(request)) nothingFor = waiting;
    return batch;
  }

  return (request) => {
    asked += 1;
    const number = asked;
    const claimed = line.then(() => look(request, number));
    line = claimed.catch(() => undefined);
    return claimed;
  };
}

/** Whether nobody could find anything that this claim does not. */
function looksForAll({ limits }: ClaimRequest): boolean {
  return limits.kick > 0 && limits.resign > 0;
}

import type { ClaimRequest } from './contract.ts';

/** The leases that this process holds. */
export interface Leases {
  /** The tokens of those that have not ended. */
  alive(): string[];
  begin(request: Pick<ClaimRequest, 'token' | 'leaseMs'>): void;
  end(token: string): void;
}

/** Goes by the monotonic clock: when the wall clock jumps ahead, a call in flight is still in flight. */
export function createLeases(): Leases {
  const ends = new Map<string, number>();
  return {
    alive() {
      const now = performance.now();
      return [...ends].filter(([, end]) => end > now).map(([token]) => token);
    },
    begin({ token, leaseMs }) {
      ends.set(token, performance.now() + leaseMs);
    },
    end(token) {
      ends.delete(token);
    },
  };
}

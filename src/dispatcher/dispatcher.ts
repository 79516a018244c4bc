import { randomUUID } from 'node:crypto';
import type { BackoffPolicy } from '../core/backoff.ts';
import { type Intent, needsLookup } from '../core/intent.ts';
import { limitsNow, type SafeguardRule } from '../core/safeguard.ts';
import type { IntentSettlement } from '../core/settlement.ts';
import type { ManagementApi } from '../management-api/client.ts';
import type { Batch, SeenUser, Store } from '../store/contract.ts';
import { createApplications } from './applications.ts';
import { createCalls, leaseMs } from './calls.ts';
import { carryOutKick } from './kick.ts';
import { createLookups, type Lookups } from './lookup.ts';
import type { Protection } from './protection.ts';
import { carryOutResigns } from './resign.ts';
import type { Throttle } from './throttle.ts';
import type { LookFacts } from './verdict.ts';

export interface DispatcherOptions {
  readonly store: Pick<Store, 'claim' | 'beginAct' | 'settle'>;
  readonly api: ManagementApi;
  readonly throttle: Throttle;
  readonly protection: Protection;
  /** Without them, whoever has to be looked up is not acted on. */
  readonly lookups?: Lookups | undefined;
  readonly policy: DispatchPolicy;
  /** How many users of the pool are active; `null` while that is not known. */
  readonly activeUsers?: () => number | null;
  readonly now: () => number;
  /** A clock in milliseconds that nobody sets; `performance.now` unless it is given. */
  readonly monotonic?: () => number;
  readonly random: () => number;
  /** Carries a batch out within something of the caller's, such as a span of a trace. */
  readonly within?: (
    batch: Batch,
    work: () => Promise<readonly IntentSettlement[]>,
  ) => Promise<readonly IntentSettlement[]>;
  /** Told after every batch that was settled; not when the settle came too late. */
  readonly onSettled?: (batch: Batch, settlements: readonly IntentSettlement[]) => void;
}

export interface DispatchPolicy {
  readonly confirm: boolean;
  readonly endSessions: boolean;
  /** None = the safeguard is off. */
  readonly safeguard: readonly SafeguardRule[];
  readonly kickAppIds: 'all' | readonly string[];
  readonly backoff: BackoffPolicy;
  readonly giveUpAfterMs: number;
  /** Whether that source's intents are only watched. */
  readonly isDryRun: (source: string) => boolean;
}

/** The dispatch leg: due intents become calls, and their answers settlements. */
export interface Dispatcher {
  /** Claims a batch, carries it out and settles it. @returns how many intents it had; 0 = nothing to do now */
  tick(): Promise<number>;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, throttle, protection, policy, now, random } = options;
  const {
    monotonic = () => performance.now(),
    activeUsers = () => null,
    within = (_batch, work) => work(),
  } = options;
  const lookups =
    options.lookups ?? createLookups({ ...policy, find: () => null, longestLookupMs: 0, now, random });
  const applications = createApplications(policy.kickAppIds);

  function facts(intent: Intent, random: number): LookFacts {
    return {
      now: now(),
      backoff: policy.backoff,
      giveUpAfterMs: policy.giveUpAfterMs,
      random,
      dryRun: policy.isDryRun(intent.source),
      isProtected: protection.covers,
    };
  }

  /** Those whose vendor has to be asked first are settled by that; the rest is acted on. */
  async function carryOut(batch: Batch, leaseEnd: number): Promise<readonly IntentSettlement[]> {
    const unknown = batch.intents.filter(needsLookup);
    if (unknown.length === 0) return act(batch, leaseEnd);
    const known = batch.intents.filter((intent) => !needsLookup(intent));
    const [found, done] = await Promise.all([
      lookups.carryOut(unknown, leaseEnd),
      known.length === 0 ? [] : act({ ...batch, intents: known }, leaseEnd),
    ]);
    return [...found, ...done];
  }

  async function act(batch: Batch, leaseEnd: number): Promise<IntentSettlement[]> {
    const { api } = options;
    const [first] = batch.intents;
    const person = batch.intents.length === 1 ? (first?.person ?? null) : null;
    const calls = createCalls({ api, throttle, leaseEnd, person, now, random });
    const { confirm, endSessions } = policy;
    // Drawn once, so that those of a batch come due together and share the next call, too.
    const drawn = random();
    const factsOf = (intent: Intent): LookFacts => facts(intent, drawn);
    if (batch.action === 'resign') {
      const ageMs = createStopwatch([now, monotonic]);
      const begin = (seen: readonly SeenUser[]) =>
        store.beginAct(batch.token, seen, { now: now(), lookAgeMs: ageMs() });
      return carryOutResigns(batch, calls, { confirm, endSessions, begin, facts: factsOf });
    }
    const kickPolicy = { confirm, looksFirst: !protection.isEmpty, applications, facts: factsOf };
    return Promise.all(batch.intents.map((intent) => carryOutKick(intent, calls, kickPolicy)));
  }

  async function settle(batch: Batch, leaseEnd: number): Promise<readonly IntentSettlement[]> {
    const settlements = await carryOut(batch, leaseEnd);
    const settled = await store.settle(batch.token, settlements, now());
    if (settled) options.onSettled?.(batch, settlements);
    return settlements;
  }

  return {
    async tick() {
      if (!protection.isReady) return 0;
      const permit = throttle.acquire(now());
      try {
        const { resign, kick } = permit.limits;
        const lease = leaseMs(options.api) + lookups.longestLookupMs;
        const leaseEnd = performance.now() + lease;
        const batch = await store.claim({
          now: now(),
          token: randomUUID(),
          leaseMs: lease,
          limits: { resign, kick: Math.min(kick, 1) },
          safeguard: limitsNow(policy.safeguard, activeUsers()),
        });
        if (!batch) return 0;
        await within(batch, () => settle(batch, leaseEnd));
        return batch.intents.length;
      } finally {
        permit.release();
      }
    },
  };
}

/** Tells how long ago it was made, by the clock that says longest: one of them may be set meanwhile. */
function createStopwatch(clocks: readonly (() => number)[]): () => number {
  const begun = clocks.map((clock) => ({ clock, at: clock() }));
  return () => Math.max(...begun.map(({ clock, at }) => clock() - at));
}

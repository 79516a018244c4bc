import type { Config } from '../config.ts';
import { limitsNow, type SafeguardRule } from '../core/safeguard.ts';
import {
  createDispatcher,
  type Dispatcher,
  type DispatcherOptions,
  type DispatchPolicy,
} from '../dispatcher/dispatcher.ts';
import { createHeadcount, type Headcount } from '../dispatcher/headcount.ts';
import { createLookups, type Lookups } from '../dispatcher/lookup.ts';
import { createProtection, type Protection } from '../dispatcher/protection.ts';
import { createThrottle, type Throttle } from '../dispatcher/throttle.ts';
import type { ManagementApi } from '../management-api/client.ts';
import type { Store } from '../store/contract.ts';
import { sourceLookups } from './lookups.ts';

/** The rooms of the dispatch leg. */
export interface DispatchRooms {
  readonly dispatcher: Dispatcher;
  readonly throttle: Throttle;
  readonly protection: Protection;
  readonly lookups: Lookups;
  readonly headcount: Headcount;
  /** Looks after what is held; see `Store.tendHeld`. */
  readonly tendHeld: () => Promise<number>;
}

interface Surroundings extends Pick<DispatcherOptions, 'within' | 'onSettled'> {
  readonly store: Store;
  readonly api: ManagementApi;
  readonly now: () => number;
  readonly random: () => number;
}

export function createDispatchRooms(config: Config, around: Surroundings): DispatchRooms {
  const policy = dispatchPolicy(config);
  const { leaseTurns } = around.store;
  const throttle = createThrottle({ ...config.genauth, leaseTurns, backoff: config.retry });
  const protection = createProtection(around.api, config.leavers.protected);
  const lookups = createLookups({ ...sourceLookups(config), ...policy, ...around });
  const isWanted = policy.safeguard.some(({ maxPercent }) => maxPercent !== null);
  const headcount = createHeadcount({ ...around, throttle, isWanted });
  const activeUsers = headcount.current;
  const rooms = { throttle, protection, lookups };
  const dispatcher = createDispatcher({ ...around, ...rooms, policy, activeUsers });
  async function tendHeld(): Promise<number> {
    const now = around.now();
    return around.store.tendHeld({
      now,
      safeguard: limitsNow(policy.safeguard, activeUsers()),
      askAgainBefore: now - config.leavers.askAgainAfterMs,
    });
  }
  return { dispatcher, ...rooms, headcount, tendHeld };
}

function dispatchPolicy({ leavers, genauth, retry, sources }: Config): DispatchPolicy {
  return {
    confirm: leavers.confirm,
    endSessions: leavers.endSessions,
    safeguard: safeguardRules({ leavers, sources }),
    kickAppIds: genauth.kickAppIds,
    backoff: retry,
    giveUpAfterMs: retry.giveUpAfterMs,
    isDryRun: (source) => leavers.dryRun || sources[source]?.dryRun === true,
  };
}

/** The configured limits: of all together, and of each source. */
function safeguardRules({ leavers, sources }: Pick<Config, 'leavers' | 'sources'>): readonly SafeguardRule[] {
  const overall = (leavers.safeguard?.limits ?? []).map((limit) => ({ ...limit, source: null }));
  const own = Object.values(sources).flatMap(({ id, safeguard }) =>
    (safeguard ?? []).map((limit) => ({ ...limit, source: id })),
  );
  return [...overall, ...own];
}

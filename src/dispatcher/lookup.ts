import { maxAheadMs } from '../core/admission.ts';
import { type BackoffPolicy, backoffMs } from '../core/backoff.ts';
import type { Failure } from '../core/failure.ts';
import { MalformedDelivery } from '../core/handler.ts';
import type { Identifier } from '../core/identifier.ts';
import { type Intent, waitingSince } from '../core/intent.ts';
import { type LookupResult, VendorTrouble } from '../core/lookup.ts';
import type { IntentSettlement, Settlement } from '../core/settlement.ts';
import { isBygone } from '../core/verdict.ts';
import { leftMs, type Pause } from './circuit.ts';
import { final } from './verdict.ts';

/** Asks the vendor of a source about a reference; `null` when that source has no look-up. */
export type FindLookup = (source: string) => ((reference: string) => Promise<LookupResult>) | null;

export interface LookupsOptions {
  readonly find: FindLookup;
  /** How long one look-up may take, in milliseconds, whatever it asks. */
  readonly longestLookupMs: number;
  readonly backoff: BackoffPolicy;
  readonly giveUpAfterMs: number;
  readonly now: () => number;
  readonly random: () => number;
}

/** Finds out about intents whose events carried an id only, before anybody is looked at or acted on. */
export interface Lookups {
  readonly longestLookupMs: number;
  /** @param leaseEnd when the intents' lease ends, by `performance.now()` */
  carryOut(intents: readonly Intent[], leaseEnd: number): Promise<readonly IntentSettlement[]>;
  /** The sources whose vendor is not asked for a while, and why. */
  troubles(now: number): readonly { readonly source: string; readonly reason: string }[];
}

interface VendorPause extends Pause {
  readonly failures: number;
  readonly reason: string;
}

export function createLookups(options: LookupsOptions): Lookups {
  const { find, longestLookupMs, now } = options;
  const pauses = new Map<string, VendorPause>();

  function pause(source: string, trouble: VendorTrouble): VendorPause {
    const failures = (pauses.get(source)?.failures ?? 0) + 1;
    const delay = backoffMs(failures, options.backoff, options.random());
    const since = now();
    const until = since + Math.max(trouble.retryAfterMs ?? 0, delay);
    const paused = { since, until, failures, reason: trouble.message };
    pauses.set(source, paused);
    return paused;
  }

  async function lookUp(intent: Intent): Promise<IntentSettlement> {
    const paused = pauses.get(intent.source);
    if (paused && leftMs(paused, now()) > 0) return later(intent, paused.until);
    const ask = find(intent.source);
    if (!ask) return settle(intent, failed('the source has no look-up any more'));
    try {
      const result = await ask(intent.reference ?? '');
      pauses.delete(intent.source);
      return judgeLookup(intent, result, now());
    } catch (error) {
      if (error instanceof MalformedDelivery)
        return settle(intent, failed(`the answer cannot be read: ${error.message}`));
      if (!(error instanceof VendorTrouble))
        return settle(intent, failed('the handler failed at its look-up'));
      if (error.kind === 'unknown_person')
        return settle(intent, failed('the vendor knows nobody by that id'));
      const { until } = pause(intent.source, error);
      const isTooOld = now() - waitingSince(intent) > options.giveUpAfterMs;
      return isTooOld ? settle(intent, failed(error.message)) : later(intent, until);
    }
  }

  async function lookUpInTurn(intents: readonly Intent[], leaseEnd: number): Promise<IntentSettlement[]> {
    const settled: IntentSettlement[] = [];
    for (const intent of intents) {
      const isInTime = performance.now() + longestLookupMs <= leaseEnd;
      settled.push(isInTime ? await lookUp(intent) : later(intent, now()));
    }
    return settled;
  }

  return {
    longestLookupMs,
    async carryOut(intents, leaseEnd) {
      const bySource = [...Map.groupBy(intents, ({ source }) => source).values()];
      return (await Promise.all(bySource.map((group) => lookUpInTurn(group, leaseEnd)))).flat();
    },
    troubles: (at) =>
      [...pauses].flatMap(([source, paused]) =>
        leftMs(paused, at) > 0 ? [{ source, reason: paused.reason }] : [],
      ),
  };
}

/** What a look-up means for its intent. Pure. */
export function judgeLookup(intent: Intent, result: LookupResult, now: number): IntentSettlement {
  switch (result.kind) {
    case 'active':
      return settle(intent, stillActive);
    case 'unclear': {
      const { failure, identifiers } = result;
      const isReleased = intent.waived.includes(failure.code);
      return settle(intent, isReleased ? actNow(identifiers, now) : { kind: 'hold', failure });
    }
    case 'gone':
      return settle(intent, actNow(result.identifiers, now));
    case 'leaves':
      return judgeDay(intent, result, now);
  }
}

function judgeDay(
  intent: Intent,
  { identifiers, effectiveAt, signOut = false }: LookupResult & { kind: 'leaves' },
  now: number,
): IntentSettlement {
  if (effectiveAt <= now) {
    return settle(intent, isBygone(effectiveAt, intent.receivedAt) ? stillActive : actNow(identifiers, now));
  }
  if (effectiveAt - now > maxAheadMs && !intent.waived.includes('far_future')) {
    const failure: Failure = { code: 'far_future', message: 'the date is more than a year ahead' };
    return settle(intent, { kind: 'hold', failure });
  }
  const resolution = { identifiers, effectiveAt, settled: false };
  const bringKick = signOut && !intent.kickBrought ? identifiers : null;
  return { ...settle(intent, { kind: 'resolved', resolution, dueAt: effectiveAt }), bringKick };
}

function actNow(identifiers: readonly Identifier[], now: number): Settlement {
  return { kind: 'resolved', resolution: { identifiers, effectiveAt: null, settled: true }, dueAt: now };
}

const stillActive: Settlement = final('canceled', {
  failure: { code: 'still_active', message: 'the source says that the person is still active' },
});

function failed(message: string): Settlement {
  return final('failed', { failure: { code: 'lookup_failed', message } });
}

function later({ cap, identifierIndex, attempts, ...intent }: Intent, dueAt: number): IntentSettlement {
  const settlement: Settlement = { kind: 'again', dueAt, cap, identifierIndex, attempts, acted: false };
  return settle(intent, settlement);
}

function settle({ id }: Pick<Intent, 'id'>, settlement: Settlement): IntentSettlement {
  return { intentId: id, settlement, seenUserId: null, answer: null, bringKick: null };
}

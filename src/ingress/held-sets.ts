import { canceledByOperator } from '../core/failure.ts';
import type { Decision, Intent } from '../core/intent.ts';
import type { DecisionRequest, HeldSet, Page, Store } from '../store/contract.ts';
import type { DecisionResult } from './decisions.ts';
import { isTooOld, type ReleaseChecks, releaseRequest, tooOld } from './release.ts';

/** Deciding about what was held together, as one. */
export interface HeldSets {
  /**
   * Notes the decision, then carries it out, a bounded part at a time. What a crash leaves undone of it, the next
   * start carries out.
   */
  decide(setId: string, request: SetDecision): Promise<DecisionResult>;
  /** Carries out what was decided and not finished. @returns how many intents it was about */
  finish(): Promise<number>;
}

export interface SetDecision {
  readonly verdict: Decision['verdict'];
  readonly actor: string;
  readonly reason: string | null;
  /** How many waited when whoever decides looked; `null` = however many there are. */
  readonly count: number | null;
}

export interface HeldSetsOptions extends ReleaseChecks {
  readonly store: Pick<Store, 'findHeldSet' | 'decideHeldSet' | 'listHeldSets' | 'listIntents' | 'decideAll'>;
}

/** The most intents that one transaction decides about. */
const partSize = 200;

export function createHeldSets(options: HeldSetsOptions): HeldSets {
  const { store, now } = options;

  async function carryOut({ id }: HeldSet, decision: Decision): Promise<number> {
    let done = 0;
    let cursor: string | null = null;
    do {
      const query = { statuses: ['held'] as const, person: null, source: null, heldSet: id };
      const page: Page<Intent> = await store.listIntents({
        ...query,
        cursor,
        limit: partSize,
      });
      const results = await store.decideAll(page.items.map((one) => decisionOf(one, decision, options)));
      done += results.filter((result) => result === 'done').length;
      cursor = page.next;
    } while (cursor !== null);
    return done;
  }

  return {
    async decide(setId, { verdict, actor, reason, count }) {
      const set = await store.findHeldSet(setId);
      if (!set) return { kind: 'not-found' };
      const why = whyNot(set, { count, ...options });
      if (why !== null) return { kind: 'wrong-state', why };
      if (verdict === 'approved' && options.isSamePerson(set.actor, actor)) return { kind: 'own-request' };
      const decision = { by: actor, at: now(), verdict, reason };
      if ((await store.decideHeldSet(setId, decision, count)) !== 'done')
        return { kind: 'wrong-state', why: 'it has just changed; look again' };
      await carryOut(set, decision);
      return { kind: 'done' };
    },

    async finish() {
      let done = 0;
      let cursor: string | null = null;
      do {
        const page: Page<HeldSet> = await store.listHeldSets({
          cursor,
          limit: 100,
        });
        for (const set of page.items) if (set.decision) done += await carryOut(set, set.decision);
        cursor = page.next;
      } while (cursor !== null);
      return done;
    },
  };
}

/** Why a set cannot be decided now, for people; `null` when it can. */
function whyNot(
  { decision, waiting, since }: HeldSet,
  { count, now, askAgainAfterMs }: Pick<ReleaseChecks, 'now' | 'askAgainAfterMs'> & { count: number | null },
): string | null {
  if (decision) return `${decision.by} has decided it already`;
  if (waiting === 0) return 'nothing of it waits any more';
  if (isTooOld(since, { now, askAgainAfterMs })) return tooOld;
  return count === null || count === waiting ? null : `${waiting} wait now, not ${count}; look again`;
}

/** What a source may not do any more is not released but canceled. */
function decisionOf(intent: Intent, decision: Decision, checks: ReleaseChecks): DecisionRequest {
  if (decision.verdict === 'canceled') {
    const admission = { status: 'canceled', failure: canceledByOperator } as const;
    return { intentId: intent.id, decision, admission };
  }
  const request = releaseRequest(intent, { decision, waives: ['needs_approval'] }, checks);
  if (request.admission.status !== 'canceled') return request;
  return { ...request, decision: { ...decision, verdict: 'canceled' } };
}

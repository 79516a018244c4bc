import { canceledByOperator, type Failure, type FailureCode } from '../core/failure.ts';
import type { Delivery } from '../core/handler.ts';
import type { Intent } from '../core/intent.ts';
import { erasedText } from '../core/seal.ts';
import type { Store } from '../store/contract.ts';
import type { Taken } from './intake.ts';
import type { Receiver } from './receive.ts';
import { draftOf, isTooOld, type ReleaseChecks, releaseRequest, tooOld } from './release.ts';

/** Who decides, and why. */
interface Decider {
  /** Such as `api:ada` or `slack:U024BE7LH`. */
  readonly actor: string;
  readonly reason: string | null;
}

export type DecisionResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'not-found' }
  /** The intent is in a state in which this cannot be decided; `why` is for people. */
  | { readonly kind: 'wrong-state'; readonly why: string }
  /** Nobody approves what they asked for. */
  | { readonly kind: 'own-request' };

/** What a person may decide about an intent, whichever way they say so. */
export interface Decisions {
  /** Lets a held intent go on; the reason for which it was held counts no more, all others are checked again. */
  approve(intentId: string, decider: Decider): Promise<DecisionResult>;
  /** Whoever asked says that it is meant; every other check is made again. */
  confirm(intentId: string, decider: Decider): Promise<DecisionResult>;
  /** @param failure what its outcome says; that an operator canceled it, unless told */
  cancel(intentId: string, decider: Decider, failure?: Failure): Promise<DecisionResult>;
  /** Asks again for what failed, was canceled or was only simulated: a new intent, which passes every check again. */
  retry(
    intentId: string,
    request: { readonly actor: string; readonly delivery: Delivery },
  ): Promise<Exclude<DecisionResult, { kind: 'done' }> | Taken>;
}

export interface DecisionsOptions extends ReleaseChecks {
  readonly store: Pick<Store, 'findIntent' | 'findHeldSet' | 'decide'>;
  readonly receiver: Pick<Receiver, 'request'>;
}

const retryable: readonly Intent['status'][] = ['failed', 'canceled', 'simulated'];

export function createDecisions(options: DecisionsOptions): Decisions {
  const { store, receiver, now } = options;

  async function release(
    intent: Intent,
    { actor, reason }: Decider,
    waives: readonly FailureCode[],
  ): Promise<DecisionResult> {
    const decision = { by: actor, at: now(), verdict: 'approved', reason } as const;
    const request = releaseRequest(intent, { decision, waives }, options);
    const { admission } = request;
    if (admission.status === 'canceled') return { kind: 'wrong-state', why: admission.failure.message };
    return read(await store.decide(request), 'it is not held for that any more');
  }

  return {
    async approve(intentId, decider) {
      const intent = (await store.findIntent(intentId))?.intent;
      if (!intent) return { kind: 'not-found' };
      if (intent.status !== 'held') return { kind: 'wrong-state', why: `it is ${intent.status}, not held` };
      if (intent.failure?.code === 'needs_confirmation')
        return { kind: 'wrong-state', why: 'whoever asked has not confirmed it yet' };
      if (options.isSamePerson(intent.actor, decider.actor)) return { kind: 'own-request' };
      const set = intent.heldSet ? await store.findHeldSet(intent.heldSet) : null;
      if (set && isTooOld(set.since, options)) return { kind: 'wrong-state', why: tooOld };
      return release(intent, decider, ['needs_approval']);
    },

    async confirm(intentId, decider) {
      const intent = (await store.findIntent(intentId))?.intent;
      if (!intent) return { kind: 'not-found' };
      if (intent.status !== 'held' || intent.failure?.code !== 'needs_confirmation')
        return { kind: 'wrong-state', why: 'it does not wait for a confirmation' };
      if (intent.actor !== decider.actor)
        return { kind: 'wrong-state', why: 'only whoever asked can confirm it' };
      return release(intent, decider, []);
    },

    async cancel(intentId, { actor, reason }, failure = canceledByOperator) {
      const decision = { by: actor, at: now(), verdict: 'canceled', reason } as const;
      const admission = { status: 'canceled', failure } as const;
      const decided = await store.decide({ intentId, decision, admission });
      return read(decided, 'it is settled, or a call of it is under way');
    },

    async retry(intentId, { actor, delivery }) {
      const intent = (await store.findIntent(intentId))?.intent;
      if (!intent) return { kind: 'not-found' };
      if (!retryable.includes(intent.status))
        return { kind: 'wrong-state', why: `it is ${intent.status}; only what ended undone can be retried` };
      if (intent.person === erasedText) return { kind: 'wrong-state', why: 'its person was erased' };
      const { source } = intent;
      const eventId = `retry:${intentId}`;
      return receiver.request({
        source,
        eventId,
        actor,
        delivery,
        parts: [draftOf(intent)],
        retryOf: intentId,
      });
    },
  };
}

function read(decided: Awaited<ReturnType<Store['decide']>>, why: string): DecisionResult {
  switch (decided) {
    case 'done':
      return { kind: 'done' };
    case 'not_found':
      return { kind: 'not-found' };
    case 'wrong_state':
      return { kind: 'wrong-state', why };
  }
}

import { type AdmissionPolicy, admit } from '../core/admission.ts';
import type { Delivery } from '../core/handler.ts';
import { actions, type Intent, type IntentDraft } from '../core/intent.ts';
import type { Store } from '../store/contract.ts';
import type { Taken } from './intake.ts';
import type { Receiver } from './receive.ts';
import type { Sources } from './source.ts';

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
  cancel(intentId: string, decider: Decider): Promise<DecisionResult>;
  /** Asks again for what failed, was canceled or was only simulated: a new intent, which passes every check again. */
  retry(
    intentId: string,
    request: { readonly actor: string; readonly delivery: Delivery },
  ): Promise<Exclude<DecisionResult, { kind: 'done' }> | Taken>;
}

export interface DecisionsOptions {
  readonly store: Pick<Store, 'findIntent' | 'decide'>;
  readonly receiver: Pick<Receiver, 'request'>;
  readonly sources: Sources;
  readonly policy: Omit<AdmissionPolicy, 'actions'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const retryable: readonly Intent['status'][] = ['failed', 'canceled', 'simulated'];

export function createDecisions(options: DecisionsOptions): Decisions {
  const { store, receiver, sources, policy, now } = options;

  function readmit(intent: Intent, at: number) {
    const allowed = sources.get(intent.source)?.actions ?? actions;
    const waived = [...intent.waived, 'needs_approval' as const];
    if (intent.failure) waived.push(intent.failure.code);
    const facts = { draft: draftOf(intent), byPerson: intent.actor !== null, waived };
    return admit(facts, { ...policy, actions: allowed }, at);
  }

  return {
    async approve(intentId, { actor, reason }) {
      const intent = (await store.findIntent(intentId))?.intent;
      if (!intent) return { kind: 'not-found' };
      if (intent.status !== 'held') return { kind: 'wrong-state', why: `it is ${intent.status}, not held` };
      if (intent.actor === actor) return { kind: 'own-request' };
      const at = now();
      const admission = readmit(intent, at);
      if (admission.status === 'canceled') return { kind: 'wrong-state', why: admission.failure.message };
      const decision = { by: actor, at, verdict: 'approved', reason } as const;
      return read(await store.decide({ intentId, decision, admission }), 'it is not held any more');
    },

    async cancel(intentId, { actor, reason }) {
      const failure = { code: 'canceled_by_operator', message: 'canceled by an operator' } as const;
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

function draftOf(intent: Intent): IntentDraft {
  return {
    action: intent.action,
    identifiers: intent.identifiers,
    subject: intent.subject ?? undefined,
    occurredAt: intent.occurredAt ?? undefined,
    effectiveAt: intent.effectiveAt ?? undefined,
    reason: intent.reason ?? undefined,
    requestedBy: intent.requestedBy ?? undefined,
    appIds: intent.appIds,
    reference: intent.reference,
  };
}

import { type AdmissionPolicy, admit } from '../../src/core/admission.ts';
import type { Identifier } from '../../src/core/identifier.ts';
import type { IntentDraft } from '../../src/core/intent.ts';
import type { SafeguardLimit } from '../../src/core/safeguard.ts';
import type { IntentSettlement, Settlement } from '../../src/core/settlement.ts';
import type { Acceptance, Batch, ClaimRequest } from '../../src/store/contract.ts';

const second = 1_000;
const hour = 3_600_000;
/** Past, as are the days after it that tests go on to: PostgreSQL claims nothing before its date by its own clock. */
export const start = Date.parse('2026-11-20T08:00:00Z');
const policy: AdmissionPolicy = {
  actions: ['kick', 'resign', 'withdraw'],
  maxEventAgeMs: 7 * 24 * hour,
  fourEyes: true,
  graceMs: 0,
};

export const email = (userId: string): Identifier => ({ userIdType: 'email', userId });

export interface Told extends Partial<IntentDraft> {
  readonly source?: string;
  readonly eventId?: string;
  readonly at?: number;
  readonly actor?: string | null;
  readonly retrySpanMs?: number | null;
}

let events = 0;

/** What a delivery of one intent becomes, admitted as the intake would. */
export function acceptanceOf(told: Told, care: Partial<AdmissionPolicy> = {}): Acceptance {
  const { source = 'hr', at = start, actor = null, retrySpanMs = null } = told;
  events += 1;
  const draft = { action: 'resign' as const, identifiers: [email('ada@example.com')], ...told };
  const facts = {
    action: draft.action,
    identifiers: draft.identifiers,
    subject: draft.subject ?? null,
    appIds: draft.appIds ?? [],
    reason: draft.reason ?? null,
    requestedBy: draft.requestedBy ?? null,
    actor,
    occurredAt: draft.occurredAt ?? null,
    effectiveAt: draft.effectiveAt ?? null,
    retryOf: null,
    broughtBy: null,
    reference: draft.reference,
    traceparent: null,
  };
  const admission = admit({ draft, byPerson: actor !== null, waived: [] }, { ...policy, ...care }, at);
  const personKick = draft.action === 'kick' && actor !== null;
  return {
    source,
    eventId: told.eventId ?? `event-${events}`,
    retrySpanMs,
    contentDigest: `digest-of-${told.eventId ?? events}`,
    receivedAt: at,
    parts: [
      {
        kind: 'intent',
        facts,
        admission,
        urgent: personKick,
        exempt: personKick || draft.reference !== undefined,
        allSources: actor !== null,
      },
    ],
    payload: null,
  };
}

export const claimRequest = (change: Partial<ClaimRequest> = {}): ClaimRequest => ({
  now: start,
  token: `token-${Math.random()}`,
  leaseMs: 30 * second,
  limits: { resign: 50, kick: 1 },
  safeguard: [],
  ...change,
});

export const succeeded: Settlement = {
  kind: 'final',
  status: 'succeeded',
  confirmed: true,
  dryRun: false,
  failure: null,
};
export const again = (change: Partial<Settlement & { kind: 'again' }> = {}): Settlement => ({
  kind: 'again',
  dueAt: start,
  cap: 50,
  identifierIndex: 0,
  attempts: 0,
  acted: false,
  ...change,
});

export const settleAll = (
  batch: Batch,
  settlement: Settlement,
  change: Partial<IntentSettlement> = {},
): IntentSettlement[] =>
  batch.intents.map(({ id }) => ({
    intentId: id,
    settlement,
    seenUserId: null,
    answer: null,
    bringKick: null,
    ...change,
  }));

/** A limit that speaks of nothing but what is named. */
export const limitOf = (change: Partial<SafeguardLimit>): SafeguardLimit => ({
  source: null,
  maxResigns: null,
  maxKicks: null,
  perMs: hour,
  ...change,
});

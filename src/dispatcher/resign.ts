import { type FoundUser, type Identifier, resignedStatus } from '../core/identifier.ts';
import { type AnswerSummary, type Intent, identifierInTurn } from '../core/intent.ts';
import type { IntentSettlement, Settlement } from '../core/settlement.ts';
import type { NotDone } from '../management-api/answer.ts';
import type { Batch, SeenUser } from '../store/contract.ts';
import type { Calls } from './calls.ts';
import type { Standing } from './circuit.ts';
import { type Looks, lookAt } from './look.ts';
import {
  again,
  final,
  judgeConfirmation,
  judgeFailure,
  judgeLook,
  type Look,
  type LookFacts,
  type VerdictFacts,
} from './verdict.ts';

/** What a resign goes by, beside its batch. */
export interface ResignPolicy {
  readonly confirm: boolean;
  readonly endSessions: boolean;
  /** Notes who is about to be sent, and says which of them may be; see `Store.beginAct`. */
  begin(seen: readonly SeenUser[]): Promise<readonly string[]>;
  /** What every verdict goes by, as of now. */
  facts(intent: Intent): LookFacts;
}

/** An intent whose user was seen, and may be acted on. */
interface Seen {
  readonly intent: Intent;
  readonly user: FoundUser;
}

/** Look, act, look: carries out a batch of resigns, and says what became of each. */
export async function carryOutResigns(
  batch: Batch,
  calls: Calls,
  policy: ResignPolicy,
): Promise<IntentSettlement[]> {
  const { intents } = batch;
  const looks = await lookAt(calls, intents);
  if (looks.kind === 'failed') {
    return intents.map((intent) =>
      settleFailure({ intent, user: null }, looks, { policy, size: intents.length, isAct: false }),
    );
  }
  const settled: IntentSettlement[] = [];
  const toAct: Seen[] = [];
  for (const intent of intents) {
    const verdict = judgeLook(intent, shownBy(looks, intent), policy.facts(intent));
    if (verdict.kind === 'act') toAct.push({ intent, user: verdict.user });
    else
      settled.push(settleSeen({ intent, user: verdict.user }, verdict.settlement, { policy, summary: null }));
  }
  return toAct.length === 0 ? settled : [...settled, ...(await act(toAct, calls, policy))];
}

/**
 * Sends those that may still be sent. Who was withdrawn or paused since the claim goes back as it came, and so does whom
 * another intent resigns, to be looked at again a moment later.
 */
async function act(wanted: readonly Seen[], calls: Calls, policy: ResignPolicy): Promise<IntentSettlement[]> {
  const ids = await policy.begin(
    wanted.map(({ intent, user }) => ({ intentId: intent.id, userId: user.userId })),
  );
  const stopped = wanted
    .filter(({ intent }) => !ids.includes(intent.id))
    .map((one) => {
      const { now, backoff } = policy.facts(one.intent);
      return settleSeen(one, again(one.intent, now + backoff.minDelayMs, {}), { policy, summary: null });
    });
  const seen = wanted.filter(({ intent }) => ids.includes(intent.id));
  return seen.length === 0 ? stopped : [...stopped, ...(await send(seen, calls, policy))];
}

async function send(seen: readonly Seen[], calls: Calls, policy: ResignPolicy): Promise<IntentSettlement[]> {
  const identifiers = seen.map(({ intent }) => identifierInTurn(intent));
  const { answer, standing } = await calls.resignUsers({
    userIdType: (identifiers[0] as Identifier).userIdType,
    userIds: identifiers.map(({ userId }) => userId),
  });
  if (answer.kind === 'done') return confirm(seen, answer.summary, { calls, policy });
  if (answer.kind === 'refused') return lookAtRefused(seen, answer, { calls, policy, standing });
  return seen.map((one) =>
    settleFailure(one, { answer, standing }, { policy, size: seen.length, isAct: true }),
  );
}

async function confirm(
  seen: readonly Seen[],
  summary: AnswerSummary,
  { calls, policy }: { calls: Calls; policy: ResignPolicy },
): Promise<IntentSettlement[]> {
  if (!policy.confirm) {
    return seen.map((one) => settleSeen(one, final('succeeded', {}), { policy, summary }));
  }
  const looks = await lookAt(calls, seen.map(afterAct));
  return seen.map((one) => {
    const facts = { ...policy.facts(one.intent), batchSize: seen.length };
    const settlement = judgeConfirmation(one.intent, shownBy(looks, one.intent), facts);
    return settleSeen(one, settlement, { policy, summary, isTrouble: settlement.kind === 'again' });
  });
}

/** A refusal may come after some of its batch were done: those that are so are settled, the others go on. */
async function lookAtRefused(
  seen: readonly Seen[],
  answer: NotDone,
  { calls, policy, standing }: { calls: Calls; policy: ResignPolicy; standing: Standing },
): Promise<IntentSettlement[]> {
  const looks = await lookAt(calls, seen.map(afterAct));
  return seen.map((one) => {
    const look = shownBy(looks, one.intent);
    if (look.kind === 'found' && look.user.status !== resignedStatus) {
      return settleFailure(one, { answer, standing }, { policy, size: seen.length, isAct: true });
    }
    const facts = { ...policy.facts(one.intent), batchSize: seen.length };
    const settlement = judgeConfirmation(one.intent, look, facts);
    return settleSeen(one, settlement, { policy, summary: answer.summary });
  });
}

function shownBy(looks: Looks, { id }: Intent): Look {
  return (looks.kind === 'seen' ? looks.looks.get(id) : undefined) ?? { kind: 'unsure' };
}

/** The intent as the look after the act must see it: by the `user_id` that the look before it showed. */
function afterAct({ intent, user }: Seen): Intent {
  return { ...intent, acted: true, seenUserId: user.userId };
}

function settleFailure(
  one: { intent: Intent; user: FoundUser | null },
  { answer, standing }: { answer: NotDone; standing: Standing },
  { policy, size, isAct }: { policy: ResignPolicy; size: number; isAct: boolean },
): IntentSettlement {
  const facts: VerdictFacts = policy.facts(one.intent);
  const settlement = judgeFailure(one.intent, answer, {
    ...facts,
    ...standing,
    batchSize: size,
    isAct,
  });
  const isTrouble = isAct && answer.kind !== 'refused' && settlement.kind === 'again';
  return settleSeen(one, settlement, { policy, summary: answer.summary, isTrouble });
}

/**
 * Puts a settlement together with the kick that a resign brings: when it succeeds, whoever did it, and already at its
 * first trouble, so that the person is signed out while we go on trying.
 */
function settleSeen(
  { intent, user }: { intent: Intent; user: FoundUser | null },
  settlement: Settlement,
  facts: { policy: ResignPolicy; summary: AnswerSummary | null; isTrouble?: boolean },
): IntentSettlement {
  const { policy, summary, isTrouble = false } = facts;
  const seenUserId = user?.userId ?? intent.seenUserId;
  const succeeded = settlement.kind === 'final' && settlement.status === 'succeeded';
  const wanted = policy.endSessions && (succeeded || (isTrouble && !intent.kickBrought));
  const bringKick = wanted && seenUserId !== null ? kickIdentifiers(seenUserId, intent) : null;
  return { intentId: intent.id, settlement, seenUserId, answer: summary, bringKick };
}

function kickIdentifiers(userId: string, { identifiers }: Intent): Identifier[] {
  return [{ userIdType: 'user_id', userId }, ...identifiers.filter((one) => one.userIdType !== 'user_id')];
}

import type { FoundUser } from '../core/identifier.ts';
import { type AnswerSummary, type Intent, identifierInTurn } from '../core/intent.ts';
import type { IntentSettlement, Settlement } from '../core/settlement.ts';
import type { NotDone } from '../management-api/answer.ts';
import type { Applications } from './applications.ts';
import type { Called, Calls } from './calls.ts';
import type { Standing } from './circuit.ts';
import { final, giveUp, judgeFailure, judgeLook, type LookFacts, lookAgain } from './verdict.ts';

/** The most apps whose sessions are read after a kick. */
const maxAppsChecked = 10;
/** The most apps in one call (GenAuth: 1 to 50 `appIds`). */
const maxAppsPerCall = 50;

export interface KickPolicy {
  readonly confirm: boolean;
  /** Someone is protected, so that every kick is preceded by a look. */
  readonly looksFirst: boolean;
  /** The apps of a kick that names none. */
  readonly applications: Applications;
  facts(intent: Intent): LookFacts;
}

interface Kick {
  readonly intent: Intent;
  readonly calls: Calls;
  readonly policy: KickPolicy;
}

/** Every way in which a step of a kick may end it. */
type Stop = { readonly kind: 'stop'; readonly settlement: IntentSettlement };
type Went<T> = { readonly kind: 'went'; readonly value: T } | Stop;

/**
 * Act, look: carries out one kick. It looks first only after an unclear answer, in a dry run, to protect someone, and
 * when it goes by an identifier that is not the event's first, which may name somebody else.
 */
export async function carryOutKick(
  intent: Intent,
  calls: Calls,
  policy: KickPolicy,
): Promise<IntentSettlement> {
  const kick: Kick = { intent, calls, policy };
  const looked = await lookFirst(kick);
  if (looked.kind === 'stop') return looked.settlement;
  const apps = await findApps(kick);
  if (apps.kind === 'stop') return apps.settlement;
  if (intent.acted && looked.value) {
    const sessions = await readSessions(kick, looked.value.userId, apps.value);
    if (sessions?.isWhole && sessions.active.length === 0) return succeed(kick, true, null);
    const facts = policy.facts(intent);
    const end = giveUp(intent, facts, sessions === null ? null : false);
    if (end) return settled(intent, end, null);
    if (facts.dryRun) return settled(intent, lookAgain(intent, facts), null);
  }
  const kicked = await signOut(kick, apps.value);
  if (kicked.kind === 'stop') return kicked.settlement;
  const { summary, appIds } = kicked.value;
  if (!policy.confirm) return succeed(kick, null, summary);
  return succeed(kick, await isSignedOut(kick, looked.value, appIds), summary);
}

async function lookFirst(kick: Kick): Promise<Went<FoundUser | null>> {
  const { intent, calls, policy } = kick;
  const facts = policy.facts(intent);
  const mayAct = intent.identifierIndex === 0 && !intent.acted && !intent.voided;
  if (mayAct && !facts.dryRun && !policy.looksFirst) return { kind: 'went', value: null };
  const called = await calls.getUser(identifierInTurn(intent));
  if (called.answer.kind !== 'done')
    return fail(kick, called.answer, { standing: called.standing, isAct: false });
  const user = called.answer.data;
  const verdict = judgeLook(intent, user ? { kind: 'found', user } : { kind: 'missing' }, facts);
  if (verdict.kind === 'act') return { kind: 'went', value: verdict.user };
  return { kind: 'stop', settlement: settled(intent, verdict.settlement, null) };
}

async function findApps(kick: Kick): Promise<Went<readonly string[]>> {
  if (kick.intent.appIds.length > 0) return { kind: 'went', value: kick.intent.appIds };
  const called = await kick.policy.applications.current(kick.calls);
  if (called.answer.kind !== 'done')
    return fail(kick, called.answer, { standing: called.standing, isAct: false });
  return { kind: 'went', value: called.answer.data };
}

/** Sends the kick, at most 50 apps a call. An app that is gone is dropped, once, by a fresh list. */
async function signOut(
  kick: Kick,
  wanted: readonly string[],
): Promise<Went<{ summary: AnswerSummary; appIds: readonly string[] }>> {
  let appIds = wanted;
  let called = await kickAll(kick, appIds);
  if (called.answer.kind === 'refused' && called.answer.reason === 'app_not_found') {
    const listed = await kick.policy.applications.refresh(kick.calls);
    if (listed.answer.kind !== 'done')
      return fail(kick, listed.answer, { standing: listed.standing, isAct: false });
    const known = new Set(listed.answer.data);
    const left = appIds.filter((appId) => known.has(appId));
    if (left.length > 0 && left.length < appIds.length) {
      appIds = left;
      called = await kickAll(kick, appIds);
    }
  }
  const { answer, standing } = called;
  if (answer.kind !== 'done') return fail(kick, answer, { standing, isAct: true });
  return { kind: 'went', value: { summary: answer.summary, appIds } };
}

async function kickAll({ intent, calls }: Kick, appIds: readonly string[]): Promise<Called<null>> {
  const identifier = identifierInTurn(intent);
  let called = await calls.kickUsers({ identifier, appIds: appIds.slice(0, maxAppsPerCall) });
  for (
    let next = maxAppsPerCall;
    next < appIds.length && called.answer.kind === 'done';
    next += maxAppsPerCall
  ) {
    called = await calls.kickUsers({ identifier, appIds: appIds.slice(next, next + maxAppsPerCall) });
  }
  return called;
}

/** Whether the sessions are gone, after one more kick where they are not; `null` when that could not be read. */
async function isSignedOut(
  kick: Kick,
  seen: FoundUser | null,
  appIds: readonly string[],
): Promise<boolean | null> {
  const userId = seen?.userId ?? (await findUserId(kick));
  if (userId === null) return null;
  const sessions = await readSessions(kick, userId, appIds);
  if (sessions === null) return null;
  const { active } = sessions;
  if (active.length === 0) return true;
  const again = await kickAll(kick, active);
  if (again.answer.kind !== 'done') return false;
  const still = await readSessions(kick, userId, active);
  return still === null ? null : still.active.length === 0;
}

async function findUserId({ intent, calls }: Kick): Promise<string | null> {
  const identifier = identifierInTurn(intent);
  if (identifier.userIdType === 'user_id') return identifier.userId;
  const { answer } = await calls.getUser(identifier);
  return answer.kind === 'done' ? (answer.data?.userId ?? null) : null;
}

interface Sessions {
  /** Those of the kicked apps in which the user still has a session. */
  readonly active: readonly string[];
  /** Every kicked app that the user ever used was read. */
  readonly isWhole: boolean;
}

/** @returns `null` when an answer is missing */
async function readSessions(
  { calls }: Kick,
  userId: string,
  appIds: readonly string[],
): Promise<Sessions | null> {
  const used = await calls.getLoggedInApps(userId);
  if (used.answer.kind !== 'done') return null;
  const kicked = new Set(appIds);
  const toRead = used.answer.data.filter((one) => kicked.has(one));
  const active: string[] = [];
  for (const appId of toRead.slice(0, maxAppsChecked)) {
    const { answer } = await calls.checkSession({ userId, appId });
    if (answer.kind !== 'done') return null;
    if (answer.data) active.push(appId);
  }
  return { active, isWhole: toRead.length <= maxAppsChecked };
}

function succeed(
  { intent }: Kick,
  confirmed: boolean | null,
  summary: AnswerSummary | null,
): IntentSettlement {
  return settled(intent, final('succeeded', { confirmed }), summary);
}

function fail(
  kick: Kick,
  answer: NotDone,
  { standing, isAct }: { standing: Standing; isAct: boolean },
): Stop {
  const { intent, policy } = kick;
  const facts = { ...policy.facts(intent), ...standing, batchSize: 1, isAct };
  return { kind: 'stop', settlement: settled(intent, judgeFailure(intent, answer, facts), answer.summary) };
}

function settled(intent: Intent, settlement: Settlement, answer: AnswerSummary | null): IntentSettlement {
  return { intentId: intent.id, settlement, seenUserId: null, answer, bringKick: null };
}

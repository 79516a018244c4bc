import type { Intent } from '../../core/intent.ts';
import { identifierInTurn } from '../../core/intent.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { HeldSet } from '../../store/contract.ts';
import type { AskView, HeldView, PersonLine } from './blocks.ts';
import type { AskNote } from './notes.ts';

/** An intent with the outcomes that have their place already. */
export interface FoundIntent {
  readonly intent: Intent;
  readonly outcomes: readonly Outcome[];
}

/** How it stands with an intent, for people. */
function describeState({ intent, outcomes }: FoundIntent): string {
  const { status, failure, action } = intent;
  switch (status) {
    case 'held':
      return describeHold(intent);
    case 'scheduled':
      return 'Taken: it is done on its date.';
    case 'pending':
      return intent.attempts > 0 ? 'Taken: it is tried again until it works.' : 'Taken: being done now.';
    case 'succeeded':
      return describeSuccess(action, confirmedOf(outcomes));
    case 'simulated':
      return 'Dry run: nothing was done.';
    case 'failed':
      return `Failed: ${failure?.message ?? 'for an unknown reason'}.`;
    case 'canceled':
      return describeCancel(intent);
  }
}

function describeHold({ failure }: Intent): string {
  if (failure?.code === 'needs_confirmation') return 'Waits for your confirmation.';
  if (failure?.code === 'needs_approval') return 'Taken: waits until somebody else approves it.';
  return `Held until a person releases it: ${failure?.message ?? ''}.`;
}

function describeCancel({ failure, decisions }: Intent): string {
  const by = decisions.at(-1);
  if (failure?.code === 'expired') return `Nothing was done: ${failure.message}.`;
  if (failure?.code === 'canceled_by_operator' && by)
    return `Nothing was done: canceled by ${nameOf(by.by)}.`;
  return `Nothing was done: ${failure?.message ?? 'canceled'}.`;
}

function describeSuccess(action: Intent['action'], confirmed: boolean | null): string {
  const done = action === 'kick' ? 'Done: signed out.' : 'Done: resigned.';
  if (confirmed === true) return `${done} GenAuth confirms it.`;
  if (confirmed === false)
    return `${done} But a look afterwards did not show it; look at the user in GenAuth.`;
  return done;
}

function confirmedOf(outcomes: readonly Outcome[]): boolean | null {
  const data = outcomes.at(-1)?.data;
  return data && 'confirmed' in data ? data.confirmed : null;
}

function nameOf(actor: string): string {
  return actor.replace(/^slack:/, 'Slack user ').replace(/^api:/, '');
}

function firstIdentifier(intent: Intent): string {
  const { userIdType, userId } = identifierInTurn({ ...intent, identifierIndex: 0 });
  return `${userIdType} ${userId}`;
}

/** What the message of a command shows now. */
export function askView(facts: {
  readonly key: string;
  readonly note: AskNote;
  readonly found: readonly FoundIntent[];
  readonly isDryRun: boolean;
}): AskView {
  const { key, note, found, isDryRun } = facts;
  const waits = found.some(({ intent }) => isUnconfirmed(intent));
  const people = found.map((one): PersonLine => {
    const person = note.people[note.intents.indexOf(one.intent.id)];
    return {
      name: person?.name ?? null,
      userStatus: person?.status ?? null,
      identifier: firstIdentifier(one.intent),
      state: isUnconfirmed(one.intent) ? null : describeState(one),
    };
  });
  const first = found[0]?.intent;
  return {
    action: note.command,
    people,
    appIds: first?.appIds ?? [],
    effectiveAt: first?.effectiveAt ?? null,
    reason: first?.reason ?? null,
    dryRun: isDryRun,
    key: waits ? key : null,
  };
}

/** Whether an intent still waits for whoever asked. */
export function isUnconfirmed({ status, failure }: Intent): boolean {
  return status === 'held' && failure?.code === 'needs_confirmation';
}

/** What the announcement of a set shows now. */
export function heldView(facts: {
  readonly key: string;
  readonly set: HeldSet;
  /** Some of its intents. */
  readonly found: readonly FoundIntent[];
  /** By the ids of intents. */
  readonly names: ReadonlyMap<string, string>;
}): HeldView {
  const { key, set, found, names } = facts;
  const first = found[0]?.intent;
  const waits = set.waiting > 0 && set.decision === null;
  return {
    action: set.action,
    source: set.source,
    setId: set.id,
    count: waits ? set.waiting : set.size,
    why: reasons[set.code] ?? first?.failure?.message ?? set.code,
    since: askedAnewSince(first),
    needsApproval: set.code === 'needs_approval',
    people: found.map(({ intent, outcomes }) => ({
      name: names.get(intent.id) ?? null,
      userStatus: null,
      identifier: firstIdentifier(intent),
      state: waits && intent.status === 'held' ? null : describeState({ intent, outcomes }),
    })),
    askedBy: set.actor,
    decided: set.decision,
    reason: set.actor === null ? null : (first?.reason ?? null),
    effectiveAt: first?.effectiveAt ?? null,
    key: waits ? key : null,
  };
}

/** Since when it has been held, where it is asked about anew. */
function askedAnewSince(intent: Intent | undefined): string | null {
  return /^held since (\S+): /.exec(intent?.failure?.message ?? '')?.[1] ?? null;
}

/** Said the same before and after somebody decided, so that the message keeps its sense. */
const reasons: Readonly<Record<string, string>> = {
  needs_approval: 'a resign asked for by a person needs the approval of another',
  safeguard: 'it is more than leavers.safeguard lets through in its window; look whether it is meant',
  protected: 'this is one of leavers.protected',
  stale: 'the event is older than leavers.maxEventAge',
  identity_conflict: 'GenAuth shows another identifier than the event does; look which person is meant',
};

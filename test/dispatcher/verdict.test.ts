import { describe, expect, it } from '@jest/globals';
import type { FoundUser, Identifier } from '../../src/core/identifier.ts';
import type { AnswerSummary, Intent } from '../../src/core/intent.ts';
import type { Settlement } from '../../src/core/settlement.ts';
import {
  type FailureFacts,
  final,
  giveUp,
  judgeConfirmation,
  judgeFailure,
  judgeLook,
  type Look,
  type LookFacts,
} from '../../src/dispatcher/verdict.ts';
import type { NotDone } from '../../src/management-api/answer.ts';

const now = 1_000_000_000;
const second = 1_000;
const hour = 3_600_000;
const [idA, idB] = ['a'.repeat(24), 'b'.repeat(24)];
const email: Identifier = { userIdType: 'email', userId: 'ada@example.com' };
const externalId: Identifier = { userIdType: 'external_id', userId: '1001' };

const user: FoundUser = {
  userId: idA,
  status: 'Activated',
  name: null,
  externalId: '1001',
  email: 'ada@example.com',
  phone: null,
  phoneCountryCode: null,
  username: null,
  identities: null,
};
const resigned: FoundUser = { ...user, status: 'Resigned' };
const other: FoundUser = { ...user, userId: idB, email: 'bob@example.com' };

const intent: Intent = {
  id: 'i-1',
  source: 'hr',
  eventId: 'e-1',
  person: 'p',
  action: 'resign',
  identifiers: [email, externalId],
  subject: null,
  appIds: [],
  reason: null,
  requestedBy: null,
  actor: null,
  occurredAt: null,
  effectiveAt: null,
  retryOf: null,
  broughtBy: null,
  traceparent: null,
  receivedAt: now - hour,
  status: 'pending',
  dueAt: now,
  settledAt: null,
  identifierIndex: 0,
  cap: 50,
  attempts: 0,
  acted: false,
  seenUserId: null,
  kickBrought: false,
  waived: [],
  decisions: [],
  voided: null,
  failure: null,
  answer: null,
};
const withdrawn = { code: 'withdrawn', message: 'withdrawn by event e-2' } as const;
const saidDone: AnswerSummary = { statusCode: 200, apiCode: null, requestId: null, message: null };

const facts: LookFacts = {
  now,
  backoff: { minDelayMs: second, maxDelayMs: 60 * second },
  giveUpAfterMs: 72 * hour,
  random: 0.5,
  dryRun: false,
  isProtected: () => false,
};
const old = { receivedAt: now - 73 * hour };
/** Tried alone, and often enough to be given up when it is old. */
const spent = { cap: 1, attempts: 3, acted: true, ...old };
const dryRun = { dryRun: true };
const protect = { isProtected: () => true };

const again = (change: Partial<Settlement & { kind: 'again' }> = {}): Settlement => ({
  kind: 'again',
  dueAt: now,
  cap: 50,
  identifierIndex: 0,
  attempts: 0,
  acted: false,
  ...change,
});
const hold = (code: string) => ({ kind: 'hold', failure: { code } });
const failed = (code: string, confirmed: boolean | null = null) => ({
  ...final('failed', { confirmed }),
  failure: { code },
});
const simulated = (code?: string) => ({
  ...final('simulated', { dryRun: true }),
  ...(code === undefined ? {} : { failure: { code } }),
});
const succeeded = final('succeeded', { confirmed: true });

const found = (shown: FoundUser): Look => ({ kind: 'found', user: shown });
const missing: Look = { kind: 'missing' };
const unsure: Look = { kind: 'unsure' };

type Row<T> = [
  when: string,
  intent: Partial<Intent>,
  shown: T,
  facts: Partial<LookFacts>,
  becomes: object | 'act',
];

describe('a look before the act', () => {
  it.each<Row<Look>>(
    // biome-ignore format: one row, one line
    [
      ['shows the user', {}, found(user), {}, 'act'],
      ['shows a user that is Resigned', {}, found(resigned), {}, succeeded],
      ['shows a user that is Resigned, in a dry run', {}, found(resigned), dryRun, { ...succeeded, status: 'simulated', dryRun: true }],
      ['shows a user that is Resigned, to a kick', { action: 'kick' }, found(resigned), {}, 'act'],
      ['shows the user, in a dry run', {}, found(user), dryRun, simulated()],
      ['shows a user with another email', {}, found(other), {}, hold('identity_conflict')],
      ['shows a user with another email who is Resigned', {}, found({ ...other, status: 'Resigned' }), {}, hold('identity_conflict')],
      ['shows a user with another email, in a dry run', {}, found(other), dryRun, simulated('identity_conflict')],
      ['shows a user with another email, which a person waived', { waived: ['identity_conflict'] }, found(other), {}, 'act'],
      ['shows another user than before', { identifiers: [email], seenUserId: idB }, found(user), {}, hold('identity_conflict')],
      ['shows a protected user', {}, found(user), protect, hold('protected')],
      ['shows a protected user, in a dry run', {}, found(user), { ...protect, ...dryRun }, simulated('protected')],
      ['shows a protected user, which a person waived', { waived: ['protected'] }, found(user), protect, 'act'],
      ['shows a protected user that is Resigned', {}, found(resigned), protect, succeeded],
      ['shows the user of a withdrawn intent', { voided: withdrawn }, found(user), {}, again()],
      ['shows that a withdrawn intent is done', { voided: withdrawn, acted: true }, found(resigned), {}, succeeded],
      ['shows no user', {}, missing, {}, again({ identifierIndex: 1 })],
      ['shows no user, and the batch was small', { cap: 1 }, missing, {}, again({ identifierIndex: 1, cap: 50 })],
      ['shows no user by the last identifier', { identifierIndex: 1 }, missing, {}, failed('user_not_found')],
      ['shows no user by the last identifier, in a dry run', { identifierIndex: 1 }, missing, dryRun, simulated('user_not_found')],
      ['of a batch does not tell', {}, unsure, {}, again({ cap: 1 })],
    ],
  )('%s', (_when, change, look, more, becomes) => {
    const verdict = judgeLook({ ...intent, ...change }, look, { ...facts, ...more });
    expect(verdict.kind === 'act' ? 'act' : verdict.settlement).toEqual(
      becomes === 'act' ? 'act' : expect.objectContaining(loosely(becomes)),
    );
  });
});

describe('a look after an unclear act', () => {
  const acted = { acted: true, attempts: 1, seenUserId: idA };
  it.each<Row<Look>>(
    // biome-ignore format: one row, one line
    [
      ['shows that it was done', acted, found(resigned), {}, succeeded],
      ['shows that it was done, and identifiers went with it', acted, found({ ...resigned, email: 'gone-1@example.com' }), {}, succeeded],
      ['shows that it was not done', acted, found(user), {}, 'act'],
      ['shows that it was done, in a dry run that began since', acted, found(resigned), dryRun, succeeded],
      ['shows that it was not done, in a dry run: no act', acted, found(user), dryRun, again({ acted: true, attempts: 2, cap: 1, dueAt: now + second })],
      ['shows that it was not done, in a dry run, often, alone and for long', spent, found(user), dryRun, failed('gave_up', false)],
      ['shows that it was not done, in a dry run, and is withdrawn', { ...acted, voided: withdrawn }, found(user), dryRun, again({ acted: false, attempts: 1 })],
      ['shows a protected user, in a dry run', acted, found(user), { ...protect, ...dryRun }, hold('protected')],
      ['shows nobody to a kick by its last identifier, in a dry run', { ...acted, action: 'kick', identifierIndex: 1 }, missing, dryRun, failed('user_not_found')],
      ['shows nobody: not the next identifier', acted, missing, {}, again({ acted: true, attempts: 2, cap: 1, dueAt: now + second })],
      ['shows nobody to a kick, which cannot be why', { ...acted, action: 'kick', seenUserId: null }, missing, {}, again({ acted: true, attempts: 1, identifierIndex: 1 })],
      ['does not tell', acted, unsure, {}, again({ acted: true, attempts: 1, cap: 1 })],
      ['shows that it was not done, often, alone and for long', spent, found(user), {}, failed('gave_up', false)],
      ['shows nobody, often, alone and for long', spent, missing, {}, failed('gave_up', false)],
      ['shows that it was not done, though GenAuth said so', { ...spent, answer: saidDone }, found(user), {}, failed('not_confirmed', false)],
      ['shows that it was not done, for long, but never alone', { ...spent, cap: 2 }, found(user), {}, 'act'],
      ['shows that it was not done, for long, but not often', { ...spent, attempts: 2 }, found(user), {}, 'act'],
      ['shows that it was not done, often, but not for long', { ...spent, receivedAt: now }, found(user), {}, 'act'],
      ['shows that it was not done, for long, but it was due only now', { ...spent, effectiveAt: now }, found(user), {}, 'act'],
      ['shows the user of a kick, which is for its sessions to say', { ...spent, action: 'kick' }, found(user), {}, 'act'],
    ],
  )('%s', (_when, change, look, more, becomes) => {
    const verdict = judgeLook({ ...intent, ...change }, look, { ...facts, ...more });
    expect(verdict.kind === 'act' ? 'act' : verdict.settlement).toEqual(
      becomes === 'act' ? 'act' : expect.objectContaining(loosely(becomes)),
    );
  });

  it('counts the age from the last decision of a person', () => {
    const decided = { by: 'api:ada', at: now, verdict: 'approved', reason: null } as const;
    expect(giveUp({ ...intent, ...spent }, facts, null)).not.toBeNull();
    expect(giveUp({ ...intent, ...spent, decisions: [decided] }, facts, null)).toBeNull();
  });
});

describe('the confirmation', () => {
  it.each<[string, Partial<Intent>, Look, number, Settlement]>(
    // biome-ignore format: one row, one line
    [
      ['shows Resigned', {}, found(resigned), 50, succeeded],
      ['does not show Resigned', {}, found(user), 50, again({ acted: true, attempts: 1, dueAt: now + second })],
      ['shows nobody', {}, missing, 1, again({ acted: true, attempts: 1, dueAt: now + second })],
      ['does not tell', {}, unsure, 50, again({ acted: true, attempts: 0, dueAt: now + second })],
      ['does not show Resigned again', { attempts: 3, acted: true }, found(user), 49, again({ acted: true, attempts: 4, cap: 25, dueAt: now + 4 * second })],
      ['does not tell, however old it is', spent, unsure, 1, again({ acted: true, attempts: 3, cap: 1, dueAt: now + 2 * second })],
    ],
  )('%s', (_when, change, look, batchSize, becomes) => {
    expect(judgeConfirmation({ ...intent, ...change }, look, { ...facts, batchSize })).toEqual(becomes);
  });
});

describe('an answer', () => {
  const summary: AnswerSummary = { statusCode: 422, apiCode: null, requestId: null, message: null };
  const refused = (
    reason: 'user_not_found' | 'app_not_found' | 'other',
    apiCode: number | null = null,
  ): NotDone => ({
    kind: 'refused',
    reason,
    summary: { ...summary, apiCode },
  });
  const unknown: NotDone = { kind: 'unknown', sent: true, summary };
  const unsent: NotDone = { kind: 'unknown', sent: false, summary };
  const denied: NotDone = { kind: 'denied', mayBeDone: false, summary };
  const elsewhere: NotDone = { ...denied, mayBeDone: true };
  const forbidden: NotDone = { kind: 'forbidden', summary };
  const busy = (retryAfterMs: number | null): NotDone => ({ kind: 'busy', retryAfterMs, summary });

  const look = { isAct: false };
  const alone = { batchSize: 1 };
  const down = { endpointWorks: false };
  const soon = { dueAt: now + second };
  const base: FailureFacts = {
    ...facts,
    batchSize: 50,
    isAct: true,
    endpointWorks: true,
    forbidden: 'retry',
    refusesEveryone: false,
  };

  it.each<[string, NotDone, Partial<Intent>, Partial<FailureFacts>, object]>(
    // biome-ignore format: one row, one line
    [
      ['refused, in a batch: the cap halves, at once, nothing counted', refused('other'), {}, {}, again({ cap: 25 })],
      ['refused, in what was left of a batch', refused('other'), { cap: 25 }, { batchSize: 13 }, again({ cap: 7 })],
      ['refused, in a batch that was unclear before: it was not done', refused('other'), { acted: true }, {}, again({ cap: 25 })],
      ['refused, to a look after an unclear act: still open', refused('other'), { acted: true }, look, again({ cap: 25, acted: true })],
      ['refused alone', refused('other'), {}, alone, failed('refused')],
      ['refused alone, not for long, as everyone is', refused('other'), {}, { ...alone, refusesEveryone: true }, again(soon)],
      ['refused alone, for long, as everyone is', refused('other'), old, { ...alone, refusesEveryone: true }, failed('refused')],
      ['refused alone, for an app', refused('app_not_found', 2011), {}, alone, failed('refused')],
      ['not found alone: the next identifier', refused('user_not_found', 2004), {}, alone, again({ identifierIndex: 1 })],
      ['not found alone, as everyone is', refused('user_not_found'), {}, { ...alone, refusesEveryone: true }, again({ identifierIndex: 1 })],
      ['not found alone by the last identifier', refused('user_not_found'), { identifierIndex: 1 }, alone, failed('user_not_found')],
      ['not found alone after an unclear act: not the next identifier', refused('user_not_found', 2004), { acted: true }, alone, failed('user_not_found')],
      ['forbidden, in a batch: tried alone first', forbidden, {}, {}, again({ cap: 1 })],
      ['forbidden alone, for the first time', forbidden, {}, alone, again(soon)],
      ['forbidden alone, as others are', forbidden, {}, { ...alone, forbidden: 'denied' }, again(soon)],
      ['forbidden alone, as others are not', forbidden, {}, { ...alone, forbidden: 'person' }, failed('denied')],
      ['denied: all back, nothing counted', denied, { acted: true, attempts: 2, cap: 7 }, {}, again({ acted: true, attempts: 2, cap: 7, ...soon })],
      ['denied, for long', denied, spent, alone, again({ acted: true, attempts: 3, cap: 1, ...soon })],
      ['denied by something else, to an act: it may be done', elsewhere, { attempts: 2, cap: 7 }, {}, again({ acted: true, attempts: 2, cap: 7, ...soon })],
      ['denied by something else, to a look', elsewhere, {}, look, again(soon)],
      ['busy', busy(null), {}, {}, again(soon)],
      ['busy, for a time', busy(30 * second), {}, {}, again({ dueAt: now + 30 * second })],
      ['busy, for next to no time', busy(1), {}, {}, again(soon)],
      ['busy, for years', busy(1e12), {}, {}, again({ dueAt: now + hour })],
      ['unknown, to an act: it may be done', unknown, {}, {}, again({ acted: true, attempts: 1, ...soon })],
      ['unknown, to an act that never left', unsent, {}, {}, again({ acted: false, attempts: 1, ...soon })],
      ['unknown, to a look', unknown, {}, look, again({ attempts: 1, ...soon })],
      ['unknown, in an outage: nothing counted', unknown, {}, down, again({ acted: true, ...soon })],
      ['unknown a second time: the cap halves', unknown, { acted: true, attempts: 1 }, {}, again({ acted: true, attempts: 2, cap: 25, dueAt: now + second })],
      ['unknown a second time, to a look', unknown, { attempts: 1 }, look, again({ attempts: 2, cap: 25, dueAt: now + second })],
      ['unknown a second time, to a batch in an outage', unknown, { acted: true }, down, again({ acted: true, cap: 25, ...soon })],
      ['unknown a second time, to a look in an outage', unknown, { acted: true }, { ...look, ...down }, again({ acted: true, ...soon })],
      ['unknown a second time, to a probe', unknown, { acted: true }, { ...alone, ...down }, again({ acted: true, ...soon })],
      ['unknown, and backing off', unknown, { attempts: 4, acted: true, cap: 1 }, alone, again({ acted: true, attempts: 5, cap: 1, dueAt: now + 8 * second })],
      ['unknown, and backing off no further', unknown, { attempts: 40, acted: true, cap: 1 }, alone, again({ acted: true, attempts: 41, cap: 1, dueAt: now + 30 * second })],
      ['unknown to an act, often, alone and for long: a look decides', unknown, spent, alone, again({ acted: true, attempts: 4, cap: 1, dueAt: now + 4 * second })],
      ['unknown to a look, often, alone and for long', unknown, spent, { ...alone, ...look }, failed('gave_up')],
      ['unknown to a look, often, alone and for long, in an outage', unknown, spent, { ...alone, ...look, ...down }, again({ acted: true, attempts: 3, cap: 1, dueAt: now + 2 * second })],
    ],
  )('%s', (_when, answer, change, more, becomes) => {
    expect(judgeFailure({ ...intent, ...change }, answer, { ...base, ...more })).toEqual(
      expect.objectContaining(loosely(becomes)),
    );
  });

  it('that refuses alone is told with its code, and otherwise with its status', () => {
    const say = (answer: NotDone) => judgeFailure(intent, answer, { ...base, ...alone });
    expect(say(refused('other', 2005))).toMatchObject({
      failure: { message: expect.stringContaining('2005') },
    });
    expect(say(refused('other'))).toMatchObject({
      failure: { message: expect.stringContaining('status 422') },
    });
  });
});

/** Compares a failure by its code only; its message is for people. */
function loosely(expected: object): object {
  if (!('failure' in expected) || expected.failure === null) return expected;
  return { ...expected, failure: expect.objectContaining(expected.failure as object) };
}

import fc from 'fast-check';
import type { Identifier } from '../../../src/core/identifier.ts';
import type { Action } from '../../../src/core/intent.ts';
import { email, type Told } from '../fixtures.ts';

export const minute = 60_000;
export const day = 1_440 * minute;

export interface Person {
  readonly email: Identifier;
  readonly number: Identifier;
  readonly subject: string;
}

const personOf = (n: number): Person => ({
  email: email(`p${n}@example.com`),
  number: { userIdType: 'external_id', userId: String(n) },
  subject: `s${n}`,
});
/** Few, so that they meet often. */
export const people = [1, 2, 3, 4].map(personOf);

const person = fc.constantFrom(...people);

/** What a sender tells of somebody; times are relative to when it is told. */
export interface Telling {
  readonly event: number;
  readonly action: Action;
  readonly person: Person;
  readonly namedBy: 'email' | 'number' | 'all';
  readonly source: string;
  readonly aheadMs: number;
  readonly ageMs: number | null;
  readonly actor: string | null;
  readonly isLookedUp: boolean;
  /** Without an event id, it goes by its bytes. */
  readonly isDigest: boolean;
  /** How much of it cannot be read. */
  readonly unread: 'nothing' | 'a part' | 'all';
}

export type Step =
  | { readonly kind: 'tell'; readonly tellings: readonly Telling[] }
  | { readonly kind: 'claim'; readonly limit: number; readonly isGuarded: boolean }
  | { readonly kind: 'begin'; readonly which: number }
  | { readonly kind: 'settle'; readonly which: number; readonly how: number; readonly bringsKick: boolean }
  | { readonly kind: 'decide'; readonly which: number; readonly isRelease: boolean }
  | { readonly kind: 'decide set'; readonly which: number; readonly waiting: number | null }
  | { readonly kind: 'pause'; readonly scope: string; readonly isOn: boolean }
  | { readonly kind: 'tend' }
  | { readonly kind: 'sequence'; readonly limit: number }
  | { readonly kind: 'publish'; readonly limit: number; readonly settles: boolean }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'prune' }
  | { readonly kind: 'erase'; readonly person: Person }
  | { readonly kind: 'reopen' };

type StepOf<Kind extends Step['kind']> = Extract<Step, { readonly kind: Kind }>;

function stepOf<Kind extends Step['kind']>(
  kind: Kind,
  weight: number,
  fields: { readonly [Name in keyof Omit<StepOf<Kind>, 'kind'>]: fc.Arbitrary<StepOf<Kind>[Name]> },
): { weight: number; arbitrary: fc.Arbitrary<Step> } {
  const drawn = fc.record(fields as Readonly<Record<string, fc.Arbitrary<unknown>>>);
  return { weight, arbitrary: drawn.map((some) => ({ ...some, kind }) as unknown as Step) };
}

const telling: fc.Arbitrary<Telling> = fc.record({
  event: fc.nat(12),
  action: fc.constantFrom('resign', 'resign', 'kick', 'withdraw'),
  person,
  namedBy: fc.constantFrom('email', 'number', 'all'),
  source: fc.constantFrom('hr', 'hr', 'payroll'),
  aheadMs: fc.constantFrom(0, 0, 0, 30 * minute, day, 400 * day),
  ageMs: fc.constantFrom(null, 0, 0, minute, 60 * minute, 8 * day),
  actor: fc.constantFrom(null, null, null, 'api:ada'),
  isLookedUp: fc.constantFrom(false, false, true),
  isDigest: fc.boolean(),
  unread: fc.constantFrom('nothing', 'nothing', 'nothing', 'nothing', 'a part', 'all'),
});

const which = fc.nat(20);

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    stepOf('tell', 8, { tellings: fc.array(telling, { minLength: 1, maxLength: 6 }) }),
    stepOf('claim', 5, { limit: fc.constantFrom(1, 2, 50), isGuarded: fc.boolean() }),
    stepOf('begin', 2, { which }),
    stepOf('settle', 4, { which, how: which, bringsKick: fc.boolean() }),
    stepOf('decide', 3, { which, isRelease: fc.boolean() }),
    stepOf('decide set', 1, { which, waiting: fc.constantFrom(null, 1, 2) }),
    stepOf('pause', 1, { scope: fc.constantFrom('all', 'kick', 'hr'), isOn: fc.boolean() }),
    stepOf('tend', 2, {}),
    stepOf('sequence', 2, { limit: fc.constantFrom(1, 100) }),
    stepOf('publish', 2, { limit: fc.constantFrom(1, 5), settles: fc.boolean() }),
    // No less than PostgreSQL leaves room for between the clocks of processes.
    stepOf('pass', 2, { ms: fc.constantFrom(1_000, 30 * minute, day) }),
    stepOf('prune', 1, {}),
    stepOf('erase', 1, { person }),
    stepOf('reopen', 1, {}),
  ),
  { minLength: 5, maxLength: 40 },
);

/** What the handler makes of it. */
export function toldOf(told: Telling, now: number): Told {
  const { action, source, namedBy, aheadMs, ageMs, actor } = told;
  const { email, number, subject } = told.person;
  const names = { email: [email], number: [number], all: [email, number] };
  const common = {
    action,
    source,
    identifiers: names[namedBy],
    at: now,
    ...(namedBy === 'all' ? { subject } : {}),
  };
  // The same bytes say the same.
  if (told.isDigest)
    return { ...common, eventId: `digest-${action}-${subject}-${namedBy}`, retrySpanMs: 60 * minute };
  return {
    ...common,
    eventId: `event-${told.event}`,
    actor,
    ...(told.isLookedUp ? { reference: subject } : {}),
    ...(aheadMs > 0 ? { effectiveAt: now + aheadMs } : {}),
    ...(ageMs === null ? {} : { occurredAt: now - ageMs }),
  };
}

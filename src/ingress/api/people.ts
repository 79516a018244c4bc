import { z } from 'zod';
import { personKey, tidyIdentifier, userIdTypes } from '../../core/identifier.ts';
import type { Store } from '../../store/contract.ts';
import { HttpProblem } from '../problem.ts';
import { defineRoute, nothing, type Route } from './route.ts';

/** Somebody as a request names them. */
export interface NamedPerson {
  /** The key by which intents are found; an identifier stands for everybody whose intents have it. */
  readonly person: string;
  /** The identifier's value; `null` when the key itself was given, which has no colon. */
  readonly userId: string | null;
}

export function readPerson(given: string): NamedPerson {
  const [, type, value] = /^([a-z_]+):(.+)$/.exec(given) ?? [];
  const userIdType = userIdTypes.find((one) => one === type);
  if (!userIdType || !value) return { person: given, userId: null };
  const identifier = tidyIdentifier({ userIdType, userId: value });
  return { person: personKey(identifier), userId: identifier.userId };
}

export interface PeopleRoutesOptions {
  readonly store: Pick<Store, 'erase'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const count = z.int().nonnegative();
const erasureReply = z
  .strictObject({
    intents: count,
    outcomes: count,
    deadLetters: count.describe('resolved ones in which the person was named'),
    unsealed: count.describe('outcomes of a release before seals, which stay until they are pruned'),
    openDeadLetters: z
      .array(z.string())
      .describe('that seem to name the person, and that nobody has read yet'),
  })
  .meta({ id: 'Erasure' });

/** Erasing a person. That it was done is recorded, and by whom; not of whom. */
export function peopleRoutes({ store, now }: PeopleRoutesOptions): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/people/:person/erase',
      role: 'approver',
      summary:
        'Erase what is personal of what is settled about a person: the key, or `<userIdType>:<userId>`',
      body: nothing,
      status: 200,
      reply: erasureReply,
      problems: [409],
      async answer({ request, principal: { actor } }) {
        const named = readPerson(String(request.params.person));
        const erased = await store.erase({ ...named, by: actor, at: now() });
        if (erased.kind === 'open') {
          const detail = `something about this person is still open: ${erased.intents.join(', ')}`;
          throw new HttpProblem(409, { detail });
        }
        const { kind: _, openDeadLetters, ...counts } = erased;
        return { status: 200, body: { ...counts, openDeadLetters: [...openDeadLetters] } };
      },
    }),
  ];
}

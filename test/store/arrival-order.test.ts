import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { acceptanceOf, email, start } from './fixtures.ts';

const minute = 60_000;
const hour = 60 * minute;

/** What a sender says of one person, by and by: leaves on that day, or stays after all. */
interface Said {
  readonly action: 'resign' | 'withdraw';
  readonly inHours: number;
  readonly namedBy: 'email' | 'both' | 'number';
}

const number = { userIdType: 'external_id', userId: '1001' } as const;
const names = {
  email: [email('ada@example.com')],
  both: [email('ada@example.com'), number],
  number: [number],
};

const course: fc.Arbitrary<Said[]> = fc.array(
  fc.record({
    action: fc.constantFrom('resign', 'resign', 'withdraw'),
    inHours: fc.integer({ min: 12, max: 30 }),
    namedBy: fc.constantFrom('email', 'both', 'number'),
  }),
  { minLength: 1, maxLength: 6 },
);

let folder: string;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** The days that are left when what was said arrives in that order; `arrivals` are places in the course. */
async function daysLeft(said: readonly Said[], arrivals: readonly number[]): Promise<(number | null)[]> {
  files += 1;
  const store = openSqliteStore({ path: join(folder, `${files}.db`) });
  for (const [place, index] of arrivals.entries()) {
    const one = said[index];
    if (!one) continue;
    const { action, namedBy, inHours } = one;
    const told = { action, subject: 'ada', identifiers: names[namedBy], eventId: `event-${index}` };
    const times = { occurredAt: start + index * minute, at: start + hour + place };
    const date = action === 'resign' ? { effectiveAt: start + inHours * hour } : {};
    await store.accept(acceptanceOf({ ...told, ...times, ...date }));
  }
  const query = { cursor: null, limit: 100, person: null, source: null };
  const { items } = await store.listIntents({ ...query, statuses: ['pending', 'scheduled', 'held'] });
  await store.close();
  return items.map(({ dueAt }) => dueAt);
}

it('what was said last about a person holds, in whatever order and however often it arrives', async () => {
  const arriving = course.chain((said) => {
    const places = said.map((_, place) => place);
    const again = fc.subarray(places);
    const order = again.chain((more) =>
      fc.shuffledSubarray([...places, ...more], { minLength: said.length + more.length }),
    );
    return order.map((arrivals) => ({ said, arrivals }));
  });
  await fc.assert(
    fc.asyncProperty(arriving, async ({ said, arrivals }) => {
      const last = said.at(-1);
      const expected = last?.action === 'resign' ? [start + last.inHours * hour] : [];
      expect(await daysLeft(said, arrivals)).toEqual(expected);
    }),
    { numRuns: 100, seed: 1, verbose: 1 },
  );
}, 60_000);

import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { as, deliveryOf, type House, inHouse } from '../house.ts';

/** A resign that is held, because its event is eight days old. */
async function hold({ receiver, clock }: House): Promise<string> {
  const people = [{ action: 'resign', email: 'ada@example.com', occurredAt: clock.now - 8 * 86_400_000 }];
  const taken = await receiver.receive('hr', deliveryOf({ people }));
  if (taken.kind !== 'receipt' || taken.receipt.kind !== 'accepted') throw new Error(taken.kind);
  return String(taken.receipt.intents[0]);
}

const erase = ({ url }: House, person: string) =>
  request(url)
    .post(`/v1/people/${encodeURIComponent(person)}/erase`)
    .set(as('anna'));

describe('erasing a person', () => {
  it(
    'waits until everything about them is settled',
    inHouse(async (house) => {
      const id = await hold(house);
      const refused = await erase(house, 'email:ada@example.com');
      expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining(id)]);
      await request(house.url).post(`/v1/intents/${id}/cancel`).set(as('olaf')).send({ reason: 'Ada stays' });
      const { status, body } = await erase(house, 'email:ADA@example.com');
      expect([status, body]).toEqual([200, expect.objectContaining({ intents: 1, outcomes: 2 })]);
      const shown = await request(house.url).get(`/v1/intents/${id}`).set(as('vera'));
      expect(shown.body).toMatchObject({ userId: 'erased', decisions: [{ by: 'api:olaf', reason: null }] });
    }),
  );

  it(
    'is recorded without saying who it was, and nobody can be asked for again by what is left',
    inHouse(async (house) => {
      const id = await hold(house);
      await request(house.url).post(`/v1/intents/${id}/cancel`).set(as('olaf'));
      const { body } = await request(house.url).get(`/v1/intents/${id}`).set(as('vera'));
      expect((await erase(house, body.person)).status).toBe(200);
      const last = (await house.outcomes()).at(-1);
      const data = { actor: 'api:anna', verdict: 'erased', reference: null };
      expect(last).toMatchObject({ type: 'operator.decided', data });
      expect(JSON.stringify(await house.outcomes())).not.toMatch(new RegExp(`ada@|${body.person}`));
      const retried = await request(house.url).post(`/v1/intents/${id}/retry`).set(as('olaf'));
      expect([retried.status, retried.body.detail]).toEqual([409, 'its person was erased']);
    }),
  );
});

import { describe, expect, it } from '@jest/globals';
import { type Handler, MalformedDelivery } from '../../src/core/handler.ts';
import { deliveryOf, inHouse, leaver, sourceOf, toyHandler } from './house.ts';

describe('replay', () => {
  /** A handler that has been taught what it could not read before. */
  const lessons = { learned: false };
  const learner: Handler = {
    ...toyHandler,
    normalize(delivery, settings) {
      if (!lessons.learned) throw new MalformedDelivery('this shape is new');
      return toyHandler.normalize(delivery, settings);
    },
  };

  it(
    'reads a dead letter again under its own event id, once',
    inHouse(
      async ({ receiver, store }) => {
        lessons.learned = false;
        const delivery = deliveryOf({ id: 'e1', people: [leaver()] });
        const reception = await receiver.receive('hr', delivery);
        if (reception.kind !== 'receipt' || reception.receipt.kind !== 'dead-letter')
          throw new Error(JSON.stringify(reception));
        const { id } = reception.receipt;
        expect(await receiver.replay(id, 'api:anna')).toMatchObject({ receipt: { kind: 'dead-letter', id } });
        lessons.learned = true;
        expect(await receiver.replay(id, 'api:anna')).toMatchObject({ receipt: { kind: 'accepted' } });
        expect(await store.findDeadLetter(id)).toMatchObject({ status: 'resolved' });
        expect(await receiver.receive('hr', delivery)).toMatchObject({ receipt: { kind: 'duplicate' } });
        const query = { statuses: null, person: null, source: null, cursor: null, limit: 9 };
        expect((await store.listIntents(query)).items).toMatchObject([{ actor: null, eventId: 'e1' }]);
      },
      { sources: [sourceOf({ handler: learner })] },
    ),
  );

  it(
    'does not take in again the people of that delivery who could be read, however late it is',
    inHouse(async ({ receiver, store, clock }) => {
      await receiver.receive('hr', deliveryOf({ people: [leaver(), { nobody: true }] }));
      clock.now += 86_400_000;
      const [letter] = (await store.listDeadLetters({ cursor: null, limit: 1 })).items;
      const again = await receiver.replay(letter?.id ?? '', 'api:anna');
      expect(again).toMatchObject({ receipt: { kind: 'duplicate', intents: { length: 1 } } });
    }),
  );

  it(
    'does not know a dead letter that is not there',
    inHouse(async ({ receiver }) => {
      expect(await receiver.replay('nothing', 'api:anna')).toEqual({ kind: 'not-found' });
    }),
  );
});

import { describe, expect, it } from '@jest/globals';
import { gusto } from '../../handlers/gusto.ts';
import { paylocity } from '../../handlers/paylocity.ts';
import { deliveryOf, type House, inHouse, leaver, sourceOf } from './house.ts';

const statusesOf = async ({ store }: House) => {
  const query = { statuses: null, person: null, source: null, cursor: null, limit: 100 };
  return (await store.listIntents(query)).items.map(({ status }) => status);
};

const hop = '00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01';
const origin = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('receive', () => {
  it(
    'keeps what a genuine delivery asks for before it gives a receipt',
    inHouse(async (house) => {
      const reception = await house.receiver.receive('hr', deliveryOf({ id: 'e1', people: [leaver()] }));
      expect(reception).toMatchObject({ kind: 'receipt', receipt: { kind: 'accepted' } });
      expect(await statusesOf(house)).toEqual(['pending']);
    }),
  );

  it(
    'gives a repeat the same ids, by the event id even when the bytes differ',
    inHouse(async ({ receiver }) => {
      const first = await receiver.receive('hr', deliveryOf({ id: 'e1', people: [leaver()] }));
      const again = await receiver.receive('hr', deliveryOf({ id: 'e1', people: [leaver()], sent: 2 }));
      if (first.kind !== 'receipt' || first.receipt.kind !== 'accepted') throw new Error(first.kind);
      expect(again).toMatchObject({ receipt: { kind: 'duplicate', intents: first.receipt.intents } });
    }),
  );

  it(
    'takes the same bytes without an event id for a repeat within an hour, and not after',
    inHouse(async ({ receiver, clock }) => {
      const delivery = deliveryOf({ people: [leaver()] });
      const kinds: string[] = [];
      for (const waitMs of [0, 3_599_000, 2_000]) {
        clock.now += waitMs;
        const reception = await receiver.receive('hr', delivery);
        kinds.push(reception.kind === 'receipt' ? reception.receipt.kind : reception.kind);
      }
      expect(kinds).toEqual(['accepted', 'duplicate', 'accepted']);
    }),
  );

  it(
    'goes by where a broker keeps a delivery when the sender gives no event id',
    inHouse(
      async ({ receiver }) => {
        const at = (position: string) => deliveryOf({ people: [leaver()] }, { position, headers: {} });
        const kinds: string[] = [];
        for (const position of ['t/0/1', 't/0/1', 't/0/2']) {
          const reception = await receiver.receive('topic', at(position), { trusted: true });
          kinds.push(reception.kind === 'receipt' ? reception.receipt.kind : reception.kind);
        }
        expect(kinds).toEqual(['accepted', 'duplicate', 'accepted']);
      },
      { sources: [sourceOf({ id: 'topic', transport: 'kafka' })] },
    ),
  );

  it(
    'keeps what comes in one turn in the order in which it came, also when it has to look how much waits',
    inHouse(async (house) => {
      for (const round of [1, 2]) {
        house.clock.now += 60_000;
        const people = ['a', 'b', 'c'].map((name) => `${name}${round}@example.com`);
        await Promise.all(
          people.map((email) => house.receiver.receive('hr', deliveryOf({ people: [leaver(email)] }))),
        );
      }
      const query = { statuses: null, person: null, source: null, cursor: null, limit: 10 };
      const { items } = await house.store.listIntents(query);
      expect(items.map(({ identifiers }) => identifiers[0]?.userId.slice(0, 2))).toEqual([
        'c2',
        'b2',
        'a2',
        'c1',
        'b1',
        'a1',
      ]);
    }),
  );

  it(
    'counts a delivery without content as ignored',
    inHouse(async ({ receiver, receipts }) => {
      receiver.skip('hr');
      expect(receipts).toEqual([['hr', 'ignored']]);
    }),
  );

  it.each([
    ['the header of the hop', { traceparent: hop, ce_traceparent: origin }, hop],
    ['the origin of its CloudEvent, where there is no other', { ce_traceparent: origin }, origin],
    ['nothing that is no trace', { traceparent: `${hop}-x` }, null],
    ['no trace of noughts', { traceparent: hop.replace(/[0-9a-f]{32}/, '0'.repeat(32)) }, null],
  ])('remembers as the trace %s', (_title, headers, traceparent) =>
    inHouse(
      async ({ receiver, store }) => {
        await receiver.receive('hr', deliveryOf({ people: [leaver()] }, { headers }), { trusted: true });
        const query = { statuses: null, person: null, source: null, cursor: null, limit: 10 };
        expect((await store.listIntents(query)).items).toMatchObject([{ traceparent }]);
      },
      { sources: [sourceOf({ transport: 'kafka' })] },
    )(),
  );

  it(
    'ignores a genuine delivery that asks for nothing',
    inHouse(async (house) => {
      const reception = await house.receiver.receive('hr', deliveryOf({ people: [] }));
      expect(reception).toMatchObject({ receipt: { kind: 'ignored' } });
      expect(await statusesOf(house)).toEqual([]);
    }),
  );

  it(
    'keeps four of five people and makes a dead letter of the fifth',
    inHouse(async (house) => {
      const people = ['a', 'b', 'c', 'd'].map((name) => leaver(`${name}@example.com`));
      const body = { id: 'e1', people: [...people.slice(0, 2), { nobody: true }, ...people.slice(2)] };
      const reception = await house.receiver.receive('hr', deliveryOf(body));
      expect(reception).toMatchObject({ receipt: { kind: 'accepted', intents: { length: 4 } } });
      const letters = await house.store.listDeadLetters({ cursor: null, limit: 10 });
      expect(letters.items).toMatchObject([{ source: 'hr', eventId: 'e1', part: 2 }]);
    }),
  );

  it(
    'keeps what cannot be read at all as a dead letter, without the headers and parameters that hold secrets',
    inHouse(async ({ receiver, store }) => {
      const delivery = deliveryOf('{"people":', { query: { a: '1', token: 'hidden' } });
      const headers = {
        ...delivery.headers,
        authorization: 'x',
        'x-api-key': 'x',
        cookie: 'x',
        'x-event': 'left',
      };
      const reception = await receiver.receive('hr', { ...delivery, headers });
      if (reception.kind !== 'receipt' || reception.receipt.kind !== 'dead-letter')
        throw new Error(JSON.stringify(reception));
      expect(reception.receipt.faults).toEqual(['body: is not JSON in UTF-8']);
      const letter = await store.findDeadLetter(reception.receipt.id);
      expect(letter?.payload).toEqual({
        method: 'POST',
        query: { a: '1' },
        headers: { 'x-event': 'left' },
        body: delivery.body,
        position: null,
      });
    }),
  );

  it(
    'keeps no secret with a dead letter that the source itself has in a header, whatever its name',
    inHouse(
      async ({ receiver, store }) => {
        const headers = { 'x-bridge': 'a user:and a password', 'x-event': 'left' };
        const reception = await receiver.receive('payroll', { ...deliveryOf('{}'), headers });
        if (reception.kind !== 'receipt' || reception.receipt.kind !== 'dead-letter')
          throw new Error(JSON.stringify(reception));
        const letter = await store.findDeadLetter(reception.receipt.id);
        expect(letter?.payload.headers).toEqual({ 'x-event': 'left' });
      },
      {
        sources: [
          sourceOf({
            id: 'payroll',
            handler: paylocity,
            settings: paylocity.settings.parse({
              secrets: ['a user:and a password'],
              header: 'X-Bridge',
              identifyBy: ['external_id'],
              timezone: 'America/Chicago',
            }),
          }),
        ],
      },
    ),
  );

  it(
    'takes ten set-ups a day that nobody signs, and says in the log why no more',
    inHouse(
      async ({ receiver, store, clock, lines }) => {
        const setUp = async (n: number) => {
          const content = { verification_token: `somebody's token ${n}` };
          return (await receiver.receive('payroll', deliveryOf(content))).kind;
        };
        const kinds: string[] = [];
        for (let n = 0; n < 12; n += 1) kinds.push(await setUp(n));
        expect(kinds).toEqual([...Array(10).fill('receipt'), 'unverified', 'unverified']);
        expect((await store.listDeadLetters({ cursor: null, limit: 100 })).items).toHaveLength(10);
        expect(lines).toMatchObject([{ facts: { reason: 'more than 10 set-ups came in a day' } }, {}]);
        clock.now += 86_400_000;
        expect(await setUp(12)).toBe('receipt');
      },
      {
        sources: [
          sourceOf({
            id: 'payroll',
            handler: gusto,
            settings: gusto.settings.parse({ secrets: [], identifyBy: ['external_id'] }),
          }),
        ],
      },
    ),
  );

  it(
    'takes nothing from a sender that is not genuine, and says why in the log only',
    inHouse(async (house) => {
      const delivery = deliveryOf({ people: [leaver()] }, { headers: { 'x-signature': '00' } });
      expect(await house.receiver.receive('hr', delivery)).toEqual({ kind: 'unverified' });
      expect(await statusesOf(house)).toEqual([]);
      expect(house.lines).toEqual([
        {
          level: 'warn',
          message: 'a delivery is not genuine',
          facts: { source: 'hr', reason: 'the signature is wrong' },
        },
      ]);
    }),
  );

  it(
    'bounds the lines about deliveries that are not genuine, and counts them all',
    inHouse(async ({ receiver, lines, receipts }) => {
      for (let i = 0; i < 200; i += 1) await receiver.receive('hr', deliveryOf('x', { headers: {} }));
      expect(lines).toHaveLength(60);
      expect(receipts.filter(([, kind]) => kind === 'unverified')).toHaveLength(200);
    }),
  );

  it(
    'answers a handshake before it verifies anything',
    inHouse(async ({ receiver }) => {
      const delivery = deliveryOf('', { method: 'GET', query: { challenge: 'echo' }, headers: {} });
      const reception = await receiver.receive('hr', delivery);
      expect(reception).toMatchObject({ kind: 'handshake', reply: { body: 'echo' } });
    }),
  );

  it(
    'does not know a source that is not configured',
    inHouse(async ({ receiver, receipts }) => {
      expect(await receiver.receive('nobody', deliveryOf(''))).toEqual({ kind: 'unknown-source' });
      expect(receipts).toEqual([[null, 'unknown-source']]);
    }),
  );

  it(
    'is busy while the backlog is full, and not any more a second after it has room',
    inHouse(
      async ({ receiver, clock, settleDue }) => {
        const next = (n: number) =>
          receiver.receive('hr', deliveryOf({ id: `e${n}`, people: [leaver(`p${n}@example.com`)] }));
        expect((await next(1)).kind).toBe('receipt');
        clock.now += 10_000;
        expect((await next(2)).kind).toBe('busy');
        await settleDue();
        expect((await next(2)).kind).toBe('busy');
        clock.now += 1_000;
        expect((await next(2)).kind).toBe('receipt');
      },
      { backlogLimit: 1 },
    ),
  );

  it(
    'is busy when the store is down, and logs no personal data about it',
    inHouse(async ({ receiver, closeStore, lines }) => {
      await closeStore();
      const reception = await receiver.receive('hr', deliveryOf({ people: [leaver()] }));
      expect(reception).toEqual({ kind: 'busy' });
      expect(lines[0]).toMatchObject({ level: 'error', message: 'the store did not take a delivery' });
      expect(JSON.stringify(lines)).not.toContain('ada@');
    }),
  );

  it(
    'refuses, on the record, what the source may not cause',
    inHouse(
      async (house) => {
        await house.receiver.receive('hr', deliveryOf({ people: [leaver()] }));
        expect(await statusesOf(house)).toEqual(['canceled']);
      },
      { sources: [sourceOf({ actions: ['kick'] })] },
    ),
  );

  it(
    'puts what an authenticated person asks for before everything, and holds their resign for another',
    inHouse(
      async (house) => {
        const people = [{ action: 'kick', email: 'ada@example.com' }, leaver('bob@example.com')];
        const how = { trusted: true, actor: 'slack:U1' };
        await house.receiver.receive('slack', deliveryOf({ people }), how);
        expect(await statusesOf(house)).toEqual(['held', 'pending']);
        const query = { statuses: null, person: null, source: 'slack', cursor: null, limit: 9 };
        const { items } = await house.store.listIntents(query);
        expect(items.map(({ actor }) => actor)).toEqual(['slack:U1', 'slack:U1']);
      },
      { sources: [sourceOf({ id: 'slack', transport: 'slack' })] },
    ),
  );
});

describe('the kick of a person who was authenticated', () => {
  const limits = { kick: 50, resign: 50 };
  const kick = (email: string) => deliveryOf({ people: [{ action: 'kick', email }] });
  const bySlack = { trusted: true, actor: 'slack:U1' };
  const sources = [sourceOf(), sourceOf({ id: 'slack', transport: 'slack' })];

  it(
    'goes before the kicks of machines that came earlier',
    inHouse(
      async ({ receiver, store, clock }) => {
        await receiver.receive('hr', kick('first@example.com'));
        await receiver.receive('slack', kick('second@example.com'), bySlack);
        const claim = { now: clock.now, token: 't', leaseMs: 1_000, limits, safeguard: [] };
        expect((await store.claim(claim))?.intents).toMatchObject([{ source: 'slack' }]);
      },
      { sources },
    ),
  );

  it(
    'does not count against the safeguard',
    inHouse(
      async ({ receiver, store, clock }) => {
        const safeguard = [{ source: null, maxResigns: 1, maxKicks: 1, perMs: 3_600_000 }];
        const claimed: string[] = [];
        for (let i = 0; i < 3; i += 1) {
          await receiver.receive('slack', kick(`p${i}@example.com`), bySlack);
          const claim = { now: clock.now, token: `t${i}`, leaseMs: 1_000, limits, safeguard };
          claimed.push(...((await store.claim(claim))?.intents ?? []).map(({ id }) => id));
        }
        expect(claimed).toHaveLength(3);
      },
      { sources },
    ),
  );
});

import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  defineHandler,
  type Handler,
  type IntentDraft,
  type MalformedDelivery,
  UnverifiedDelivery,
} from '../../src/core/handler.ts';
import { deliveryOf, inHouse, leaver, sourceOf, toyHandler } from './house.ts';

function broken(part: Partial<Handler>): Handler {
  return { ...toyHandler, ...part };
}

/** A handler that makes the same parts of whatever comes. */
function fixed(...parts: (IntentDraft | MalformedDelivery)[]): Handler {
  return defineHandler({ settings: z.object({}), verify: () => {}, normalize: () => parts });
}

const ada: IntentDraft = {
  action: 'kick',
  identifiers: [{ userIdType: 'email', userId: 'ada@example.com' }],
};

describe('a handler that breaks its contract', () => {
  it(
    'makes a dead letter when it fails to read, and the log does not quote the payload',
    inHouse(
      async ({ receiver, lines }) => {
        const reception = await receiver.receive('hr', deliveryOf({ id: 'e1', people: [leaver()] }));
        expect(reception).toMatchObject({
          receipt: { kind: 'dead-letter', faults: ['the handler failed while it read this'] },
        });
        expect(lines[0]).toMatchObject({ level: 'error', facts: { source: 'hr', error: 'TypeError' } });
        expect(JSON.stringify(lines)).not.toContain('ada@');
      },
      {
        sources: [
          sourceOf({
            handler: broken({
              normalize({ body }) {
                throw new TypeError(`cannot read ${body}`);
              },
            }),
          }),
        ],
      },
    ),
  );

  it(
    'is not believed when it fails to verify',
    inHouse(
      async ({ receiver }) => {
        expect(await receiver.receive('hr', deliveryOf({ people: [] }))).toEqual({ kind: 'unverified' });
      },
      {
        sources: [
          sourceOf({
            handler: broken({
              verify() {
                throw new RangeError('out of range');
              },
            }),
          }),
        ],
      },
    ),
  );

  it(
    'may refuse a handshake that is not genuine, and a handshake that fails is none',
    inHouse(
      async ({ receiver, lines }) => {
        expect((await receiver.receive('strict', deliveryOf({ people: [] }))).kind).toBe('unverified');
        expect((await receiver.receive('clumsy', deliveryOf({ people: [] }))).kind).toBe('receipt');
        expect(lines.map(({ message }) => message)).toContain('a handler failed at its handshake');
      },
      {
        sources: [
          sourceOf({
            id: 'strict',
            handler: broken({
              handshake() {
                throw new UnverifiedDelivery('no');
              },
            }),
          }),
          sourceOf({
            id: 'clumsy',
            handler: broken({
              handshake() {
                throw new TypeError('oops');
              },
            }),
          }),
        ],
      },
    ),
  );

  it(
    'cannot unmake a receipt by failing to word it',
    inHouse(
      async ({ receiver }) => {
        const reception = await receiver.receive('hr', deliveryOf({ people: [leaver()] }));
        expect(reception).toMatchObject({ kind: 'receipt', reply: null, receipt: { kind: 'accepted' } });
      },
      {
        sources: [
          sourceOf({
            handler: broken({
              reply() {
                throw new TypeError('oops');
              },
            }),
          }),
        ],
      },
    ),
  );

  const unfit: [string, IntentDraft, string][] = [
    ['nobody', { ...ada, identifiers: [] }, 'there is no identifier'],
    [
      'an email that is none',
      { ...ada, identifiers: [{ userIdType: 'email', userId: 'ada' }] },
      'email is not an email address',
    ],
    ['a time that is none', { ...ada, effectiveAt: Number.NaN }, 'effectiveAt is not a time'],
    ['a time that no date can hold', { ...ada, occurredAt: 9e15 }, 'occurredAt is not a time'],
    [
      'a subject without end',
      { ...ada, subject: 'x'.repeat(257) },
      'subject is too long, or has control characters',
    ],
  ];
  it.each(unfit)('cannot put in an intent for %s', (_what, draft, fault) =>
    inHouse(
      async ({ receiver }) => {
        const reception = await receiver.receive('hr', deliveryOf('x'));
        expect(reception).toMatchObject({ receipt: { kind: 'dead-letter', faults: [fault] } });
      },
      { sources: [sourceOf({ handler: fixed(draft) })] },
    )(),
  );

  it(
    'gets its free text cut to what a row should hold, and its phone numbers tidied',
    inHouse(
      async ({ receiver, store }) => {
        await receiver.receive('hr', deliveryOf('x'));
        const query = { statuses: null, person: null, source: null, cursor: null, limit: 1 };
        const [intent] = (await store.listIntents(query)).items;
        expect(intent?.reason).toBe('r'.repeat(1_000));
        expect(intent?.identifiers).toEqual([{ userIdType: 'phone', userId: '13800000000' }]);
      },
      {
        sources: [
          sourceOf({
            handler: fixed({
              action: 'kick',
              identifiers: [{ userIdType: 'phone', userId: '+86 138-0000-0000' }],
              reason: `\0${'r'.repeat(2_000)}`,
            }),
          }),
        ],
      },
    ),
  );
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import {
  type Delivery,
  type Handler,
  type IntentDraft,
  identifierFault,
  MalformedDelivery,
  UnverifiedDelivery,
} from '../../src/core/handler.ts';

export interface Signing {
  readonly secret: string;
  /** When the sender says that it sent, epoch milliseconds; ignored by schemes without a timestamp. */
  readonly at: number;
}

export interface HandlerCase {
  /** The handler's word in the configuration. */
  readonly name: string;
  readonly handler: Handler;
  /** The settings as they would be written in the configuration, with these secrets. */
  readonly settings: (secrets: readonly string[]) => unknown;
  /** Two good secrets. */
  readonly secrets: readonly [string, string];
  /** A body as the sender sends it, genuine. */
  readonly sign: (body: string | Buffer, signing: Signing) => Delivery;
  /** The headers, in lower case, whose change must break the signature, the signature's own among them. */
  readonly signedHeaders: readonly string[];
  /** The same of parameters. */
  readonly signedQuery?: readonly string[];
  /** The scheme signs only a part of the body, in which everything is; a change around it may pass unseen. */
  readonly signsPart?: boolean;
  /** False when the scheme is a static token, which says nothing of the body. */
  readonly signsBody?: boolean;
  /** True when the vendor makes the first secret known by a delivery, so that a source begins without any. */
  readonly secretsMayWait?: boolean;
  /** Whether the scheme signs a timestamp, so that one from the future is refused. */
  readonly hasTimestamp: boolean;
  /** Whether one from the past is refused too. */
  readonly hasReplayWindow: boolean;
  /** The handler's clock, epoch milliseconds. */
  readonly now: number;
  readonly bodies: {
    /** Of intents, and which ones. */
    readonly genuine: string;
    readonly intents: readonly IntentDraft[];
    /** Of an event that is not our business. */
    readonly foreign: string;
    /** Genuine, but unreadable. */
    readonly unreadable: string;
  };
}

/** The rules for the settings of any handler. */
export function testSettings(handler: Handler): void {
  describe('settings', () => {
    it('can be shown as a JSON Schema', () => {
      expect(z.toJSONSchema(handler.settings, { io: 'input' })).toHaveProperty('properties');
    });

    it('leave the keys of the engine alone', () => {
      for (const key of ['handler', 'actions', 'dryRun', 'expectEvery']) {
        expect(handler.settings.shape).not.toHaveProperty(key);
      }
    });
  });
}

/** A payload of `fixtures/`, as text. */
export function readFixture(path: string): string {
  return readFileSync(new URL(`./fixtures/${path}`, import.meta.url), 'utf8');
}

/** What every handler must do that verifies what its sender signed. */
export function testHandler(one: HandlerCase): void {
  const { handler, secrets, now, bodies } = one;
  const [secret, otherSecret] = secrets;
  const settings = handler.settings.parse(one.settings([secret]));
  const genuine = one.sign(bodies.genuine, { secret, at: now });
  const verify = (delivery: Delivery, at = now) => handler.verify(delivery, settings, at);
  const signed = (body: string | Buffer) => one.sign(body, { secret, at: now });
  const { signsBody = true } = one;
  const signedFields = [
    ...one.signedHeaders.map((name) => ({ part: 'headers' as const, name })),
    ...(one.signedQuery ?? []).map((name) => ({ part: 'query' as const, name })),
  ];

  function expectRefused(delivery: Delivery): void {
    let refusal: unknown = null;
    try {
      verify(delivery);
    } catch (error) {
      refusal = error;
    }
    if (refusal === null && one.signsPart) {
      expect(handler.normalize(delivery, settings)).toEqual(bodies.intents);
    } else {
      expect(refusal).toBeInstanceOf(UnverifiedDelivery);
    }
  }

  describe(`every handler: ${one.name}`, () => {
    testSettings(handler);

    describe('secrets', () => {
      it('refuse to do without secrets', () => {
        expect(handler.settings.safeParse(one.settings([])).success).toBe(one.secretsMayWait ?? false);
        expect(handler.settings.safeParse(one.settings([''])).success).toBe(false);
      });
    });

    describe('verify', () => {
      it('lets a genuine delivery pass', () => {
        expect(() => verify(genuine)).not.toThrow();
      });

      it.each([
        ['not our business', bodies.foreign],
        ['unreadable', bodies.unreadable],
        ['empty', ''],
      ])('lets a genuine delivery pass that is %s', (_title, body) => {
        expect(() => verify(signed(body))).not.toThrow();
      });

      if (signsBody) {
        it('refuses a body that was changed in any one byte', () => {
          for (let index = 0; index < genuine.body.length; index++) {
            const body = Buffer.from(genuine.body);
            body.writeUInt8(body.readUInt8(index) ^ 1, index);
            expectRefused({ ...genuine, body });
          }
        });

        it('refuses a body that was cut or lengthened', () => {
          const { body } = genuine;
          expectRefused({ ...genuine, body: body.subarray(0, -1) });
          expectRefused({ ...genuine, body: Buffer.concat([body, Buffer.from(' ')]) });
          expect(() => verify({ ...genuine, body: Buffer.alloc(0) })).toThrow(UnverifiedDelivery);
        });
      }

      it.each(signedFields)('refuses a changed, an empty and a missing $name', ({ part, name }) => {
        const value = genuine[part][name] ?? '';
        expect(value).not.toBe('');
        // In the middle, because the last character of a padded base64 text may hold bits that count for nothing.
        const middle = Math.floor(value.length / 2);
        const changed =
          value.slice(0, middle) + (value[middle] === '7' ? '8' : '7') + value.slice(middle + 1);
        const { [name]: _, ...without } = genuine[part];
        for (const text of [changed, '']) {
          const fields = { ...genuine[part], [name]: text };
          expect(() => verify({ ...genuine, [part]: fields })).toThrow(UnverifiedDelivery);
        }
        expect(() => verify({ ...genuine, [part]: without })).toThrow(UnverifiedDelivery);
      });

      it('refuses a delivery without headers and parameters', () => {
        expect(() => verify({ ...genuine, headers: {}, query: {} })).toThrow(UnverifiedDelivery);
      });

      it('refuses a delivery that was signed with another secret', () => {
        expect(() => verify(one.sign(bodies.genuine, { secret: otherSecret, at: now }))).toThrow(
          UnverifiedDelivery,
        );
      });

      it('says which header holds a secret, where nothing is signed', () => {
        const header = handler.secretHeader?.(settings) ?? null;
        expect(header).toBe(signsBody ? null : one.signedHeaders[0]);
      });

      it('takes the old and the new secret while a secret is rotated', () => {
        for (const order of [
          [secret, otherSecret],
          [otherSecret, secret],
        ]) {
          const both = handler.settings.parse(one.settings(order));
          for (const used of secrets) {
            const delivery = one.sign(bodies.genuine, { secret: used, at: now });
            expect(() => handler.verify(delivery, both, now)).not.toThrow();
          }
        }
      });

      if (one.hasTimestamp) {
        it('refuses a delivery from the future, and forgives a clock that is a little fast', () => {
          expect(() => verify(genuine, now - 6 * 60_000)).toThrow(UnverifiedDelivery);
          expect(() => verify(genuine, now - 4 * 60_000)).not.toThrow();
        });
      }

      if (one.hasReplayWindow) {
        it('refuses a stale delivery, and forgives one that was a little slow', () => {
          expect(() => verify(genuine, now + 6 * 60_000)).toThrow(UnverifiedDelivery);
          expect(() => verify(genuine, now + 4 * 60_000)).not.toThrow();
        });
      } else {
        it('takes a delivery of any age, because the sender may repeat it as it was', () => {
          expect(() => verify(genuine, now + 365 * 86_400_000)).not.toThrow();
        });
      }

      it('lets nothing pass that was not signed, and throws nothing but UnverifiedDelivery', () => {
        const header = fc.oneof(
          fc.string({ unit: 'binary' }),
          ...(signsBody ? signedFields : []).map(({ part, name }) => fc.constant(genuine[part][name] ?? '')),
        );
        const names = signedFields.map(({ name }) => name);
        const fields = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), header);
        fc.assert(
          fc.property(fields, anyBytes, (given, body) => {
            expect(() => verify({ ...genuine, headers: given, query: given, body })).toThrow(
              UnverifiedDelivery,
            );
          }),
          { numRuns: 300 },
        );
      });

      if (signsBody) {
        it('lets no other body pass under a genuine signature, however much it looks like the signed one', () => {
          const other = fc
            .oneof(bent(genuine.body.toString()), anyJson)
            .filter((body) => !body.equals(genuine.body));
          fc.assert(
            fc.property(other, (body) => expectRefused({ ...genuine, body })),
            { numRuns: 300 },
          );
        });
      }
    });

    testReading({ ...one, settings: one.settings([secret]), delivery: signed });
  });
}

/** What a handler makes of bodies that are genuine, or are not its own to verify. */
export interface ReadingCase extends Pick<HandlerCase, 'handler' | 'bodies'> {
  /** As they would be written in the configuration. */
  readonly settings: unknown;
  readonly delivery: (body: string | Buffer) => Delivery;
}

/** What every handler must do, whatever it understands and whoever vouches for it. */
export function testReading({ handler, bodies, delivery: signed, ...one }: ReadingCase): void {
  const settings = handler.settings.parse(one.settings);
  const genuine = signed(bodies.genuine);
  describe('normalize', () => {
    it('reads the intents of a genuine delivery', () => {
      expect(handler.normalize(genuine, settings)).toEqual(bodies.intents);
    });

    it('makes nothing of an event of another type', () => {
      const delivery = signed(bodies.foreign);
      expect(handler.normalize(delivery, settings)).toEqual([]);
    });

    it.each([
      ['an unreadable body', bodies.unreadable],
      ['an empty body', ''],
      ['a body that is not UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
      ['a body that is only a brace', '{'],
    ])('calls %s malformed, and says what is wrong with it', (_title, body) => {
      const delivery = signed(body);
      const [fault, ...others] = read(handler, delivery, settings);
      expect(others).toEqual([]);
      expect(fault).toBeInstanceOf(MalformedDelivery);
      expect(fault).toHaveProperty('faults.0', expect.stringMatching(/\S/));
    });

    it('finds the same event id and the same parts when the same delivery comes again', () => {
      const again = signed(bodies.genuine);
      expect(handler.eventId?.(again, settings)).toEqual(handler.eventId?.(genuine, settings));
      expect(handler.normalize(again, settings)).toEqual(handler.normalize(genuine, settings));
    });

    it('gives an event id, or says for how long the same bytes are a repeat', () => {
      if (typeof handler.eventId?.(genuine, settings) !== 'string') expect(handler.retrySpanMs).toBeDefined();
    });

    it('changes nothing of a delivery', () => {
      const body = Buffer.from(genuine.body);
      const frozen = Object.freeze({ ...genuine, headers: Object.freeze({ ...genuine.headers }), body });
      handler.eventId?.(frozen, settings);
      handler.normalize(frozen, settings);
      expect(frozen.body.equals(genuine.body)).toBe(true);
    });

    testAnything({
      handler,
      settings: one.settings,
      delivery: signed,
      like: [bodies.genuine, bodies.foreign],
    });
  });
}

interface AnythingCase extends Pick<ReadingCase, 'handler' | 'settings' | 'delivery'> {
  /** Bodies that a handler understands, to be bent. */
  readonly like: readonly string[];
}

/** What every handler must do with whatever it gets, under any of its settings. */
export function testAnything({ handler, delivery: signed, like, ...one }: AnythingCase): void {
  const settings = handler.settings.parse(one.settings);
  it('throws nothing but MalformedDelivery, and makes only intents that name somebody', () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes, anyJson, ...like.map(bent)), (body) => {
        const delivery = signed(body);
        const parts = read(handler, delivery, settings);
        for (const part of parts) {
          if (part instanceof MalformedDelivery) expect(part.faults.length).toBeGreaterThan(0);
          else expectReadable(part);
        }
        expect(read(handler, delivery, settings)).toEqual(parts);
      }),
      { numRuns: 1_000 },
    );
    expect(Object.prototype).not.toHaveProperty('polluted');
  });
}

type Part = IntentDraft | MalformedDelivery;

/** The parts of a delivery; one that was thrown is the only part. Any other error goes on. */
function read(handler: Handler, delivery: Delivery, settings: unknown): readonly Part[] {
  try {
    return handler.normalize(delivery, settings);
  } catch (error) {
    if (error instanceof MalformedDelivery) return [error];
    throw error;
  }
}

function expectReadable(draft: IntentDraft): void {
  expect(draft.identifiers.length).toBeGreaterThan(0);
  for (const { userIdType, userId } of draft.identifiers) {
    expect(identifierFault(userIdType, userId)).toBeNull();
  }
  for (const time of [draft.occurredAt, draft.effectiveAt]) {
    expect(time === undefined || Number.isFinite(time)).toBe(true);
  }
}

const anyBytes = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const anyJson = fc.json().map((text) => Buffer.from(text));

/** A body with a part of it put elsewhere, repeated, or replaced by what upsets parsers. */
function bent(body: string): fc.Arbitrary<Buffer> {
  const place = fc.nat({ max: body.length });
  const piece = fc.oneof(
    fc.constantFrom(
      '__proto__',
      'constructor',
      'null',
      '[]',
      '{}',
      '""',
      '-1',
      '1e999',
      '\u0000',
      '[',
      ']',
      '%',
      '&',
      '=',
    ),
    fc.constantFrom('{"__proto__":{"polluted":1}}', '[__proto__][polluted]=1&', 'employees[__proto__][x]=1'),
    fc.string(),
    fc.tuple(place, place).map(([from, to]) => body.slice(from, to)),
  );
  return fc
    .tuple(place, place, piece)
    .map(([from, to, text]) => Buffer.from(body.slice(0, from) + text + body.slice(to)));
}

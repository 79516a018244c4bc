import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  type Delivery,
  defineHandler,
  hasValidHmac,
  MalformedDelivery,
  parseJsonBody,
  type SignatureCheck,
  UnverifiedDelivery,
} from '../../src/core/handler.ts';

const sign = (secret: string, ...parts: string[]): Buffer =>
  createHmac('sha256', secret).update(parts.join('')).digest();

const check = (more: Partial<SignatureCheck>): boolean =>
  hasValidHmac({ algorithm: 'sha256', secrets: ['new', 'old'], signed: ['1.', 'body'], given: [], ...more });

describe('a signature', () => {
  it('is valid when it was made with one of the secrets over all parts in order', () => {
    expect(check({ given: [sign('new', '1.', 'body')] })).toBe(true);
    expect(check({ given: [sign('old', '1.', 'body')] })).toBe(true);
    expect(check({ signed: ['body', '1.'], given: [sign('new', '1.', 'body')] })).toBe(false);
  });

  it('may be one of several that were given', () => {
    expect(check({ given: [sign('other', '1.body'), sign('old', '1.body')] })).toBe(true);
  });

  it('is not valid with another secret, another length, or when none was given', () => {
    const good = sign('new', '1.body');
    expect(check({ given: [sign('other', '1.body')] })).toBe(false);
    expect(check({ given: [good.subarray(0, 31)] })).toBe(false);
    expect(check({ given: [Buffer.concat([good, Buffer.of(0)])] })).toBe(false);
    expect(check({ given: [Buffer.alloc(0)] })).toBe(false);
    expect(check({ given: [] })).toBe(false);
  });

  it('is not valid when there is no secret', () => {
    expect(check({ secrets: [], given: [sign('', '1.body')] })).toBe(false);
  });

  it('is checked by the algorithm that the scheme asks for, over bytes', () => {
    const body = Buffer.from([0xff, 0x00, 0xfe]);
    for (const algorithm of ['sha1', 'sha256', 'sha512'] as const) {
      const given = [createHmac(algorithm, 'key').update(body).digest()];
      expect(hasValidHmac({ algorithm, secrets: [Buffer.from('key')], signed: [body], given })).toBe(true);
    }
    expect(check({ algorithm: 'sha512', given: [sign('new', '1.body')] })).toBe(false);
  });
});

describe('a JSON body', () => {
  const parse = (body: Buffer): unknown =>
    parseJsonBody({ method: 'POST', query: {}, headers: {}, body } satisfies Delivery);

  it('is parsed from its bytes', () => {
    expect(parse(Buffer.from('{"name":"张三"}'))).toEqual({ name: '张三' });
  });

  it.each([
    ['body: is empty', ''],
    ['body: is not JSON in UTF-8', '{'],
    ['body: is not JSON in UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('is malformed when it %s', (fault, body) => {
    expect(() => parse(Buffer.from(body))).toThrow(new MalformedDelivery(fault));
  });
});

describe('what a handler throws', () => {
  it('keeps every fault of a malformed delivery', () => {
    const error = new MalformedDelivery('type: is required', 'data: is required');
    expect(error.faults).toEqual(['type: is required', 'data: is required']);
    expect(error.message).toBe('type: is required; data: is required');
    expect(error.name).toBe('MalformedDelivery');
  });

  it('is told apart from a delivery that is not genuine', () => {
    const error = new UnverifiedDelivery('the timestamp is too old');
    expect(error).not.toBeInstanceOf(MalformedDelivery);
    expect(error.name).toBe('UnverifiedDelivery');
  });
});

describe('a defined handler', () => {
  it('is handed the settings that its schema puts out', () => {
    const settings = z.object({ secret: z.string().transform((text) => Buffer.from(text)) });
    const seen: Buffer[] = [];
    const handler = defineHandler<z.output<typeof settings>>({
      settings,
      verify: (_delivery, { secret }) => {
        seen.push(secret);
      },
      normalize: () => [],
    });
    const delivery: Delivery = { method: 'POST', query: {}, headers: {}, body: Buffer.alloc(0) };
    handler.verify(delivery, handler.settings.parse({ secret: 'key' }), 0);
    expect(seen).toEqual([Buffer.from('key')]);
  });
});

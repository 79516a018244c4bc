import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { z } from 'zod';
import { maskConfig, parseConfig } from '../../src/config.ts';
import { defineHandler } from '../../src/core/handler.ts';
import { acme, genauth, parse, secret, withSource } from './fixtures.ts';

describe('the configuration in a log', () => {
  const masked = maskConfig(
    parse({
      server: { tokens: [{ name: 'ada', role: 'viewer', token: secret }] },
      genauth,
      leavers: { dryRun: true, protected: [{ userIdType: 'email', userId: 'owner@example.com' }] },
      sources: {
        hr: { ...acme, secrets: [secret], tenant: 'acme-inc' },
        it: { handler: 'plain', key: secret },
      },
      kafka: {
        brokers: ['localhost:9092'],
        sasl: { mechanism: 'plain', username: 'bridge', password: secret },
        consume: [{ topic: 'hr.events', source: 'hr', from: 'latest' }],
      },
    }),
  );

  it('has no secret and no personal data', () => {
    expect(JSON.stringify(masked)).not.toContain(secret);
    expect(JSON.stringify(masked)).not.toContain('owner@example.com');
  });

  it('says which database is used, and not as whom', () => {
    const store = { url: `postgres://bridge:${secret}@db.example.com:5432/bridge` };
    expect(
      maskConfig(parse({ genauth, leavers: { dryRun: true }, store, sources: { hr: acme } })),
    ).toMatchObject({
      store: { url: 'postgres://***@db.example.com:5432/bridge' },
    });
  });

  it('still says what one needs to know', () => {
    expect(masked).toMatchObject({
      server: { port: 8080, tokens: [{ name: '***', role: 'viewer', token: '***' }] },
      genauth: { host: 'https://api.genauth.ai', accessKeyId: 'pool1', accessKeySecret: '***' },
      leavers: { dryRun: true, protected: [{ userIdType: 'email', userId: '***' }] },
      sources: {
        hr: {
          handler: 'acme',
          settings: { secrets: ['***'], identifyBy: ['email'], tenant: 'acme-inc', limit: 5, strict: false },
        },
        it: { handler: 'plain', settings: { key: '***' } },
      },
      kafka: {
        brokers: ['localhost:9092'],
        sasl: { mechanism: 'plain', username: 'bridge', password: '***' },
        consume: [{ topic: 'hr.events', source: 'hr', from: 'latest' }],
      },
    });
  });

  it('hides what sounds like a secret, at any depth, and what is no plain data', () => {
    const settings = z.looseObject({});
    const odd = defineHandler({ settings, verify: () => {}, normalize: () => [] });
    const source = {
      handler: 'odd',
      credentials: { user: 'u', list: ['p'], many: 3, on: true, none: null },
      apiUrl: 'https://user:hush@example.com/path?x=a@b',
      nested: [{ webhookToken: 't' }],
    };
    const looseShape = z.object({
      credentials: z.unknown(),
      apiUrl: z.string(),
      nested: z.unknown(),
      since: z
        .string()
        .default('2026')
        .transform((text) => new Date(text)),
    });
    const config = parseConfig(stringify(withSource(source)), {
      env: {},
      handlers: { odd: { ...odd, settings: looseShape } },
    });
    expect(maskConfig(config)).toMatchObject({
      sources: {
        hr: {
          settings: {
            credentials: { user: '***', list: ['***'], many: '***', on: true, none: null },
            apiUrl: 'https://***@example.com/path?x=a@b',
            nested: [{ webhookToken: '***' }],
            since: '***',
          },
        },
      },
    });
  });
});

import { stringify } from 'yaml';
import { z } from 'zod';
import { type Config, ConfigFault, parseConfig } from '../../src/config.ts';
import { defineHandler } from '../../src/core/handler.ts';

export const secret = 'a-secret-of-more-than-32-characters';

const acmeSettings = z
  .object({
    secrets: z.array(z.string().min(8)).min(1),
    identifyBy: z.array(z.enum(['email', 'external_id'])).default(['email']),
    tenant: z.string().min(2).optional(),
    limit: z.int().min(1).default(5),
    strict: z.boolean().default(false),
  })
  .refine(({ secrets }) => new Set(secrets).size === secrets.length, {
    path: ['secrets'],
    error: 'has a secret twice',
  });
const plainSettings = z.object({
  key: z.string().transform((text) => Buffer.from(text)),
  prefix: z.string().default('x'),
});

export const handlers = {
  acme: defineHandler<z.output<typeof acmeSettings>>({
    settings: acmeSettings,
    verify: () => {},
    normalize: () => [],
  }),
  plain: defineHandler<z.output<typeof plainSettings>>({
    settings: plainSettings,
    verify: () => {},
    normalize: () => [],
  }),
  topical: defineHandler({
    settings: z.object({}),
    transport: 'kafka',
    verify: () => {},
    normalize: () => [],
  }),
};

export const genauth = { host: 'https://api.genauth.ai', accessKeyId: 'pool1', accessKeySecret: secret };
export const minimal = { genauth, leavers: { dryRun: true } };

export type Env = Readonly<Record<string, string | undefined>>;

export const parseText = (text: string, env: Env = {}): Config => parseConfig(text, { env, handlers });
export const parse = (document: object, env: Env = {}): Config => parseText(stringify(document), env);

export function faultsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigFault) return error.faults;
    throw error;
  }
  return [];
}

export const faults = (document: object, env: Env = {}): readonly string[] =>
  faultsOf(() => parse(document, env));
export const withSource = (keys: object, id = 'hr'): object => ({ ...minimal, sources: { [id]: keys } });
export const acme = { handler: 'acme', secrets: ['secret-1'] };

import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type VendorHttp, type VendorRequest, VendorTrouble } from '../core/lookup.ts';

/** How a vendor's API of its directory answers. */
export interface Vendor {
  readonly name: string;
  readonly baseUrl: string;
  /** Where an answer says how it went; 0 = well. */
  readonly codeKey: 'code' | 'errcode';
  /** The codes that say: too often, and again in a moment. */
  readonly busyCodes: readonly number[];
}

/** What a comparison asks with. */
export interface Means {
  readonly http: VendorHttp;
  readonly signal: AbortSignal;
}

/**
 * Asks one thing of a directory; waits where that is all it takes. What goes wrong is told without the address, which
 * may hold a secret.
 * @throws when the answer is not whole
 */
export type Asking = <T>(request: Omit<VendorRequest, 'baseUrl'>, schema: z.ZodType<T>) => Promise<T>;

/** A company of half a million people has fewer pages and departments. */
const maxCalls = 20_000;
const maxTries = 5;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

export function createAsking(vendor: Vendor, { http, signal }: Means): Asking {
  let calls = 0;
  return async (request, schema) => {
    for (let tries = 1; ; tries += 1) {
      signal.throwIfAborted();
      calls += 1;
      if (calls > maxCalls) throw endless(vendor);
      const said = await askOnce(vendor, http, request);
      if (said.kind === 'answer') return readWhole(vendor, said.content, schema);
      if (tries === maxTries) throw new Error(`${vendor.name} is asked too often, it says`);
      const pauseMs = said.retryAfterMs ?? firstPauseMs * 2 ** (tries - 1);
      await delay(Math.min(pauseMs, longestPauseMs), undefined, { signal });
    }
  };
}

/** A list whose pages go in a circle, or on and on, is none. */
export function endless({ name }: Pick<Vendor, 'name'>): Error {
  return new Error(`${name} does not come to the end of its list`);
}

type Said =
  | { readonly kind: 'answer'; readonly content: unknown }
  | { readonly kind: 'busy'; readonly retryAfterMs: number | null };

async function askOnce(
  { name, baseUrl, codeKey, busyCodes }: Vendor,
  http: VendorHttp,
  request: Omit<VendorRequest, 'baseUrl'>,
): Promise<Said> {
  let content: unknown;
  try {
    content = await http({ ...request, baseUrl });
  } catch (error) {
    if (!(error instanceof VendorTrouble)) throw error;
    if (error.retryAfterMs !== null) return { kind: 'busy', retryAfterMs: error.retryAfterMs };
    throw new Error(`${name}: ${error.message}`);
  }
  const { data: code } = z.int().safeParse(Object(content)[codeKey]);
  if (code === undefined) throw new Error(`${name} answered with something else`);
  if (busyCodes.includes(code)) return { kind: 'busy', retryAfterMs: null };
  if (code !== 0) throw new Error(`${name} answered with ${codeKey} ${code}`);
  return { kind: 'answer', content };
}

function readWhole<T>({ name }: Vendor, content: unknown, schema: z.ZodType<T>): T {
  const { data, success } = schema.safeParse(content);
  if (!success) throw new Error(`${name} answered with something else`);
  return data;
}

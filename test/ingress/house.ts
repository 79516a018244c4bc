import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type Delivery,
  defineHandler,
  type Handler,
  hasValidHmac,
  type IntentDraft,
  MalformedDelivery,
  parseJsonBody,
  UnverifiedDelivery,
} from '../../src/core/handler.ts';
import { actions } from '../../src/core/intent.ts';
import type { Log } from '../../src/core/log.ts';
import { createActivity } from '../../src/ingress/activity.ts';
import { type ApiToken, compareActors, createWrongTokenNote } from '../../src/ingress/api/access.ts';
import type { OutcomeReader } from '../../src/ingress/api/outcomes.ts';
import { apiSource } from '../../src/ingress/api/source.ts';
import { apiRoutes } from '../../src/ingress/api.ts';
import { createBodyReader } from '../../src/ingress/body.ts';
import { consoleRoutes } from '../../src/ingress/console.ts';
import { createDecisions } from '../../src/ingress/decisions.ts';
import { createHeldSets } from '../../src/ingress/held-sets.ts';
import { hookListener } from '../../src/ingress/hooks.ts';
import { createHttpApp } from '../../src/ingress/http.ts';
import { createReceiver, type ReceiptKind } from '../../src/ingress/receive.ts';
import { openHttpServer } from '../../src/ingress/server.ts';
import type { Source } from '../../src/ingress/source.ts';
import { silences, strains } from '../../src/ingress/troubles.ts';
import { createStream } from '../../src/publishers/stream.ts';
import type { Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { claimRequest, settleAll, succeeded } from '../store/fixtures.ts';

const secret = 'a secret that only the test knows';

const personSchema = z.object({
  action: z.enum(actions),
  email: z.string(),
  subject: z.string().optional(),
  occurredAt: z.number().optional(),
  effectiveAt: z.number().optional(),
});
const bodySchema = z.object({ id: z.string().optional(), people: z.array(z.unknown()) });

function draftOf(person: unknown, index: number): IntentDraft | MalformedDelivery {
  const parsed = personSchema.safeParse(person);
  if (!parsed.success) return new MalformedDelivery(`people[${index}]: cannot be read`);
  const { email, ...draft } = parsed.data;
  return { ...draft, identifiers: [{ userIdType: 'email', userId: email }] };
}

/** A vendor that signs its bodies, lists people, and may give an event id. */
export const toyHandler: Handler = defineHandler({
  settings: z.object({}),
  handshake({ method, query }) {
    const { challenge } = query;
    return method === 'GET' && challenge ? { status: 200, contentType: 'text/plain', body: challenge } : null;
  },
  verify({ body, headers }) {
    const given = [Buffer.from(headers['x-signature'] ?? '', 'hex')];
    if (!hasValidHmac({ algorithm: 'sha256', secrets: [secret], signed: [body], given }))
      throw new UnverifiedDelivery('the signature is wrong');
  },
  eventId(delivery) {
    return bodySchema.safeParse(parseJsonBody(delivery)).data?.id ?? null;
  },
  normalize(delivery) {
    const parsed = bodySchema.safeParse(parseJsonBody(delivery));
    if (!parsed.success) throw new MalformedDelivery('body: has no people');
    return parsed.data.people.map(draftOf);
  },
});

export function sign(body: string | Buffer): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

export function deliveryOf(content: unknown, extra: Partial<Delivery> = {}): Delivery {
  const body = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return { method: 'POST', query: {}, headers: { 'x-signature': sign(body) }, body, ...extra };
}

export function sourceOf(part: Partial<Source> = {}): Source {
  return { id: 'hr', handler: toyHandler, settings: {}, actions, transport: 'http', ...part };
}

export interface LogLine {
  readonly level: keyof Log;
  readonly message: string;
  readonly facts: object;
}

export function collectLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: keyof Log) => (facts: object, message: string) => {
    lines.push({ level, message, facts });
  };
  return { log: { info: at('info'), warn: at('warn'), error: at('error') }, lines };
}

export const tokens: readonly ApiToken[] = [
  { name: 'vera', role: 'viewer', token: 'v'.repeat(32) },
  { name: 'olaf', role: 'operator', token: 'o'.repeat(32) },
  { name: 'anna', role: 'approver', token: 'a'.repeat(32), slackUser: 'U0ANNA' },
  { name: 'abel', role: 'approver', token: 'b'.repeat(32) },
];

export interface HouseOptions {
  readonly sources?: readonly Source[];
  readonly tokens?: readonly ApiToken[];
  readonly backlogLimit?: number;
  readonly maxBodyBytes?: number;
  readonly bodyBudgetBytes?: number;
  readonly trustProxy?: boolean | number;
  readonly requestTimeoutMs?: number;
  readonly expectEveryMs?: number;
  /** Where the live stream comes from, instead of the store. */
  readonly reader?: OutcomeReader;
  readonly stallMs?: number;
  readonly pace?: { readonly requests: number; readonly perMs: number };
  /** The database of a house that was closed before. */
  readonly folder?: string;
}

/** The ingress on a real socket and a real store; its clock stands until a test moves it. */
export async function openHouse(options: HouseOptions = {}) {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'offboard-bridge-')));
  const store: Store = openSqliteStore({ path: join(folder, 'bridge.db') });
  const clock = { now: Date.parse('2026-11-20T08:00:00Z') };
  const now = () => clock.now;
  const { log, lines } = collectLog();
  const configured = options.sources ?? [sourceOf()];
  const sources = new Map([...configured, apiSource].map((one) => [one.id, one]));
  const activity = createActivity({
    sources: [...sources.keys()].map((id) => ({ id, expectEveryMs: options.expectEveryMs ?? null })),
    now,
  });
  const receipts: [string | null, ReceiptKind][] = [];
  const policy = { maxEventAgeMs: 7 * 86_400_000, fourEyes: true, graceMs: 3_000 };
  const receiver = createReceiver({
    store,
    sources,
    backlogLimit: options.backlogLimit ?? 1_000,
    policy,
    now,
    log,
    onReceipt(id, kind) {
      receipts.push([id, kind]);
      if (id !== null) activity.note(id, kind);
    },
  });
  const isSamePerson = compareActors(options.tokens ?? tokens);
  const checks = { sources, policy, askAgainAfterMs: 7 * 86_400_000, isSamePerson, now };
  const decisions = createDecisions({ ...checks, store, receiver });
  const heldSets = createHeldSets({ ...checks, store });
  const stream = createStream({ store, idleMs: 60_000, limit: 2 });
  const stopping = new AbortController();
  const { maxBodyBytes = 10_000, bodyBudgetBytes: budgetBytes } = options;
  const readBody = createBodyReader({ maxBodyBytes, ...(budgetBytes ? { budgetBytes } : {}) });
  const wrongTokens = { count: 0 };
  const countWrongToken = (): void => {
    wrongTokens.count += 1;
  };
  const onWrongToken = createWrongTokenNote({ count: countWrongToken, now, log });
  const api = apiRoutes({
    store,
    receiver,
    decisions,
    heldSets,
    stream: options.reader ?? stream,
    sources,
    activity: activity.report,
    troubles: (figures) => [
      ...silences(activity.report()),
      ...strains(figures, { backlogLimit: options.backlogLimit ?? 1_000, now: now() }),
    ],
    isConnected: () => null,
    closing: stopping.signal,
    tokens: options.tokens ?? tokens,
    onWrongToken,
    readBody,
    now,
    log,
    keepAliveMs: 20,
    stallMs: options.stallMs ?? 60_000,
    ...(options.pace ? { pace: options.pace } : {}),
  });
  const console = consoleRoutes({ tokens: options.tokens ?? tokens, onWrongToken, readBody });
  const routes = [api, console];
  const { trustProxy = false } = options;
  const hooks = hookListener({ receiver, sources, readBody, trustProxy, log });
  const app = createHttpApp({ hooks, routes, trustProxy, log });
  const { requestTimeoutMs = 30_000 } = options;
  const server = await openHttpServer({ app, host: '127.0.0.1', port: 0, requestTimeoutMs });

  let closed: Promise<void> | null = null;
  const closeStore = () => {
    closed ??= store.close();
    return closed;
  };

  return {
    folder,
    store,
    clock,
    log,
    lines,
    receipts,
    wrongTokens,
    receiver,
    heldSets,
    stream,
    port: server.port,
    url: `http://127.0.0.1:${server.port}`,
    /** Gives outcomes their places and wakes the streams, as the bridge does. */
    async sequence() {
      await store.sequence(1_000);
      stream.nudge();
    },
    async outcomes() {
      await store.sequence(1_000);
      return store.outcomesAfter(0, 1_000);
    },
    /** Puts what is held into sets, as the bridge does. */
    async tend() {
      const askAgainBefore = now() - checks.askAgainAfterMs;
      while ((await store.tendHeld({ now: now(), safeguard: [], askAgainBefore })) > 0);
    },
    /** Does what is due, without the calls. */
    async settleDue() {
      const batch = await store.claim(claimRequest({ now: now() }));
      if (batch) await store.settle(batch.token, settleAll(batch, succeeded), now());
    },
    closeStore,
    async stop() {
      stopping.abort();
      await server.close(1_000);
      await closeStore();
    },
  };
}

export type House = Awaited<ReturnType<typeof openHouse>>;

/** Runs a test in a house of its own, and clears it away. */
export function inHouse(test: (house: House) => Promise<void>, options?: HouseOptions): () => Promise<void> {
  return async () => {
    const house = await openHouse(options);
    try {
      await test(house);
    } finally {
      await house.stop();
      if (!options?.folder) await rm(house.folder, { recursive: true });
    }
  };
}

/** The headers of somebody of `tokens`. */
export function as(name: string): { authorization: string } {
  return { authorization: `Bearer ${tokens.find((one) => one.name === name)?.token}` };
}

export function leaver(email = 'ada@example.com', extra: object = {}): object {
  return { action: 'resign', email, ...extra };
}

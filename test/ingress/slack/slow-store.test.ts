import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { compareActors } from '../../../src/ingress/api/access.ts';
import { createBodyReader } from '../../../src/ingress/body.ts';
import { createDecisions } from '../../../src/ingress/decisions.ts';
import { createHeldSets } from '../../../src/ingress/held-sets.ts';
import { createHttpApp } from '../../../src/ingress/http.ts';
import { createReceiver } from '../../../src/ingress/receive.ts';
import { openHttpServer } from '../../../src/ingress/server.ts';
import { createSlack, createSlackVoice, slackSource } from '../../../src/ingress/slack.ts';
import type { Store } from '../../../src/store/contract.ts';
import { openSqliteStore } from '../../../src/store/sqlite.ts';
import { commandFields, pressPayload, sendForm, signingSecret } from '../../support/slack/sender.ts';
import { openSlackStandIn } from '../../support/slack/stand-in.ts';
import { until } from '../../support/until.ts';
import { collectLog } from '../house.ts';
import { asker, keyIn, type Shown, textOf } from './workspace.ts';

type Writing = 'accept' | 'decide';

/** A real store of which one kind of write takes as long as the test wants, as on a disk that stalls. */
function stalling(store: Store) {
  const gates: Partial<Record<Writing, Promise<void>>> = {};
  const slow: Store = {
    ...store,
    accept: async (acceptance) => {
      await gates.accept;
      return store.accept(acceptance);
    },
    decide: async (request) => {
      await gates.decide;
      return store.decide(request);
    },
  };
  return {
    slow,
    /** @returns what lets it go on */
    stall(writing: Writing): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gates[writing] = promise;
      return resolve;
    },
  };
}

async function openSlack() {
  const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-'));
  const store = openSqliteStore({ path: join(folder, 'bridge.db') });
  const standIn = await openSlackStandIn();
  const { slow, stall } = stalling(store);
  const { log } = collectLog();
  const circle = { users: [asker], userGroups: [] };
  const settings = {
    mode: 'http',
    signingSecret,
    botToken: 'xoxb-test-token',
    appToken: null,
    apiUrl: standIn.apiUrl,
    allow: { kick: circle, resign: circle },
    approve: { ...circle, channel: null },
    limits: { perCommand: 5, perHour: 10 },
  } as const;
  const sources = new Map([[slackSource.id, slackSource]]);
  const policy = { maxEventAgeMs: 86_400_000, fourEyes: true, graceMs: 0 };
  const common = { settings, store: slow, isDryRun: false, now: Date.now, log };
  const receiver = createReceiver({ ...common, sources, backlogLimit: 100, policy });
  const checks = { sources, policy, askAgainAfterMs: 86_400_000, isSamePerson: compareActors([]) };
  const slack = createSlack({
    ...common,
    voice: createSlackVoice({ ...common, tendHeld: async () => 0 }),
    receiver,
    heldSets: createHeldSets({ ...common, ...checks }),
    decisions: createDecisions({ ...common, ...checks, receiver }),
    userPool: { look: async () => ({ kind: 'unknown' }), listApps: async () => null },
    troubles: async () => [],
    readBody: createBodyReader({ maxBodyBytes: 100_000 }),
  });
  const routes = slack.router ? [slack.router] : [];
  const app = createHttpApp({ routes, trustProxy: false, log });
  const server = await openHttpServer({ app, host: '127.0.0.1', port: 0 });
  return {
    store,
    standIn,
    stall,
    send: (fields: Record<string, string>) =>
      sendForm(`http://127.0.0.1:${server.port}`, new URLSearchParams(fields).toString()),
    async close() {
      await server.close(1_000);
      await slack.stop();
      await standIn.close();
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

const everything = { statuses: null, person: null, source: null, cursor: null, limit: 10 };

describe('when the disk stalls', () => {
  it('a command is not taken within three seconds, and what is stored later is canceled', async () => {
    const { store, stall, send, close } = await openSlack();
    const goOn = stall('accept');
    const startedAt = performance.now();
    const shown = (await (await send(commandFields({ text: 'ada@example.com' }))).json()) as Shown;
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(textOf(shown)).toContain('Not taken. The memory of the bridge did not answer in time');
    goOn();
    const [intent] = await until(async () => {
      const { items } = await store.listIntents(everything);
      return items[0]?.status === 'canceled' && items;
    });
    expect(intent?.failure).toEqual({ code: 'expired', message: 'it was stored too late to be asked about' });
    await close();
  });

  it('a press is answered within three seconds, and counts once the disk goes on', async () => {
    const { store, standIn, stall, send, close } = await openSlack();
    const shown = (await (await send(commandFields({ text: 'ada@example.com' }))).json()) as Shown;
    const goOn = stall('decide');
    const responseUrl = standIn.responseUrl();
    const payload = pressPayload({ action: 'offboard_confirm', value: keyIn(shown), responseUrl });
    const startedAt = performance.now();
    expect((await send({ payload: JSON.stringify(payload) })).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    const said = await until(() => standIn.callsOf('response_url')[0]);
    expect(textOf(said.args as never)).toContain('Not taken yet');
    goOn();
    await until(async () => (await store.listIntents(everything)).items[0]?.status === 'pending');
    await until(() =>
      standIn
        .callsOf('response_url')
        .find(({ args }) => textOf(args as never).includes('Taken: being done now')),
    );
    await close();
  });
});

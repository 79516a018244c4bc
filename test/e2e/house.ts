import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type SignedDelivery, signBamboohr, signStandardWebhook } from '../../src/cli/demo-deliveries.ts';
import { type AuditReport, createAudit, importEntry } from '../../src/core/audit.ts';
import { type Outcome, outcomeSchema } from '../../src/core/outcome.ts';
import { createEmulator, type Emulator, emulatorDefaults } from '../../src/emulator/emulator.ts';
import { until } from '../support/until.ts';
import { type End, optionsOfStart, type RunningProcess, startProcess } from './process.ts';

/** What the configuration refers to by name. */
export const secrets = {
  GENAUTH_SECRET: emulatorDefaults.accessKeySecret,
  BAMBOOHR_KEY: 'private-key-of-the-bamboohr-webhook',
  WEBHOOK_SECRET: `whsec_${Buffer.from('the key of the scripts').toString('base64')}`,
  VERA_TOKEN: 'token-of-vera-who-may-only-look-at-it',
  OLAF_TOKEN: 'token-of-olaf-who-may-ask-and-pause-it',
  ANNA_TOKEN: 'token-of-anna-who-may-also-release-it',
} as const;

/** Sections of the configuration; what is given replaces the keys of the same name. */
export type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A reference by which the configuration takes a value from the environment. */
const from = (name: keyof typeof secrets): string => `\${${name}}`;

/** The configuration that most tests go by. @param genauth where GenAuth is */
export function sectionsFor(genauth: string): Sections {
  return {
    server: {
      port: 0,
      tokens: [
        { name: 'vera', role: 'viewer', token: from('VERA_TOKEN') },
        { name: 'olaf', role: 'operator', token: from('OLAF_TOKEN') },
        { name: 'anna', role: 'approver', token: from('ANNA_TOKEN') },
      ],
    },
    store: { url: 'sqlite:./bridge.db' },
    genauth: {
      host: genauth,
      accessKeyId: emulatorDefaults.accessKeyId,
      accessKeySecret: from('GENAUTH_SECRET'),
      timeout: '2s',
      requestsPerSecond: 2_000,
    },
    leavers: { dryRun: false, safeguard: { grace: '0ms' } },
    retry: { minDelay: '20ms', maxDelay: '200ms', giveUpAfter: '1h' },
    sources: {
      hr: { handler: 'bamboohr', secrets: [from('BAMBOOHR_KEY')], identifyBy: ['external_id', 'email'] },
      scripts: { handler: 'standard-webhooks', secrets: [from('WEBHOOK_SECRET')] },
    },
  };
}

/** A folder of its own with a configuration, an emulator within the test, and the bridge in a process of its own. */
export interface House {
  readonly folder: string;
  readonly config: string;
  readonly emulator: Emulator;
  /** The bridge that runs, or ran last. */
  readonly bridge: RunningProcess;
  readonly url: string;
  readonly adminUrl: string;
  /** Starts the bridge on the house's store and resolves once it is ready. */
  start(): Promise<void>;
  /** Ends the bridge, by `SIGTERM` unless told otherwise, and resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<End>;
  deliver(delivery: SignedDelivery): Promise<Answer>;
  /** Calls the operator API; a body makes it a `POST`. */
  ask(path: string, options?: { as?: 'vera' | 'olaf' | 'anna'; body?: object }): Promise<Answer>;
  /** Every outcome there is, over all pages. */
  outcomes(): Promise<Outcome[]>;
  /** What an audit of the whole trail comes to. */
  audit(): Promise<AuditReport>;
  /** Waits until there are at least so many outcomes of each of these types. */
  untilOutcomes(counts: Readonly<Record<string, number>>): Promise<Outcome[]>;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function openHouse(changes: Sections): Promise<House & { close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'offboard-bridge-e2e-'));
  const config = join(folder, 'bridge.yaml');
  const emulator = createEmulator();
  await emulator.start();
  await writeConfig(config, sectionsFor(emulator.url), changes);
  let bridge: RunningProcess | null = null;
  let urls = { url: '', adminUrl: '' };

  const current = (): RunningProcess => {
    if (!bridge) throw new Error('the bridge was not started');
    return bridge;
  };

  const outcomes = (): Promise<Outcome[]> => readOutcomes((path) => house.ask(path));

  const house = {
    folder,
    config,
    emulator,
    get bridge() {
      return current();
    },
    get url() {
      return urls.url;
    },
    get adminUrl() {
      return urls.adminUrl;
    },
    async start() {
      bridge = startProcess('src/main.ts', ['--config', config], {
        env: { ...secrets, NODE_OPTIONS: optionsOfStart },
        folder,
      });
      urls = addresses.parse(await bridge.logged('ready'));
    },
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      current().signal(signal);
      return current().ended;
    },
    async deliver({ source, headers, body }: SignedDelivery) {
      const signal = AbortSignal.timeout(10_000);
      return read(await fetch(`${urls.url}/hooks/${source}`, { method: 'POST', headers, body, signal }));
    },
    async ask(path: string, { as = 'vera', body }: Parameters<House['ask']>[1] = {}) {
      const token = { vera: secrets.VERA_TOKEN, olaf: secrets.OLAF_TOKEN, anna: secrets.ANNA_TOKEN }[as];
      const posted = body ? { method: 'POST', body: JSON.stringify(body) } : {};
      const headers = { authorization: `Bearer ${token}` };
      return read(await fetch(`${urls.adminUrl}/v1${path}`, { headers, ...posted }));
    },
    outcomes,
    audit: () => auditTrail(async (path) => (await house.ask(path)).body),
    async untilOutcomes(counts: Readonly<Record<string, number>>) {
      return until(
        async () => {
          const found = await outcomes();
          const isThere = ([type, count]: [string, number]): boolean =>
            found.filter((one) => one.type === type).length >= count;
          return Object.entries(counts).every(isThere) && found;
        },
        `outcomes: ${JSON.stringify(counts)}`,
      );
    },
    async close() {
      if (bridge) await house.stop('SIGKILL');
      await emulator.close().catch(() => {});
      await rm(folder, { recursive: true });
    },
  };
  return house;
}

/** Writes a configuration, of which the keys of some sections are replaced. */
export async function writeConfig(file: string, sections: Sections, changes: Sections): Promise<void> {
  const merged = { ...sections };
  for (const [name, keys] of Object.entries(changes)) merged[name] = { ...sections[name], ...keys };
  // YAML reads JSON.
  await writeFile(file, JSON.stringify(merged));
}

/** Every outcome there is, over all pages that `ask` gives. */
export async function readOutcomes(ask: (path: string) => Promise<Answer>): Promise<Outcome[]> {
  const all: Outcome[] = [];
  for (let next: string | null = '0'; next !== null; ) {
    const page: z.output<typeof outcomePage> = outcomePage.parse(
      (await ask(`/outcomes?limit=1000&after=${next}`)).body,
    );
    all.push(...page.outcomes);
    next = page.next;
  }
  return all;
}

const addresses = z.object({ url: z.string(), adminUrl: z.string() });
const trailPage = z.object({
  entries: z.array(z.looseObject(outcomeSchema.shape)),
  next: z.string().nullable(),
});

/** Follows the trail of a running bridge by pages of its operator API. */
export async function auditTrail(read: (path: string) => Promise<unknown>): Promise<AuditReport> {
  const audit = createAudit();
  for (let after: string | null = '0'; after !== null; ) {
    const { entries, next }: z.output<typeof trailPage> = trailPage.parse(
      await read(`/trail?limit=1000&after=${after}`),
    );
    for (const entry of entries) audit.add(importEntry(entry));
    after = next;
  }
  return audit.end();
}

const outcomePage = z.object({ outcomes: z.array(outcomeSchema), next: z.string().nullable() });

/** Runs a test in a house of its own, and clears it away however the test ends. */
export function inHouse(test: (house: House) => Promise<void>, changes: Sections = {}): () => Promise<void> {
  return async () => {
    const house = await openHouse(changes);
    try {
      await test(house);
    } finally {
      await house.close();
    }
  };
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

/** The ids of the intents that a delivery was answered with. */
export function intentsOf({ status, body }: Answer): readonly string[] {
  const answered = z.object({ intents: z.array(z.string()) }).safeParse(body);
  if (status !== 200 || !answered.success) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return answered.data.intents;
}

/** Somebody in GenAuth, by number; signed in to two apps. */
export function person(number: number) {
  return {
    userId: number.toString(16).padStart(24, '0'),
    email: `person-${number}@example.com`,
    externalId: `${number}`,
    username: `person-${number}`,
    sessions: ['app-mail', 'app-wiki'],
  };
}

/** A neutral event, signed; `at` is when it happened: now, unless told. */
export function event(type: string, data: object, at = new Date()): SignedDelivery {
  return signStandardWebhook({ type, timestamp: at.toISOString(), data }, secrets.WEBHOOK_SECRET);
}

/** BambooHR's word that these people are inactive now. */
export function inactive(
  people: readonly { readonly externalId: string; readonly email: string }[],
): SignedDelivery {
  const timestamp = new Date().toISOString();
  const employees = people.map(({ externalId, email }) => ({
    id: externalId,
    action: 'Updated',
    changedFields: ['Status'],
    fields: { Status: 'Inactive', 'Work Email': email },
    timestamp,
  }));
  return signBamboohr({ employees }, secrets.BAMBOOHR_KEY);
}

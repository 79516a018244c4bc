import { z } from 'zod';
import { identifierSchema } from '../core/identifier.ts';
import { actions } from '../core/intent.ts';
import { baseUrlSetting } from '../core/source-settings.ts';
import { kafka } from './kafka.ts';
import { safeguardSchema, sourceSafeguardSchema } from './safeguard.ts';
import { slackSchema } from './slack.ts';
import { tracing } from './tracing.ts';
import { areRead, count, duration, port, text } from './value.ts';

/** What an operator may do; each may do what the ones before it may. */
const roles = ['viewer', 'operator', 'approver'] as const;

const token = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, { error: 'is not a name of letters, digits and . _ @ -' })
    .describe('who holds it; recorded as the one who acted'),
  role: z
    .enum(roles)
    .describe('viewer reads; operator also asks, cancels, retries, pauses; approver also releases'),
  token: z
    .string()
    .min(32)
    .max(512)
    .regex(/^[\x21-\x7e]+$/, { error: 'has characters that an HTTP header cannot carry' })
    .describe('the bearer token, at least 32 characters'),
  slackUser: z
    .string()
    .regex(/^[UW][A-Z0-9]+$/, { error: 'is not the id of a Slack user, such as U024BE7LH' })
    .nullable()
    .default(null)
    .describe('the same person in Slack, who then cannot approve here what they asked for there'),
});

const tokens = z.array(token).superRefine(
  (list, context) => {
    for (const [index, one] of list.entries()) {
      for (const [key, message] of [
        ['name', 'was already given to another token'],
        ['token', 'is the same as that of another name'],
      ] as const) {
        const isTaken = list.slice(0, index).some((other) => other?.[key] === one?.[key]);
        if (isTaken) context.addIssue({ code: 'custom', path: [index, key], message });
      }
    }
  },
  { when: ({ value }) => Array.isArray(value) },
);

const admin = z.strictObject({
  host: text.default('127.0.0.1').describe('the address to listen on'),
  port: port.describe('the port to listen on'),
});

const server = z
  .strictObject({
    host: text.default('127.0.0.1').describe('the address to listen on'),
    port: port.default(8080).describe('the port to listen on; 0 = any free one'),
    admin: admin
      .nullable()
      .default(null)
      .describe('a listener of their own for the operator API and the metrics; null = on the same port'),
    trustProxy: z
      .union([z.boolean(), z.int().min(0).max(32)], {
        error: 'is neither true, false nor a number of proxies',
      })
      .default(false)
      .describe('whether X-Forwarded-For is believed; a number = that many proxies in front'),
    maxBodyBytes: z
      .int()
      .min(1_024)
      .max(67_108_864)
      .default(4_194_304)
      .describe('a larger delivery gets 413'),
    tokens: tokens
      .default([])
      .describe('who may use the operator API, each with a token of their own; with none it is switched off'),
  })
  .superRefine(
    (section, context) => {
      if (section.admin?.port === section.port && section.port !== 0) {
        context.addIssue({ code: 'custom', path: ['admin', 'port'], message: 'is the same as server.port' });
      }
    },
    { when: areRead('port') },
  );

const storeUrl = z.string().superRefine((url, context) => {
  const message = storeUrlFault(url);
  if (message !== null) context.addIssue({ code: 'custom', message });
});

function storeUrlFault(url: string): string | null {
  if (/^postgres(ql)?:/.test(url)) return postgresUrlFault(url);
  if (!/^sqlite:./.test(url)) return 'is neither sqlite:<path> nor postgres://…';
  if (url.startsWith('sqlite://'))
    return 'has // before its path; write sqlite:./file or sqlite:/path/to/file';
  return url === 'sqlite::memory:' ? 'names no file, so that what was acknowledged would be lost' : null;
}

/** The database is named, because the driver would otherwise take one that is called as the user. */
function postgresUrlFault(url: string): string | null {
  const { hostname = '', pathname = '' } = URL.parse(url) ?? {};
  const isWhole = hostname !== '' && /^\/[^/]+$/.test(pathname);
  return isWhole ? null : 'is not a URL such as postgres://user:password@host:5432/database';
}

const store = z.strictObject({
  url: storeUrl
    .default('sqlite:./data/bridge.db')
    .describe('sqlite:<path>, from the working directory, or postgres://user:password@host:5432/database'),
});

const genauth = z
  .strictObject({
    host: baseUrlSetting('https://api.genauth.ai').describe(
      'the base URL of the GenAuth management API, to which the access key is sent',
    ),
    accessKeyId: text.describe('the access key, or the user pool id'),
    accessKeySecret: text.describe('its secret'),
    auth: z.enum(['token', 'signature']).default('token').describe('how calls are authorized'),
    userPoolId: text
      .nullable()
      .default(null)
      .describe('null = as the token says, or else the same as accessKeyId'),
    kickAppIds: z
      .union([z.literal('all'), z.array(text).min(1).max(1_000)], {
        error: 'is neither all nor a list of app ids',
      })
      .default('all')
      .describe('all, or the ids of the apps that a kick without appIds signs out of'),
    timeout: duration({ maxMs: 600_000 }).prefault('10s').describe('of one call'),
    requestsPerSecond: z.number().min(1).max(10_000).default(50).describe('the most calls in a second'),
    concurrency: z.int().min(1).max(64).default(4).describe('the most calls at a time'),
    arrayEncoding: z
      .enum(['repeat', 'brackets'])
      .default('repeat')
      .describe('how get-user-batch gets its ids: userIds=a&userIds=b, or userIds[]=a&userIds[]=b'),
  })
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }));

const leavers = z
  .strictObject({
    dryRun: z
      .boolean({
        error: 'must be true (only watch, and settle intents as simulated) or false (really kick and resign)',
      })
      .describe(
        'required: true = only watch, and settle intents as simulated; false = really kick and resign',
      ),
    endSessions: z.boolean().default(true).describe('whoever is resigned is also signed out'),
    confirm: z.boolean().default(true).describe('read the user back to see that a call took effect'),
    maxEventAge: duration()
      .prefault('7d')
      .describe('events from longer ago wait for a person to release them'),
    fourEyes: z
      .boolean()
      .default(true)
      .describe('a resign that a person asks for waits until a second person approves it'),
    safeguard: safeguardSchema,
    askAgainAfter: duration({ minMs: 60_000 })
      .prefault('7d')
      .describe('what is held and undecided for that long is asked about anew; it never acts by itself'),
    protected: z
      .array(identifierSchema)
      .max(1_000)
      .default([])
      .describe('people to whom nothing is done before a person releases it'),
  })
  .transform(({ maxEventAge, askAgainAfter, ...rest }) => ({
    ...rest,
    maxEventAgeMs: maxEventAge,
    askAgainAfterMs: askAgainAfter,
  }));

const retry = z
  .strictObject({
    minDelay: duration().prefault('1s').describe('before the first repeat'),
    maxDelay: duration().prefault('15m').describe('the longest wait between repeats'),
    giveUpAfter: duration().prefault('72h').describe('an intent that is older fails as gave_up'),
  })
  .refine((section) => section.minDelay <= section.maxDelay, {
    path: ['minDelay'],
    error: 'is longer than retry.maxDelay',
    when: areRead('minDelay', 'maxDelay'),
  })
  .refine((section) => section.maxDelay < section.giveUpAfter, {
    path: ['maxDelay'],
    error: 'is not shorter than retry.giveUpAfter',
    when: areRead('maxDelay', 'giveUpAfter'),
  })
  .transform((section) => ({
    minDelayMs: section.minDelay,
    maxDelayMs: section.maxDelay,
    giveUpAfterMs: section.giveUpAfter,
  }));

const log = z.strictObject({
  level: z
    .enum(['info', 'warn', 'error'])
    .default('info')
    .describe('the least that is written: info, warn or error'),
});

const limits = z.strictObject({
  backlog: count
    .min(1)
    .default(100_000)
    .describe('how many intents may be due at once; above that, senders are asked to come back later (503)'),
});

const retention = z
  .strictObject({
    settled: duration().prefault('90d').describe('settled intents'),
    outcomes: duration().prefault('400d').describe('outcomes'),
    deadLetters: duration().prefault('30d').describe('dead letters'),
  })
  .refine((section) => section.outcomes >= section.settled, {
    path: ['outcomes'],
    error: 'is shorter than retention.settled',
    when: areRead('outcomes', 'settled'),
  })
  .transform(({ settled, outcomes, deadLetters }) => ({
    settledMs: settled,
    outcomesMs: outcomes,
    deadLettersMs: deadLetters,
  }));

/** What a person asks for in Slack must be possible to approve. */
function approvalFault(file: { slack?: unknown; leavers?: unknown }): string | null {
  const { allow, approve } = Object(file.slack);
  const { users = [], userGroups = [] } = Object(Object(allow).resign);
  const someAsk = [users, userGroups].flat().length > 0;
  if (!someAsk || Object(file.leavers).fourEyes === false || Object(approve).channel) return null;
  return 'is required: resigns asked for in Slack wait for an approval, as leavers.fourEyes says';
}

/** The whole file, except that each source is checked by its handler. */
export const fileSchema = z
  .strictObject({
    server: server.prefault({}).describe('how the bridge is reached'),
    store: store.prefault({}).describe('the durable memory'),
    genauth: genauth.describe('the management API'),
    leavers: leavers.describe('what is done to whom, and how carefully'),
    retry: retry.prefault({}).describe('when a call is repeated'),
    log: log.prefault({}).describe('the lines that it writes, as JSON'),
    limits: limits.prefault({}).describe('how much may wait'),
    retention: retention.prefault({}).describe('how long what is over is kept'),
    sources: z
      .record(z.string(), z.unknown())
      .prefault({})
      .describe('who may send: one entry per sender, by its id'),
    kafka: kafka
      .nullable()
      .default(null)
      .describe('topics to consume, and one for outcomes; null = no Kafka'),
    slack: slackSchema
      .nullable()
      .default(null)
      .describe('the Slack workspace from which people may ask; null = none'),
    tracing: tracing
      .nullable()
      .default(null)
      .describe('where traces of deliveries are sent (OpenTelemetry); null = nowhere'),
  })
  .superRefine(
    (file, context) => {
      const message = approvalFault(file);
      if (message !== null)
        context.addIssue({ code: 'custom', path: ['slack', 'approve', 'channel'], message });
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  );

/** The engine's own keys of a source, beside the settings of its handler. */
export const sourceSchema = z
  .strictObject({
    actions: z
      .array(z.enum(actions))
      .min(1)
      .default([...actions])
      .describe('what its events may lead to'),
    dryRun: z
      .boolean()
      .nullable()
      .default(null)
      .describe('true = watch this one source only; null = as leavers.dryRun says'),
    expectEvery: duration()
      .nullable()
      .default(null)
      .describe('alert when nothing came for so long; null = never'),
    safeguard: sourceSafeguardSchema,
  })
  .transform(({ expectEvery, ...rest }) => ({ ...rest, expectEveryMs: expectEvery }));

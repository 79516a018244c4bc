import { z } from 'zod';
import type { Config } from '../config.ts';
import type { Identifier } from '../core/identifier.ts';
import { createKafkaClient } from '../kafka/client.ts';
import type { KafkaFault } from '../kafka/port.ts';
import type { Answer, NotDone } from '../management-api/answer.ts';
import { createManagementApi, type ManagementApi } from '../management-api/client.ts';
import { StoreInUse, StoreMoved, StoreNewer } from '../store/contract.ts';
import { migrationsBehind, openStore } from '../store/open.ts';

/** What a probe found out about one thing. */
export interface Finding {
  readonly name: string;
  readonly verdict: 'ok' | 'failed' | 'skipped';
  readonly says: string;
  /** What to do about it; `null` when there is nothing to do. */
  readonly fix: string | null;
}

interface ProbeOptions {
  /** Whom to look up in GenAuth; a look changes nothing. */
  readonly user: Identifier | null;
}

const slackAnswer = z.object({ ok: z.boolean(), error: z.string().optional() });

type Probe = (config: Config, options: ProbeOptions) => Promise<readonly Finding[]>;

/** Tries everything that the bridge depends on, without doing anything to anybody. */
export async function probeAll(config: Config, options: ProbeOptions): Promise<readonly Finding[]> {
  const probes: readonly Probe[] = [probeStore, probeGenAuth, probeKafka, probeSlack];
  return (await Promise.all(probes.map((probe) => probe(config, options)))).flat();
}

const ok = (name: string, says: string): Finding => ({ name, verdict: 'ok', says, fix: null });
const failed = (name: string, says: string, fix: string): Finding => ({ name, verdict: 'failed', says, fix });

/**
 * A store that is not there yet is not made, and one of an earlier release is not migrated: that is for `serve` to do, as
 * the user it runs as, once there is a backup.
 */
async function probeStore({ store: { url } }: Config): Promise<readonly Finding[]> {
  const name = 'store';
  const isFile = url.startsWith('sqlite:');
  const store = isFile ? url : 'the database';
  try {
    const behind = await migrationsBehind(url);
    if (behind === null) return [ok(name, `${store} will be made by the first start`)];
    if (behind > 0) {
      const says = `${store} is of an earlier release: the next start migrates it, and there is no way back but a backup`;
      return [ok(name, says)];
    }
    await probeWriting(url);
    return [ok(name, `${store} can be written`)];
  } catch (error) {
    if (error instanceof StoreInUse) return [ok(name, `${store} is in use by a running bridge`)];
    return [failed(name, error instanceof Error ? error.message : String(error), storeFix(error, isFile))];
  }
}

function storeFix(error: unknown, isFile: boolean): string {
  if (error instanceof StoreMoved)
    return 'once offboard-bridge migrate-store is done, store.url is to name the new store';
  if (error instanceof StoreNewer) return 'use the release that wrote it, or a newer one';
  return isFile
    ? 'let the user of this process write to the file and its folder, on a local disk'
    : 'let this host and user reach the database, and make tables in it';
}

async function probeWriting(url: string): Promise<void> {
  const store = await openStore({ url, now: Date.now, onNudge: () => {} });
  await store.probe().finally(() => store.close());
}

async function probeGenAuth(config: Config, { user }: ProbeOptions): Promise<readonly Finding[]> {
  let tokenKind: Answer<unknown>['kind'] | null = null;
  const api = createManagementApi({
    ...config.genauth,
    onCall({ endpoint, kind }) {
      if (endpoint === 'get-management-token') tokenKind = kind;
    },
  });
  try {
    const applications = await api.listApplications();
    if (tokenKind !== null && tokenKind !== 'done' && applications.kind !== 'done')
      return [failed('genauth token', describe(applications), tokenFix(applications))];
    return [
      ...(tokenKind === null ? [] : [ok('genauth token', `given by ${config.genauth.host}`)]),
      judgeApplications(applications, config),
      ...(await probeLooks(api, config, user ?? config.leavers.protected[0] ?? null)),
    ];
  } finally {
    api.close();
  }
}

function judgeApplications(answer: Answer<readonly string[]>, { genauth }: Config): Finding {
  const name = 'genauth list-applications';
  if (answer.kind !== 'done') return failed(name, describe(answer), rightsFix(answer));
  const { kickAppIds } = genauth;
  const missing = kickAppIds === 'all' ? [] : kickAppIds.filter((appId) => !answer.data.includes(appId));
  if (missing.length === 0) return ok(name, `${answer.data.length} application(s)`);
  return failed(name, `there is no application ${missing.join(', ')}`, 'correct genauth.kickAppIds');
}

/** Looks at one user in both ways: SDKs do not agree on how the batch's list of ids is written in a query. */
async function probeLooks(
  api: ManagementApi,
  config: Config,
  user: Identifier | null,
): Promise<readonly Finding[]> {
  const [one, batch] = ['genauth get-user', 'genauth get-user-batch'] as const;
  if (!user) {
    const says = 'nobody is known to look up';
    const fix = 'name an existing user: --user email:ada@example.com';
    return [{ name: one, verdict: 'skipped', says, fix }];
  }
  const look = await api.getUser(user);
  if (look.kind !== 'done') return [failed(one, describe(look), rightsFix(look))];
  if (!look.data) return [failed(one, 'there is no such user', 'name a user that exists with --user')];
  const { userId } = look.data;
  const isFound = async (tried: ManagementApi): Promise<boolean> => {
    const answer = await tried.getUsers({ userIdType: 'user_id', userIds: [userId] });
    return answer.kind === 'done' && answer.data.some((found) => found.userId === userId);
  };
  if (await isFound(api)) return [ok(one, 'finds the user'), ok(batch, 'finds the same user')];
  const arrayEncoding = config.genauth.arrayEncoding === 'repeat' ? 'brackets' : 'repeat';
  const other = createManagementApi({ ...config.genauth, arrayEncoding });
  try {
    const fix = (await isFound(other))
      ? `set genauth.arrayEncoding to ${arrayEncoding}: with that it does`
      : 'let the access key read users in batches; neither genauth.arrayEncoding finds this one';
    return [ok(one, 'finds the user'), failed(batch, 'does not find the same user', fix)];
  } finally {
    other.close();
  }
}

async function probeKafka({ kafka }: Config): Promise<readonly Finding[]> {
  if (!kafka) return [];
  const silent = { info() {}, warn() {}, error() {} };
  const { consume, outcomes } = kafka;
  const wanted = [...consume, ...(outcomes ? [outcomes] : [])].map(({ topic }) => topic);
  const { fault, topics } = await createKafkaClient(kafka, silent).probe([...new Set(wanted)]);
  const brokers = 'kafka brokers';
  if (fault) return [failed(brokers, fault.message, kafkaFix(fault))];
  const found = topics.map(({ topic, fault: missing }) => {
    const name = `kafka topic ${topic}`;
    return missing ? failed(name, missing.message, kafkaFix(missing)) : ok(name, 'is there');
  });
  return [ok(brokers, 'let us in'), ...found];
}

function kafkaFix({ code }: KafkaFault): string {
  switch (code) {
    case 'unreachable':
      return 'check kafka.brokers and kafka.ssl, and that this machine may reach them (DNS, firewall)';
    case 'credentials_refused':
      return 'check mechanism, username and password of kafka.sasl';
    case 'not_authorized':
      return 'let the user of kafka.sasl describe this topic, and read it (kafka.consume) or write to it (kafka.outcomes)';
    case 'no_such_topic':
      return 'create the topic, or correct its name in kafka.consume or kafka.outcomes';
    case 'failed':
      return "see what the broker's log says about it";
  }
}

/** `auth.test` says whose a bot token is; `apps.connections.open` only gives an address, and opens nothing. */
async function probeSlack({ slack }: Config): Promise<readonly Finding[]> {
  if (!slack) return [];
  const { apiUrl, botToken, appToken, mode } = slack;
  const asked = [probeSlackMethod({ url: `${apiUrl}auth.test`, token: botToken, key: 'slack.botToken' })];
  if (mode === 'socket' && appToken !== null)
    asked.push(
      probeSlackMethod({ url: `${apiUrl}apps.connections.open`, token: appToken, key: 'slack.appToken' }),
    );
  return Promise.all(asked);
}

const slackTimeoutMs = 10_000;

async function probeSlackMethod({
  url,
  token,
  key,
}: Record<'url' | 'token' | 'key', string>): Promise<Finding> {
  const name = `slack ${url.slice(url.lastIndexOf('/') + 1)}`;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(slackTimeoutMs),
    });
    const answer = slackAnswer.parse(await response.json());
    if (answer.ok) return ok(name, 'Slack knows the token');
    return failed(name, answer.error ?? `Slack answers ${response.status}`, `check ${key}`);
  } catch {
    const fix = 'check slack.apiUrl, and that this machine may reach it (DNS, firewall, proxy)';
    return failed(name, 'no answer that is of Slack', fix);
  }
}

function describe({ kind, summary: { statusCode, apiCode, message } }: NotDone): string {
  const codes = [statusCode, apiCode].filter((one) => one !== null).join('/');
  return [kind, codes, message].filter(Boolean).join(' ');
}

function tokenFix(answer: NotDone): string {
  return answer.kind === 'unknown' || answer.kind === 'busy'
    ? rightsFix(answer)
    : 'check genauth.accessKeyId and genauth.accessKeySecret, and that genauth.host is where they are of';
}

function rightsFix({ kind }: NotDone): string {
  switch (kind) {
    case 'unknown':
      return 'check genauth.host, and that this machine may reach it (DNS, firewall, proxy)';
    case 'busy':
      return 'try again later; if it stays, lower genauth.requestsPerSecond';
    case 'refused':
    case 'forbidden':
    case 'denied':
      return 'give the access key the rights for this in the GenAuth console, and check genauth.userPoolId';
  }
}

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Admin, Kafka, logLevel, type RetryOptions } from 'kafkajs';
import { classPath, type Distribution, fetchDistribution } from './distribution.ts';
import { chooseFreePorts } from './free-ports.ts';

const run = promisify(execFile);

const startTimeoutMs = 60_000;
const pollMs = 50;
/** Small and short-lived: what matters is a quick start, and a core left for the tests. */
const javaOptions = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const classArchive = 'classes.jsa';

/** Known to the SASL listener, by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
export const kafkaUser = { username: 'bridge', password: 'a-password-for-tests' } as const;

/** A real Apache Kafka on loopback: one node that is broker and controller, with three listeners. */
export interface KafkaBroker {
  /** Addresses as `host:port`; they stay the same through every restart. */
  readonly plaintext: string;
  readonly sasl: string;
  readonly tls: string;
  /** Tells whoever comes by it to go on by the address that was given at the start. */
  readonly proxied: string;
  /** The certificate of the TLS listener, in PEM. */
  readonly ca: string;
  createTopic(topic: string, partitions?: number): Promise<void>;
  /** Ends it in order; its data stay. */
  stop(): Promise<void>;
  /** Ends it as a crash would; its data stay. */
  kill(): Promise<void>;
  /** Starts it on the same ports and data, after a stop if it runs. */
  restart(): Promise<void>;
  /** Ends it for good and deletes its data. */
  close(): Promise<void>;
}

/** What one broker keeps from start to start. */
interface Node {
  readonly distribution: Distribution;
  /** Its settings, data and log. */
  readonly folder: string;
  readonly plaintext: string;
  readonly sasl: string;
  readonly tls: string;
  readonly proxied: string;
  readonly controller: string;
  /** Where a proxy in front of it listens. */
  readonly proxy: string;
}

/**
 * Starts an empty broker; resolves when it answers. It ends when this process does, however that comes about. The
 * first call ever on a machine fetches Kafka, which takes many seconds; later ones take about two.
 */
export async function startKafka({ proxy = '' }: KafkaOptions = {}): Promise<KafkaBroker> {
  const archiveOption = `-XX:SharedArchiveFile=${classArchive}`;
  return startNode(await fetchDistribution(recordClasses), { archiveOption, proxy });
}

export interface KafkaOptions {
  /** The address of a proxy that leads to the `proxied` listener. */
  readonly proxy?: string;
}

/** A first life in which the JVM writes down the classes that it loads: the later ones start in half the time. */
async function recordClasses(distribution: Distribution): Promise<void> {
  const archiveOption = `-XX:ArchiveClassesAtExit=${classArchive}`;
  const broker = await startNode(distribution, { archiveOption, proxy: '' });
  await broker.stop();
  await broker.close();
}

interface NodeOptions {
  readonly archiveOption: string;
  readonly proxy: string;
}

async function startNode(distribution: Distribution, options: NodeOptions): Promise<KafkaBroker> {
  const { archiveOption, proxy } = options;
  const node = await createNode(distribution, proxy);
  const start = () => launch(node, archiveOption);
  let jvm = await start().catch(async (error: unknown) => {
    await rm(node.folder, { recursive: true });
    throw error;
  });
  return {
    plaintext: node.plaintext,
    sasl: node.sasl,
    tls: node.tls,
    proxied: node.proxied,
    ca: distribution.ca,
    createTopic: (topic, partitions = 1) => createTopic(node.plaintext, topic, partitions),
    stop: () => end(jvm, 'SIGTERM'),
    kill: () => end(jvm, 'SIGKILL'),
    async restart() {
      await end(jvm, 'SIGTERM');
      jvm = await start();
    },
    async close() {
      await end(jvm, 'SIGKILL');
      await rm(node.folder, { recursive: true });
    },
  };
}

/** Chooses its ports, writes its settings and formats its storage. */
async function createNode(distribution: Distribution, proxy: string): Promise<Node> {
  const addresses = await chooseFreeAddresses();
  const folder = await mkdtemp(join(tmpdir(), 'kafka-'));
  const node: Node = { distribution, folder, ...addresses, proxy: proxy || addresses.proxied };
  const settings = Object.entries(brokerSettings(node)).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(settingsFile(node), settings);
  const format = ['format', `--cluster-id=${randomBytes(16).toString('base64url')}`];
  const credentials = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${kafkaUser.username},password=${kafkaUser.password}]`,
  ]);
  const tool = ['kafka.tools.StorageTool', ...format, ...credentials, '--config', settingsFile(node)];
  const archiveOption = `-XX:SharedArchiveFile=${classArchive}`;
  await run('java', [...javaArguments(distribution, archiveOption), ...tool], { cwd: distribution.folder });
  return node;
}

async function chooseFreeAddresses() {
  const [plaintext, sasl, tls, proxied, controller] = await chooseFreePorts(5);
  const at = (port: number | undefined) => `127.0.0.1:${port}`;
  return {
    plaintext: at(plaintext),
    sasl: at(sasl),
    tls: at(tls),
    proxied: at(proxied),
    controller: at(controller),
  };
}

function settingsFile(node: Node): string {
  return join(node.folder, 'server.properties');
}

function brokerSettings(node: Node): Record<string, string | number | boolean> {
  const listeners = `PLAINTEXT://${node.plaintext},SASL_PLAINTEXT://${node.sasl},SSL://${node.tls},PROXIED://`;
  const security = 'org.apache.kafka.common.security';
  const scram = `${security}.scram.ScramLoginModule required;`;
  const { username, password } = kafkaUser;
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${node.controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `${listeners}${node.proxied},CONTROLLER://${node.controller}`,
    'advertised.listeners': `${listeners}${node.proxy}`,
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(node.folder, 'data'),
    'auto.create.topics.enable': false,
    // After a crash the controller, which is the same process, waits for the end of the broker's old session.
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'listener.name.sasl_plaintext.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${security}.plain.PlainLoginModule required user_${username}="${password}";`,
    'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config': scram,
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': node.distribution.keystore,
    'ssl.keystore.password': node.distribution.keystorePassword,
  };
}

function javaArguments(distribution: Distribution, archiveOption: string): string[] {
  const logOption = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
  return [...javaOptions, archiveOption, logOption, '-cp', classPath(distribution)];
}

async function launch(node: Node, archiveOption: string): Promise<ChildProcess> {
  const log = openSync(join(node.folder, 'broker.log'), 'a');
  const command = [...javaArguments(node.distribution, archiveOption), 'kafka.Kafka', settingsFile(node)];
  const jvm = spawn('java', command, { cwd: node.distribution.folder, stdio: ['ignore', log, log] });
  closeSync(log);
  await once(jvm, 'spawn');
  guard(jvm, node.folder);
  await untilItAnswers(jvm, node);
  return jvm;
}

/** A shell at the other end of a pipe, which closes even when this process is killed; it then clears away. */
function guard(jvm: ChildProcess, folder: string): void {
  const guardian = spawn('sh', ['-c', 'cat; kill -9 "$0"; rm -rf "$1"', String(jvm.pid), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guardian.unref();
  if (guardian.stdin instanceof Socket) guardian.stdin.unref();
  jvm.once('exit', () => guardian.kill('SIGKILL'));
}

async function untilItAnswers(jvm: ChildProcess, node: Node): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (!(await answers(node.plaintext))) {
    const ended = hasEnded(jvm);
    if (ended || Date.now() > deadline) {
      await end(jvm, 'SIGKILL');
      const log = await readFile(join(node.folder, 'broker.log'), 'utf8');
      throw new Error(`Kafka ${ended ? 'ended' : 'did not answer'} while starting:\n${log.slice(-4_000)}`);
    }
    await delay(pollMs);
  }
}

/** Also for groups: it makes their topic when first asked about one, and refuses them until that is loaded. */
async function answers(address: string): Promise<boolean> {
  try {
    await administer(address, { retries: 2, initialRetryTime: pollMs }, (admin) =>
      admin.fetchOffsets({ groupId: 'none' }),
    );
    return true;
  } catch {
    return false;
  }
}

async function createTopic(address: string, topic: string, numPartitions: number): Promise<void> {
  await administer(address, { retries: 10 }, (admin) =>
    admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true }),
  );
}

async function administer<T>(
  address: string,
  retry: RetryOptions,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, retry });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function end(jvm: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (hasEnded(jvm)) return;
  const exited = once(jvm, 'exit');
  jvm.kill(signal);
  await exited;
}

function hasEnded(jvm: ChildProcess): boolean {
  return jvm.exitCode !== null || jvm.signalCode !== null;
}

import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const pom = fileURLToPath(new URL('./pom.xml', import.meta.url));
const cache = fileURLToPath(new URL('../../../.cache/kafka/', import.meta.url));
/** Another pom is another folder: a change of version fetches anew, and switching back does not. */
const home = join(cache, createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12));
const oldestJava = 17;
const keystorePassword = 'changeit';

/** One folder with all that a broker needs and that is the same for every broker. */
export interface Distribution {
  readonly folder: string;
  /** A PKCS12 keystore with a self-signed certificate for `localhost` and `127.0.0.1`. */
  readonly keystore: string;
  readonly keystorePassword: string;
  /** The same certificate, in PEM: what a client has to trust. */
  readonly ca: string;
}

export type Availability =
  | { readonly available: true }
  | { readonly available: false; readonly reason: string };

/** Whether tests can have a Kafka: one that is already there, by `KAFKA_BROKERS`, or one of their own. */
export function kafkaAvailability(): Availability {
  return process.env.KAFKA_BROKERS ? { available: true } : ownKafkaAvailability();
}

/** Whether tests can start a Kafka of their own, with the listeners they need, and kill it. */
export function ownKafkaAvailability(): Availability {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const version = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0);
  if (version < oldestJava) {
    return { available: false, reason: `Kafka needs Java ${oldestJava} or newer, or KAFKA_BROKERS` };
  }
  if (!existsSync(home) && spawnSync('mvn', ['--version']).status !== 0) {
    return {
      available: false,
      reason: 'Maven, which fetches Kafka, is not installed, and KAFKA_BROKERS not set',
    };
  }
  return { available: true };
}

/**
 * The distribution, fetched by the first who asks. It is made under a temporary name and then renamed, so that one
 * that exists is whole, and of two processes that make it at once one wins. `rehearse` runs in it before that.
 */
export async function fetchDistribution(
  rehearse: (draft: Distribution) => Promise<void>,
): Promise<Distribution> {
  if (!existsSync(home)) {
    await mkdir(cache, { recursive: true });
    const draft = await mkdtemp(join(cache, 'draft-'));
    try {
      await run('mvn', ['-B', '-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${draft}`]);
      await makeCertificate(draft);
      await rehearse(await openDistribution(draft));
      await rename(draft, home);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      if (!existsSync(home)) throw error;
    }
  }
  return openDistribution(home);
}

/** File names only and in a fixed order, because a class archive is good for one and the same class path. */
export function classPath({ folder }: Distribution): string {
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  return jars.sort().join(delimiter);
}

async function openDistribution(folder: string): Promise<Distribution> {
  const ca = await readFile(join(folder, 'ca.pem'), 'utf8');
  return { folder, keystore: join(folder, 'broker.p12'), keystorePassword, ca };
}

async function makeCertificate(folder: string): Promise<void> {
  const entry = ['-alias', 'broker', '-keystore', 'broker.p12', '-storepass', keystorePassword];
  const key = ['-keyalg', 'EC', '-validity', '3650', '-storetype', 'PKCS12'];
  const name = ['-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1', '-ext', 'bc=ca:true'];
  await run('keytool', ['-genkeypair', ...entry, ...key, ...name], { cwd: folder });
  await run('keytool', ['-exportcert', '-rfc', ...entry, '-file', 'ca.pem'], { cwd: folder });
}

import type { KafkaFault } from './port.ts';

/** What is to be known of an error of the client, which wraps the cause in layers of its own. */
interface Layer {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly type?: unknown;
  readonly code?: unknown;
  readonly broker?: unknown;
  readonly cause?: unknown;
}

const maxLayers = 8;
const notAuthorized = /_AUTHORIZATION_FAILED$/;
const connectionErrors = [
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSGroupCoordinatorNotFound',
];

/** Tells, of an error of the client, what somebody who can mend it needs to know. */
export function faultOf(error: unknown): KafkaFault {
  const layers = layersOf(error);
  const find = (test: (layer: Layer) => boolean): Layer | undefined => layers.findLast(test);
  const refused = find(({ name }) => String(name).startsWith('KafkaJSSASL'));
  if (refused) return { code: 'credentials_refused', message: 'Kafka refuses the credentials of kafka.sasl' };
  const denied = find(({ type }) => notAuthorized.test(String(type)));
  if (denied) return { code: 'not_authorized', message: `Kafka does not let us: ${denied.type}` };
  if (find(({ type }) => type === 'UNKNOWN_TOPIC_OR_PARTITION')) {
    return { code: 'no_such_topic', message: 'a topic of the configuration does not exist' };
  }
  const lost = find(({ name }) => connectionErrors.includes(String(name)));
  if (lost) {
    const { broker, code } = lost;
    const where = typeof broker === 'string' ? ` at ${broker}` : '';
    return { code: 'unreachable', message: `Kafka cannot be reached${where}${reasonOf(code)}` };
  }
  const last = layers.at(-1);
  return { code: 'failed', message: `${last?.name ?? typeof error}: ${last?.type ?? last?.message ?? ''}` };
}

function reasonOf(code: unknown): string {
  return typeof code === 'string' ? ` (${code})` : '';
}

/** From the outermost to the cause of it all. */
function layersOf(error: unknown): Layer[] {
  const layers: Layer[] = [];
  for (let next = error; next instanceof Error && layers.length < maxLayers; next = next.cause)
    layers.push(next);
  return layers;
}

import type { Admin, Batch, Consumer, EachBatchPayload, IHeaders, Kafka, KafkaMessage } from 'kafkajs';
import { faultOf } from './fault.ts';
import type { ConsumeOptions, KafkaFault, KafkaRecord, RecordBatch, TopicStart } from './port.ts';

/** Short, so that stopping and resuming are too; a fetch that finds something answers at once. */
const maxWaitTimeInMs = 500;
/** After so long the group gives the partitions of a consumer that was killed to another. */
const sessionTimeout = 10_000;
const heartbeatInterval = 2_000;
/** How long leaving the group may take before the connection is simply given up. */
const disconnectMs = 5_000;
/** What passes by itself is repeated by kafkajs; what lasts longer is for whoever called. */
const retry = { retries: 4, initialRetryTime: 200, maxRetryTime: 2_000 };

/** See `KafkaClient.consume`. */
export async function consume(
  kafka: Kafka,
  options: ConsumeOptions,
  signal: AbortSignal,
): Promise<KafkaFault | null> {
  const { groupId } = options;
  const consumer = kafka.consumer({
    groupId,
    maxWaitTimeInMs,
    sessionTimeout,
    heartbeatInterval,
    allowAutoTopicCreation: false,
    // A crash is final: whether and when there is another consumer is decided in one place, and not by kafkajs.
    retry: { ...retry, restartOnFailure: async () => false },
  });
  const end = watch(consumer, options, signal);
  try {
    const started = start(kafka, consumer, options, signal);
    await Promise.race([started, end]);
    return await end;
  } catch (error) {
    return faultOf(error);
  } finally {
    await giveUpAfter(disconnectMs, consumer.disconnect());
  }
}

/** Resolves at the signal, rejects when the consumer has died. */
function watch(consumer: Consumer, options: ConsumeOptions, signal: AbortSignal): Promise<null> {
  const { onContact, onAssigned = () => {} } = options;
  const { CRASH, GROUP_JOIN, HEARTBEAT, START_BATCH_PROCESS } = consumer.events;
  // An empty fetch is no sign of life: kafkajs reports one also when the connection was lost.
  for (const event of [GROUP_JOIN, HEARTBEAT, START_BATCH_PROCESS]) consumer.on(event, onContact);
  consumer.on(GROUP_JOIN, onAssigned);
  const end = new Promise<null>((resolve, reject) => {
    consumer.on(CRASH, ({ payload }) => reject(payload.error));
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  end.catch(() => {});
  return end;
}

async function start(
  kafka: Kafka,
  consumer: Consumer,
  { groupId, topics, onBatch }: ConsumeOptions,
  signal: AbortSignal,
): Promise<void> {
  await pinNewTopics(kafka, groupId, topics);
  if (signal.aborted) return;
  await consumer.connect();
  // Where to begin is pinned: whatever has no offset now is a new partition, or one whose records have expired.
  await consumer.subscribe({ topics: topics.map(({ topic }) => topic), fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: (payload) => onBatch(recordBatch(payload, signal)),
  });
}

/**
 * Writes down where a group begins that starts a topic at its end. Kafka would ask for the end anew at every start
 * until the first commit, and again for every new partition, and so pass over what came in between.
 */
async function pinNewTopics(kafka: Kafka, groupId: string, topics: readonly TopicStart[]): Promise<void> {
  const latest = topics.filter(({ from }) => from === 'latest').map(({ topic }) => topic);
  if (latest.length === 0) return;
  const admin = kafka.admin({ retry });
  try {
    await admin.connect();
    const known = await admin.fetchOffsets({ groupId, topics: latest });
    const fresh = known.filter(({ partitions }) => partitions.every(({ offset }) => Number(offset) < 0));
    for (const { topic } of fresh) await pinToEnd(admin, groupId, topic);
  } finally {
    await giveUpAfter(disconnectMs, admin.disconnect());
  }
}

async function pinToEnd(admin: Admin, groupId: string, topic: string): Promise<void> {
  const partitions = await admin.fetchTopicOffsets(topic);
  await admin.setOffsets({
    groupId,
    topic,
    partitions: partitions.map(({ partition, offset }) => ({ partition, offset })),
  });
}

function recordBatch(payload: EachBatchPayload, signal: AbortSignal): RecordBatch {
  const { batch, isRunning, isStale, resolveOffset, uncommittedOffsets, commitOffsetsIfNecessary } = payload;
  return {
    topic: batch.topic,
    partition: batch.partition,
    records: readRecords(batch),
    endOffset: batch.highWatermark,
    isStale: () => signal.aborted || !isRunning() || isStale(),
    markDone: resolveOffset,
    commit: () => commitOffsetsIfNecessary(uncommittedOffsets()),
    heartbeat: payload.heartbeat,
    pause: payload.pause,
  };
}

function readRecords({ messages }: Batch): KafkaRecord[] {
  return messages.map(({ offset, headers = {}, value }: KafkaMessage) => ({
    offset,
    headers: readHeaders(headers),
    value,
  }));
}

function readHeaders(headers: IHeaders): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) read[name.toLowerCase()] = [value].flat().map(String).join(', ');
  }
  return read;
}

/** Waits for something that ought to end by itself, but not for ever; whether it fails does not matter any more. */
async function giveUpAfter(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), enough]);
  clearTimeout(timer);
}

import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { backoffMs } from '../core/backoff.ts';
import type { Delivery } from '../core/handler.ts';
import type { Log } from '../core/log.ts';
import type { KafkaClient, KafkaFault, KafkaRecord, RecordBatch, TopicStart } from '../kafka/port.ts';
import type { Receiver } from './receive.ts';

/** A topic, and the source that its records are deliveries of. */
export interface TopicBinding extends TopicStart {
  readonly source: string;
}

export interface KafkaIngressOptions {
  readonly client: Pick<KafkaClient, 'consume'>;
  readonly receiver: Pick<Receiver, 'receive' | 'skip'>;
  readonly groupId: string;
  readonly topics: readonly TopicBinding[];
  readonly log: Log;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** After so long without a sign of life the consumer is replaced; two minutes unless told. */
  readonly stallMs?: number;
}

/** Consumes the topics, and goes on until it is stopped, whatever becomes of Kafka in between. */
export interface KafkaIngress {
  start(): void;
  /** Finishes what was handed over, leaves the group, and resolves when that is done. */
  stop(): Promise<void>;
  /** What keeps it from consuming; `null` = nothing. */
  trouble(): KafkaTrouble | null;
  /** Since when the brokers have not shown that the consumer is alive, in milliseconds. */
  contactAgeMs(): number;
  /** How far it is behind, as of the last fetch of each partition that it has had something of. */
  lags(): readonly PartitionLag[];
}

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** The records past the last that is kept. */
  readonly records: number;
}

export type KafkaTrouble = KafkaFault | { readonly code: 'silent'; readonly message: string };

/** The most records that are taken in at once; they share a commit of the store. */
const maxAtOnce = 2_000;
/** How long a partition is left alone when the store can take no more. */
const busyMs = 1_000;
/** Long after the group has taken a consumer for dead that has been silent for so long. */
const silentMs = 30_000;
const defaultStallMs = 120_000;
const backoff = { minDelayMs: 1_000, maxDelayMs: 30_000 };

export function createKafkaIngress(options: KafkaIngressOptions): KafkaIngress {
  const { client, groupId, topics, log, random, stallMs = defaultStallMs } = options;
  const stopping = new AbortController();
  const lags = createLags();
  const onBatch = batchTaker(options, lags.note);
  let running: Promise<void> | null = null;
  let contactAt = performance.now();
  let fault: KafkaTrouble | null = null;
  let joined = false;

  const contactAgeMs = (): number => performance.now() - contactAt;

  function onContact(): void {
    contactAt = performance.now();
    fault = null;
    if (!joined) log.info({ topics: topics.map(({ topic }) => topic) }, 'Kafka is being consumed');
    joined = true;
  }

  /** The life of one consumer. @returns why it ended, or `null` when it was to */
  async function consumeOnce(): Promise<KafkaTrouble | null> {
    const stalled = new AbortController();
    const beganAt = performance.now();
    joined = false;
    const watchdog = setInterval(() => {
      if (Math.min(contactAgeMs(), performance.now() - beganAt) > stallMs) stalled.abort();
    }, stallMs / 10);
    const signal = AbortSignal.any([stopping.signal, stalled.signal]);
    const ended = await client.consume(
      { groupId, topics, onBatch, onContact, onAssigned: lags.forget },
      signal,
    );
    clearInterval(watchdog);
    if (ended || stopping.signal.aborted) return ended;
    return { code: 'silent', message: 'Kafka has not answered for too long' };
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const ended = await consumeOnce();
      if (!ended || stopping.signal.aborted) return;
      fault = ended;
      failures = joined ? 1 : failures + 1;
      const delayMs = backoffMs(failures, backoff, random());
      const facts = { code: ended.code, reason: ended.message, delayMs };
      log.warn(facts, 'Kafka is not being consumed; the next try is under way');
      await sleep(delayMs, null, { signal: stopping.signal }).catch(() => {});
    }
  }

  return {
    start() {
      contactAt = performance.now();
      running ??= run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
    trouble() {
      if (fault) return fault;
      const ageMs = contactAgeMs();
      if (ageMs <= silentMs) return null;
      return { code: 'silent', message: `Kafka has not answered for ${Math.round(ageMs / 1_000)} s` };
    },
    contactAgeMs,
    lags: lags.list,
  };
}

/** Offsets may be larger than a number can hold exactly; what is between two of them is not. */
function createLags() {
  const lags = new Map<string, PartitionLag>();
  return {
    /** @param next the first offset that is not kept */
    note({ topic, partition, endOffset }: RecordBatch, next: bigint): void {
      const records = Math.max(0, Number(BigInt(endOffset) - next));
      lags.set(`${topic}/${partition}`, { topic, partition, records });
    },
    forget: (): void => lags.clear(),
    list: (): readonly PartitionLag[] => [...lags.values()],
  };
}

/** Takes records in, in order and in pieces, and marks as done only what is on disk. */
function batchTaker(
  { receiver, topics }: KafkaIngressOptions,
  noteLag: (batch: RecordBatch, next: bigint) => void,
): (batch: RecordBatch) => Promise<void> {
  const sources = new Map(topics.map(({ topic, source }) => [topic, source]));

  /** @returns how many records are kept before the first that is not */
  async function take(source: string, batch: RecordBatch, records: readonly KafkaRecord[]): Promise<number> {
    const receptions = records.map(async (record) => {
      const delivery = deliveryOf(batch, record);
      if (delivery) return (await receiver.receive(source, delivery, { trusted: true })).kind;
      receiver.skip(source);
      return 'skipped';
    });
    const busy = (await Promise.all(receptions)).indexOf('busy');
    return busy === -1 ? records.length : busy;
  }

  async function takeAll(source: string, batch: RecordBatch): Promise<void> {
    for (let next = 0; next < batch.records.length && !batch.isStale(); next += maxAtOnce) {
      const records = batch.records.slice(next, next + maxAtOnce);
      const kept = await take(source, batch, records);
      const last = records[kept - 1];
      if (last) {
        batch.markDone(last.offset);
        noteLag(batch, BigInt(last.offset) + 1n);
      }
      if (kept < records.length) {
        setTimeout(batch.pause(), busyMs).unref();
        return;
      }
      await batch.heartbeat();
      // Records that nobody keeps need no disk: without this they would let nothing else have its turn.
      await turn();
    }
  }

  return async (batch) => {
    const source = sources.get(batch.topic);
    if (source === undefined) throw new Error(`the topic ${batch.topic} is bound to no source`);
    try {
      await takeAll(source, batch);
    } finally {
      await batch.commit();
    }
  };
}

/** `null` is a tombstone: it has no content, and asks for nothing. */
function deliveryOf({ topic, partition }: RecordBatch, record: KafkaRecord): Delivery | null {
  const { offset, headers, value } = record;
  if (value === null) return null;
  return { method: 'POST', query: {}, headers, body: value, position: `${topic}/${partition}/${offset}` };
}

import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs, { type KafkaConfig, type LogEntry } from 'kafkajs';
import type { Log } from '../core/log.ts';
import { consume } from './consumer.ts';
import type { KafkaClient, KafkaSettings } from './port.ts';
import { probe } from './probe.ts';
import { openProducer } from './producer.ts';

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;

/** Of one connection; kafkajs' own second is short for TLS over a long way. */
const connectionTimeoutMs = 3_000;
const requestTimeoutMs = 15_000;
/** Of connecting; whoever needs a connection tries again for as long as it is needed. */
const retry = { retries: 2, initialRetryTime: 200, maxRetryTime: 1_000 };

// kafkajs brings gzip only; Node itself has zstd.
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => promisify(zstdCompress)(buffer),
  decompress: (buffer: Buffer) => promisify(zstdDecompress)(buffer),
});

/** The port on kafkajs 2. Nothing is connected before it is used. */
export function createKafkaClient(settings: KafkaSettings, log: Log): KafkaClient {
  // kafkajs writes into the objects it is given, so that each of its clients gets its own.
  const connect = () => new Kafka(clientConfig(settings, log));
  return {
    consume: (options, signal) => consume(connect(), options, signal),
    openProducer: () => openProducer(connect()),
    probe: (topics) => probe(connect(), topics),
  };
}

function clientConfig({ brokers, ssl, sasl }: KafkaSettings, log: Log): KafkaConfig {
  const config: KafkaConfig = {
    clientId: 'offboard-bridge',
    brokers: [...brokers],
    ssl: typeof ssl === 'boolean' ? ssl : { ca: ssl.ca },
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: requestTimeoutMs,
    retry,
    logLevel: logLevel.ERROR,
    logCreator: () => (entry) => passOn(entry, log),
  };
  if (sasl) config.sasl = saslOptions(sasl);
  return config;
}

function saslOptions({ mechanism, username, password }: NonNullable<KafkaSettings['sasl']>) {
  const credentials = { username, password };
  switch (mechanism) {
    case 'plain':
      return { mechanism, ...credentials };
    case 'scram-sha-256':
      return { mechanism, ...credentials };
    case 'scram-sha-512':
      return { mechanism, ...credentials };
  }
}

/**
 * What ends a consumer or a send is told by those. Only faults of the group are logged here: kafkajs mends them by itself,
 * and may lose records by it.
 */
function passOn({ namespace, log: { message, topic, partition } }: LogEntry, log: Log): void {
  if (namespace === 'ConsumerGroup') log.error({ topic, partition }, `Kafka: ${message}`);
}

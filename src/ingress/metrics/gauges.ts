import type { Gauge } from 'prom-client';
import type { Trouble } from '../../core/trouble.ts';
import type { Pause, StoreFigures } from '../../store/contract.ts';
import type { SourceActivity } from '../activity.ts';
import type { Instruments } from './instrument.ts';

/** How things are in this process, at the moment of a scrape. */
export interface Condition {
  readonly sources: readonly SourceActivity[];
  readonly troubles: readonly Trouble[];
  /** The endpoints of the management API that are not called freely, and why. */
  readonly paused: readonly { readonly endpoint: string; readonly cause: string }[];
  /** `null` when no topic is consumed. */
  readonly kafka: ConsumerCondition | null;
}

export interface ConsumerCondition {
  /** Since the brokers last showed that the consumer is alive. */
  readonly contactAgeMs: number;
  readonly lags: readonly { readonly topic: string; readonly partition: number; readonly records: number }[];
}

/** What the store knows of, for all processes that share it. */
export interface StoreCondition {
  readonly figures: StoreFigures;
  readonly pauses: readonly Pause[];
}

/** What is read at every scrape, rather than counted as it happens. */
export interface Gauges {
  showCondition(condition: Condition, now: number): void;
  /** `null` when the store cannot be asked: then nothing is shown of it, rather than what it said last. */
  showStore(condition: StoreCondition | null, now: number): void;
}

export function createGauges(instruments: Instruments): Gauges {
  const sources = createSourceGauges(instruments);
  const kafka = createKafkaGauges(instruments);
  const store = createStoreGauges(instruments);
  const paused = instruments.gauge(
    'calls_paused',
    '1 while an endpoint of the management API is not called freely, by why.',
    ['endpoint', 'cause'],
  );
  const degraded = instruments.gauge('degraded', 'How much does not work, by code; see /v1/status.', [
    'code',
  ]);

  return {
    showCondition(condition, now) {
      sources(condition.sources, now);
      kafka(condition.kafka);
      paused.reset();
      for (const { endpoint, cause } of condition.paused) paused.set({ endpoint, cause }, 1);
      degraded.reset();
      for (const { code } of condition.troubles) degraded.inc({ code });
    },
    showStore: store,
  };
}

function createSourceGauges({ gauge }: Instruments) {
  const age = gauge('last_delivery_age_seconds', 'Time since the last genuine delivery of a source.', [
    'source',
  ]);
  const silence = gauge(
    'silence_seconds',
    'The same, or since the bridge first knew of the source when nothing has come yet.',
    ['source'],
  );
  const expected = gauge('expect_every_seconds', 'After so long a source counts as silent (expectEvery).', [
    'source',
  ]);
  return (sources: Condition['sources'], now: number): void => {
    for (const { id: source, lastDeliveryAt, knownSince, expectEveryMs } of sources) {
      if (lastDeliveryAt !== null) age.set({ source }, sinceSeconds(lastDeliveryAt, now));
      silence.set({ source }, sinceSeconds(lastDeliveryAt ?? knownSince, now));
      if (expectEveryMs !== null) expected.set({ source }, expectEveryMs / 1_000);
    }
  };
}

/** Made only where there is a consumer: a gauge that stands at nought would say that all is well. */
function createKafkaGauges({ gauge }: Instruments) {
  let made: { readonly age: Gauge; readonly lag: Gauge } | null = null;
  return (kafka: Condition['kafka']): void => {
    if (!kafka) return;
    made ??= {
      age: gauge(
        'kafka_contact_age_seconds',
        'Time since Kafka last gave the consumer records or a heartbeat.',
      ),
      lag: gauge(
        'kafka_consumer_lag',
        'Records of a partition past the last that is kept, as of its last fetch.',
        ['topic', 'partition'],
      ),
    };
    made.age.set(kafka.contactAgeMs / 1_000);
    made.lag.reset();
    for (const { topic, partition, records } of kafka.lags) made.lag.set({ topic, partition }, records);
  };
}

function createStoreGauges({ gauge }: Instruments): Gauges['showStore'] {
  const up = gauge('store_up', '1 when the store answered this scrape, else 0.');
  const due = gauge('due_intents', 'Intents that are due and unsettled.');
  const scheduled = gauge('scheduled_intents', 'Intents that wait for their date.');
  const held = gauge('held_intents', 'Intents that wait for a person.');
  const deadLetters = gauge('dead_letters', 'Dead letters that are open.');
  const oldest = gauge('oldest_due_age_seconds', 'For how long the oldest due intent is due.');
  const unsequenced = gauge('unsequenced_outcomes', 'Outcomes without a place in the trail.');
  const lag = gauge('publisher_lag', 'Outcomes that a publisher has not told yet.', ['publisher']);
  const bytes = gauge('store_bytes', 'What the store takes on disk.');
  const paused = gauge('paused', '1 while a scope is paused: all, an action or a source.', ['scope']);
  const single = [due, scheduled, held, deadLetters, oldest, unsequenced, bytes];

  return (condition, now) => {
    up.set(condition ? 1 : 0);
    for (const one of single) one.remove();
    for (const labelled of [lag, paused]) labelled.reset();
    if (!condition) return;
    const { figures, pauses } = condition;
    due.set(figures.due);
    scheduled.set(figures.scheduled);
    held.set(figures.held);
    deadLetters.set(figures.deadLetters);
    oldest.set(figures.oldestDueAt === null ? 0 : sinceSeconds(figures.oldestDueAt, now));
    unsequenced.set(figures.unsequenced);
    bytes.set(figures.bytes);
    for (const { publisher, position } of figures.cursors)
      lag.set({ publisher }, figures.headPosition - position);
    for (const { scope } of pauses) paused.set({ scope }, 1);
  };
}

function sinceSeconds(at: number, now: number): number {
  return Math.max(0, now - at) / 1_000;
}

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { StoreFigures } from '../store/contract.ts';

/** What Prometheus sees of the bridge; every name begins with `offboard_bridge_`. */
export interface Metrics {
  /** @param receipt what became of it, see `ReceiptKind` */
  countDelivery(source: string, receipt: string): void;
  /** @param kind what the answer was read as: done, refused, denied, busy, unknown */
  observeCall(call: { readonly endpoint: string; readonly kind: string; readonly seconds: number }): void;
  countOutcome(type: string): void;
  showFigures(figures: StoreFigures, now: number): void;
  /** @param seconds since the last genuine delivery of that source */
  showDeliveryAge(source: string, seconds: number): void;
  /** @param seconds since the brokers last showed that the consumer is alive */
  showKafkaContactAge(seconds: number): void;
  /** The text that a scrape gets, and its content type. */
  read(): Promise<{ readonly contentType: string; readonly body: string }>;
}

const prefix = 'offboard_bridge_';

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix });
  const common = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) => ({
    name: `${prefix}${name}`,
    help,
    labelNames,
    registers: [registry],
  });
  const deliveries = new Counter(
    common('deliveries_total', 'Deliveries by what became of them.', ['source', 'receipt']),
  );
  const calls = new Histogram({
    ...common('management_api_call_seconds', 'Calls of the management API by how they ended.', [
      'endpoint',
      'kind',
    ]),
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  const outcomes = new Counter(common('outcomes_total', 'Outcomes by type.', ['type']));
  const lag = new Gauge(
    common('publisher_lag', 'Outcomes that a publisher has not told yet.', ['publisher']),
  );
  const age = new Gauge(
    common('last_delivery_age_seconds', 'Time since the last genuine delivery of a source.', ['source']),
  );
  let contactAge: Gauge | null = null;
  const due = new Gauge(common('due_intents', 'Intents that are due and unsettled.'));
  const scheduled = new Gauge(common('scheduled_intents', 'Intents that wait for their date.'));
  const held = new Gauge(common('held_intents', 'Intents that wait for a person.'));
  const deadLetters = new Gauge(common('dead_letters', 'Dead letters that are open.'));
  const oldest = new Gauge(common('oldest_due_age_seconds', 'For how long the oldest due intent is due.'));
  const unsequenced = new Gauge(common('unsequenced_outcomes', 'Outcomes without a place in the trail.'));

  return {
    countDelivery: (source, receipt) => deliveries.inc({ source, receipt }),
    observeCall: ({ endpoint, kind, seconds }) => calls.observe({ endpoint, kind }, seconds),
    countOutcome: (type) => outcomes.inc({ type }),
    showFigures(figures, now) {
      due.set(figures.due);
      scheduled.set(figures.scheduled);
      held.set(figures.held);
      deadLetters.set(figures.deadLetters);
      oldest.set(figures.oldestDueAt === null ? 0 : Math.max(0, now - figures.oldestDueAt) / 1_000);
      unsequenced.set(figures.unsequenced);
      for (const { publisher, position } of figures.cursors)
        lag.set({ publisher }, figures.headPosition - position);
    },
    showKafkaContactAge(seconds) {
      // Only where there is a consumer: a gauge that stands at nought would say that all is well.
      contactAge ??= new Gauge(
        common(
          'kafka_contact_age_seconds',
          'Time since Kafka last gave the consumer records or a heartbeat.',
        ),
      );
      contactAge.set(seconds);
    },
    showDeliveryAge: (source, seconds) => age.set({ source }, seconds),
    read: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

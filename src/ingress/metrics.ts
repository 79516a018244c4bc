import { collectDefaultMetrics, Registry } from 'prom-client';
import { failureCodes } from '../core/failure.ts';
import { actions } from '../core/intent.ts';
import { intentOutcomeData, type Outcome, recordTypes } from '../core/outcome.ts';
import { receiptKinds } from './activity.ts';
import { createGauges, type Gauges } from './metrics/gauges.ts';
import { createInstruments, prefix } from './metrics/instrument.ts';
import type { ReceiptKind } from './receive.ts';

export type { ConsumerCondition } from './metrics/gauges.ts';

/** What Prometheus sees of the bridge; every name begins with `offboard_bridge_`. No label ever names a person. */
export interface Metrics extends Gauges {
  countDelivery(source: string, receipt: ReceiptKind): void;
  /** @param kind what the answer was read as: done, refused, forbidden, denied, busy, unknown */
  observeCall(call: { readonly endpoint: string; readonly kind: string; readonly seconds: number }): void;
  countOutcome(outcome: Pick<Outcome, 'type' | 'data'>): void;
  observeBatch(batch: { readonly action: string; readonly intents: number }): void;
  observeLockout(lockout: Lockout): void;
  countPruned(rows: number): void;
  countWrongToken(): void;
  /** The text that a scrape gets, and its content type. */
  read(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** Somebody was locked out: a kick or a resign succeeded. */
export interface Lockout {
  readonly action: string;
  readonly source: string;
  /** Since the event, or the date that it named. */
  readonly sinceEventSeconds: number;
  /** Since the bridge could have done it: its arrival, its date, or its release. */
  readonly sinceDueSeconds: number;
}

export interface MetricsOptions {
  /** What stands in `build_info`. */
  readonly version: string;
  /** The sources whose deliveries are counted, from nought, so that the first is seen as a rise. */
  readonly sources: readonly string[];
}

/** From the latency of one call to the days of an outage. */
const lockoutBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400, 259_200];

export function createMetrics({ version, sources }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix });
  const instruments = createInstruments(registry);
  const { counter, histogram } = instruments;
  instruments
    .gauge('build_info', 'Always 1; which version runs, and on which Node.js.', ['version', 'node'])
    .set({ version, node: process.versions.node }, 1);
  const deliveries = counter('deliveries_total', 'Deliveries by what became of them.', ['source', 'receipt']);
  for (const source of sources) for (const receipt of receiptKinds) deliveries.inc({ source, receipt }, 0);
  const calls = histogram('management_api_call_seconds', 'Calls of the management API by how they ended.', {
    labels: ['endpoint', 'kind'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  const outcomes = counter('outcomes_total', 'Outcomes by type.', ['type']);
  for (const type of outcomeTypes) outcomes.inc({ type }, 0);
  const failures = counter('failures_total', 'Why intents were held, failed or were canceled.', ['code']);
  for (const code of failureCodes) failures.inc({ code }, 0);
  const batches = histogram('batch_intents', 'Intents that were settled together, by action.', {
    labels: ['action'],
    buckets: [1, 2, 5, 10, 20, 30, 40, 50],
  });
  const sinceEvent = histogram('event_to_lockout_seconds', 'From the event, or its date, to success.', {
    labels: ['action', 'source'],
    buckets: lockoutBuckets,
  });
  const sinceDue = histogram('due_to_lockout_seconds', 'From arrival, date or release to success.', {
    labels: ['action', 'source'],
    buckets: lockoutBuckets,
  });
  const wrongTokens = counter('wrong_tokens_total', 'Tokens of the operator API that are nobody’s.');
  const pruned = counter('pruned_rows_total', 'Rows that were deleted past their retention.');

  return {
    countDelivery: (source, receipt) => deliveries.inc({ source, receipt }),
    observeCall: ({ endpoint, kind, seconds }) => calls.observe({ endpoint, kind }, seconds),
    countOutcome({ type, data }) {
      outcomes.inc({ type });
      if ('failure' in data && data.failure) failures.inc({ code: data.failure.code });
    },
    observeBatch: ({ action, intents }) => batches.observe({ action }, intents),
    observeLockout({ action, source, sinceEventSeconds, sinceDueSeconds }) {
      sinceEvent.observe({ action, source }, sinceEventSeconds);
      sinceDue.observe({ action, source }, sinceDueSeconds);
    },
    countPruned: (rows) => pruned.inc(rows),
    countWrongToken: () => wrongTokens.inc(),
    ...createGauges(instruments),
    read: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

const outcomeTypes: readonly string[] = [
  ...actions.flatMap((action) =>
    intentOutcomeData.shape.status.options.map((status) => `user.${action}.${status}`),
  ),
  ...recordTypes,
];

import type { Config } from '../config.ts';
import { type Intent, waitingSince } from '../core/intent.ts';
import type { Tracer } from '../core/tracer.ts';
import type { DispatcherOptions } from '../dispatcher/dispatcher.ts';
import { apiSource } from '../ingress/api/source.ts';
import { createMetrics, type Metrics } from '../ingress/metrics.ts';
import { slackSource } from '../ingress/slack.ts';
import type { ManagementApiOptions } from '../management-api/client.ts';
import type { Publisher } from '../publishers/relay.ts';
import { traceBatches, traceCalls } from './tracing.ts';
import { readVersion } from './version.ts';

/** The metrics of a bridge of this configuration. */
export function createBridgeMetrics({ sources, slack }: Config): Metrics {
  const ways = slack ? [apiSource.id, slackSource.id] : [apiSource.id];
  return createMetrics({ version: readVersion(), sources: [...Object.keys(sources), ...ways] });
}

interface FollowOptions {
  readonly metrics: Metrics;
  readonly tracer: Tracer | null;
  readonly now: () => number;
}

/** Measures every request to the management API, and traces it where that is wanted. */
export function followCalls({
  metrics,
  tracer,
  now,
}: FollowOptions): NonNullable<ManagementApiOptions['onCall']> {
  const follow = tracer && traceCalls(tracer, now);
  return (call) => {
    metrics.observeCall({ endpoint: call.endpoint, kind: call.kind, seconds: call.durationMs / 1_000 });
    follow?.(call);
  };
}

/** Measures every batch, and traces it where that is wanted. */
export function followBatches({
  metrics,
  tracer,
  now,
}: FollowOptions): Pick<DispatcherOptions, 'onSettled' | 'within'> {
  const onSettled = measureBatches(metrics, now);
  return tracer ? { onSettled, within: traceBatches(tracer) } : { onSettled };
}

/** Measures what was settled together, and how long those waited who are locked out now. */
function measureBatches(metrics: Metrics, now: () => number): NonNullable<DispatcherOptions['onSettled']> {
  return ({ action, intents }, settlements) => {
    const at = now();
    metrics.observeBatch({ action, intents: intents.length });
    const done = new Set(
      settlements.flatMap(({ intentId, settlement }) =>
        settlement.kind === 'final' && settlement.status === 'succeeded' ? [intentId] : [],
      ),
    );
    for (const intent of intents) {
      if (!done.has(intent.id)) continue;
      metrics.observeLockout({
        action,
        source: intent.source,
        sinceEventSeconds: Math.max(0, at - eventAt(intent)) / 1_000,
        sinceDueSeconds: Math.max(0, at - waitingSince(intent)) / 1_000,
      });
    }
  };
}

/** When the event happened, or the date that it named; its arrival, where the sender does not say. */
function eventAt({ occurredAt, receivedAt, effectiveAt }: Intent): number {
  return Math.max(occurredAt ?? receivedAt, effectiveAt ?? 0);
}

/** Counts the outcomes that a publisher has told. */
export function withCounts(publisher: Publisher, metrics: Metrics): Publisher {
  return {
    name: publisher.name,
    async publish(outcomes, hopOf) {
      await publisher.publish(outcomes, hopOf);
      for (const outcome of outcomes) metrics.countOutcome(outcome);
    },
  };
}

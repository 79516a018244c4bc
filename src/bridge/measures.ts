import type { Config } from '../config.ts';
import { type Intent, waitingSince } from '../core/intent.ts';
import type { DispatcherOptions } from '../dispatcher/dispatcher.ts';
import { apiSource } from '../ingress/api/source.ts';
import { createMetrics, type Metrics } from '../ingress/metrics.ts';
import { slackSource } from '../ingress/slack.ts';
import type { ManagementApiOptions } from '../management-api/client.ts';
import type { Publisher } from '../publishers/relay.ts';
import { readVersion } from './version.ts';

/** The metrics of a bridge of this configuration. */
export function createBridgeMetrics({ sources, slack }: Config): Metrics {
  const ways = slack ? [apiSource.id, slackSource.id] : [apiSource.id];
  return createMetrics({ version: readVersion(), sources: [...Object.keys(sources), ...ways] });
}

/** Counts every request to the management API. */
export function countCalls(metrics: Metrics): NonNullable<ManagementApiOptions['onCall']> {
  return ({ endpoint, kind, durationMs }) =>
    metrics.observeCall({ endpoint, kind, seconds: durationMs / 1_000 });
}

/** Measures what was settled together, and how long those waited who are locked out now. */
export function measureBatches(
  metrics: Metrics,
  now: () => number,
): NonNullable<DispatcherOptions['onSettled']> {
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
    async publish(outcomes) {
      await publisher.publish(outcomes);
      for (const outcome of outcomes) metrics.countOutcome(outcome);
    },
  };
}
